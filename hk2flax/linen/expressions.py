"""The operations of a traced program, gathered by the modules that they are part of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jax.extend.core import Literal

SUB_PROGRAMS: dict[str, tuple[str, str]] = {
    "jit": ("{name}", "jaxpr"),
    "custom_jvp_call": ("custom_jvp", "call_jaxpr"),
    "custom_vjp_call": ("custom_vjp", "call_jaxpr"),
    "remat2": ("remat", "jaxpr"),
    "shard_map": ("shard_map", "jaxpr"),
    "scan": ("scan length={length} unroll={unroll}", "jaxpr"),
    "while": ("while", "body_jaxpr"),
}
"""Primitives that run programs: what these are called, and the parameter that holds them."""


@dataclass
class ModuleInfo:
    """What a module, or a function that jax names, consists of: ``jaxpr_info.Module``.

    Attributes:
        name: its name.
        flops: operations with all that it contains, where they are counted.
        expressions: what it does itself.
        total_param_size: number of parameters with those of its submodules.
        param_info: dtype and shape of each.
        total_state_size: number of state variables, likewise.
        state_info: dtype and shape of each.
    """

    name: str
    flops: int | None = None
    expressions: list[ExpressionInfo] = field(default_factory=list)
    total_param_size: int = 0
    param_info: dict[str, str] = field(default_factory=dict)
    total_state_size: int = 0
    state_info: dict[str, str] = field(default_factory=dict)


@dataclass
class ExpressionInfo:
    """One operation: ``jaxpr_info.Expression``.

    Attributes:
        primitive: the operation.
        invars: names of what it reads.
        outvars: names of what it makes.
        flops: its cost, where it is counted.
        details: shapes of inputs and outputs.
        params: parameters of the operation.
        submodule: what it runs, if it runs a function.
        first_outvar: the first of its results.
        name_stack: names of the modules and functions that it is part of.
    """

    primitive: str
    invars: str
    outvars: str
    flops: int | None = None
    details: str = ""
    params: dict[str, str] = field(default_factory=dict)
    submodule: ModuleInfo | None = None
    first_outvar: str = ""
    name_stack: Sequence[str] = field(default_factory=list)


def listed_expressions(
    jaxpr: Any, compute_flops: Callable[..., int] | None
) -> tuple[list[ExpressionInfo], int | None]:
    """Return the operations that the results of a program need, and their cost."""
    names: dict[Any, str] = {}
    made = [v for equation in jaxpr.eqns for v in equation.outvars]
    for number, variable in enumerate([*jaxpr.constvars, *jaxpr.invars, *made]):
        names[variable] = letters(number)
    found, total = [], None if compute_flops is None else 0
    for equation in needed_equations(jaxpr):
        expression = described_equation(equation, names)
        title, parameter = SUB_PROGRAMS.get(equation.primitive.name, ("", ""))
        if parameter:
            inner = equation.params[parameter]
            inside, flops = listed_expressions(getattr(inner, "jaxpr", inner), compute_flops)
            if flops is not None:
                flops *= repetitions(equation)
            name = title.format(**equation.params)
            expression.submodule = nested_modules(name, inside, flops is not None)
        else:
            expression.details = described_shapes(equation)
            expression.params = {key: str(value) for key, value in equation.params.items()}
            flops = None if compute_flops is None else compute_flops(equation, expression)
        expression.flops = flops
        if total is not None:
            total += flops or 0
        if not parameter or flops is None or flops > 0:
            found.append(expression)
    return found, total


def needed_equations(jaxpr: Any) -> list[Any]:
    """Return the equations that the results depend on, in order."""
    needed = {id(v) for v in jaxpr.outvars}
    found = []
    for equation in reversed(jaxpr.eqns):
        if any(id(v) in needed for v in equation.outvars):
            needed |= {id(v) for v in equation.invars}
            found.append(equation)
    return found[::-1]


def repetitions(equation: Any) -> int:
    """Return how often the program of an equation runs, as far as that is known."""
    if equation.primitive.name == "scan":
        return equation.params["length"] // equation.params["unroll"]
    return equation.params["mesh"].size if equation.primitive.name == "shard_map" else 1


def described_equation(equation: Any, names: Mapping[Any, str]) -> ExpressionInfo:
    """Return an operation with the names of its variables and scopes."""

    def name(variable: Any) -> str:
        if isinstance(variable, Literal):
            return str(variable)
        return "_" if type(variable).__name__ == "DropVar" else names[variable]

    invars = [name(v) for v in equation.invars]
    outvars = sorted([name(v) for v in equation.outvars], key=lambda n: (n == "_", len(n), n))
    scopes = str(equation.source_info.name_stack).split("/")
    return ExpressionInfo(
        primitive=equation.primitive.name,
        invars=" ".join(invars) if len(invars) < 10 else f"{len(invars)} inputs",
        outvars=" ".join(outvars)
        if len(outvars) < 10
        else f"{outvars[0]}, {len(outvars) - 1} more outputs",
        first_outvar=outvars[0],
        name_stack=[scope for scope in scopes if scope not in ("", "ScopeFrame")],
    )


def described_shapes(equation: Any) -> str:
    """Return the shapes of an equation's inputs and outputs."""
    parts = []
    for word, variables in (("in", equation.invars), ("out", equation.outvars)):
        shapes = [v.aval.str_short().replace("float", "f") for v in variables]
        parts += [f"{word} {', '.join(shapes)}"] if shapes else []
    return ", ".join(parts)


def letters(number: int) -> str:
    """Return a, b, ... z, ba, bb ..."""
    text = chr(97 + number % 26)
    while number := number // 26:
        text = chr(97 + number % 26) + text
    return text


def nested_modules(name: str, expressions: Sequence[ExpressionInfo], counts: bool) -> ModuleInfo:
    """Return a module in which operations of one scope are gathered in a module of that name."""
    root = ModuleInfo(name, 0 if counts else None)
    stack = [root]
    for each in expressions:
        scopes = list(each.name_stack)
        shared = 0
        while (
            shared < min(len(scopes), len(stack) - 1) and stack[shared + 1].name == scopes[shared]
        ):
            shared += 1
        del stack[shared + 1 :]
        for scope in scopes[shared:]:
            inner = ModuleInfo(scope)
            holder = ExpressionInfo(primitive="name_scope", invars="", outvars="", submodule=inner)
            stack[-1].expressions.append(holder)
            stack.append(inner)
        stack[-1].expressions.append(each)
        for module in stack if each.flops else ():
            module.flops = (module.flops or 0) + (each.flops or 0)
    return root
