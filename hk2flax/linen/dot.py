"""A drawing of the operations of a program, by module: ``hk.to_dot``."""

from __future__ import annotations

import functools
import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
from jax.extend.core import Literal

# Colours of nodes, by what they are.
ARGUMENT = "#FFDEAF"
CONSTANT = "#E6D6FF"
OPERATION = "#FFF26E"
RESULT = "#AABFFF"


def to_dot(fun: Callable[..., Any]) -> Callable[..., str]:
    """Return a function that draws, in the language of Graphviz, what ``fun`` does.

    Operations are grouped by the modules, and by the compiled functions, that they are part of.
    Haiku draws while the function runs; here it is only traced, so that shapes are enough, and what
    no result depends on is drawn too.

    Args:
        fun: the function; takes positional arguments only.
    """

    @functools.wraps(fun, updated=())
    def draw(*args: Any) -> str:
        closed, out = jax.make_jaxpr(fun, return_shape=True)(*args)
        drawing = Drawing()
        known: dict[Any, str] = {}
        for variable, (path, _) in zip(
            closed.jaxpr.invars, jax.tree_util.tree_leaves_with_path(args), strict=True
        ):
            name = f"args{jax.tree_util.keystr(path)}"
            known[variable] = drawing.node(name, variable.aval, ARGUMENT)
        for variable, value in zip(closed.jaxpr.constvars, closed.consts, strict=True):
            name = str(value.item()) if getattr(value, "size", 0) == 1 else ""
            known[variable] = drawing.node(name, variable.aval, CONSTANT)
        drawing.program(closed.jaxpr, known)
        for variable, (path, _) in zip(
            closed.jaxpr.outvars, jax.tree_util.tree_leaves_with_path(out), strict=True
        ):
            end = drawing.node(f"output{jax.tree_util.keystr(path)}", variable.aval, RESULT)
            drawing.edge(variable, end, known)
        title = html.escape(getattr(fun, "__name__", str(fun)))
        head = ["digraph G {", "rankdir = TD;", "compound = true;", f"label = <<b>{title}</b>>;"]
        return "\n".join([*head, "labelloc = t;", *drawing.lines, "} // digraph G"]) + "\n"

    return draw


def abstract_to_dot(fun: Callable[..., Any]) -> Callable[..., str]:
    """Do as `to_dot`, which takes ``jax.ShapeDtypeStruct`` as well."""
    return to_dot(fun)


class Drawing:
    """Lines of a drawing, and the numbers of its nodes."""

    def __init__(self) -> None:
        """Start an empty drawing."""
        self.lines: list[str] = []
        self.count = 0

    def node(self, title: str, aval: Any, colour: str) -> str:
        """Add a node for a value and return its name."""
        self.count += 1
        shape = html.escape(aval.str_short(short_dtypes=True))
        label = "<br/>".join([f"<b>{html.escape(title)}</b>", shape] if title else [shape])
        style = f'shape=rect, style="filled", fillcolor="{colour}"'
        self.lines.append(f"n{self.count} [label=<{label}>, {style}];")
        return f"n{self.count}"

    def edge(self, variable: Any, node: str, known: Mapping[Any, str]) -> None:
        """Connect a value with a node that reads it."""
        self.lines.append(f"{self.value(variable, known)} -> {node};")

    def program(self, jaxpr: Any, known: dict[Any, str]) -> None:
        """Draw the equations of a program; ``known`` has the nodes of its values."""
        scopes: list[str] = []
        for equation in jaxpr.eqns:
            stack = str(equation.source_info.name_stack).split("/")
            self.enter(scopes, [scope for scope in stack if scope not in ("", "ScopeFrame")])
            self.equation(equation, known)
        self.enter(scopes, [])

    def enter(self, scopes: list[str], wanted: Sequence[str]) -> None:
        """Close and open groups, so that ``scopes`` becomes what is wanted."""
        shared = 0
        while shared < min(len(scopes), len(wanted)) and scopes[shared] == wanted[shared]:
            shared += 1
        self.lines += ["}"] * (len(scopes) - shared)
        del scopes[shared:]
        for scope in wanted[shared:]:
            scopes.append(scope)
            self.open(scope)

    def open(self, title: str) -> None:
        """Begin a group."""
        self.count += 1
        self.lines += [
            f"subgraph cluster_{self.count} {{",
            'style="rounded,filled"; fillcolor="#F0F5F5"; color="#14234B"; labelloc = t;',
            f"label = <<b>{html.escape(title)}</b>>;",
        ]

    def equation(self, equation: Any, known: dict[Any, str]) -> None:
        """Draw an operation, or what a compiled function consists of."""
        name = equation.primitive.name
        inner = equation.params.get("jaxpr" if name == "jit" else "call_jaxpr")
        if inner is None or name not in ("jit", "custom_jvp_call", "custom_vjp_call"):
            if equation.outvars:
                node = self.node(str(equation.primitive), equation.outvars[0].aval, OPERATION)
                for variable in equation.invars:
                    self.edge(variable, node, known)
                known.update(dict.fromkeys(equation.outvars, node))
            return
        if name == "jit":
            self.open(f"jit ({equation.params['name']})")
        inside: dict[Any, str] = {}
        for variable, outer in zip(inner.jaxpr.invars, equation.invars, strict=True):
            inside[variable] = self.value(outer, known)
        for variable, constant in zip(inner.jaxpr.constvars, inner.consts, strict=True):
            inside[variable] = self.node("", jax.typeof(constant), CONSTANT)
        self.program(inner.jaxpr, inside)
        for variable, outer in zip(inner.jaxpr.outvars, equation.outvars, strict=True):
            known[outer] = self.value(variable, inside)
        if name == "jit":
            self.lines.append("}")

    def value(self, variable: Any, known: Mapping[Any, str]) -> str:
        """Return the node of a value, a new one for a number in the program."""
        if isinstance(variable, Literal):
            return self.node(str(variable.val), variable.aval, CONSTANT)
        return known[variable]
