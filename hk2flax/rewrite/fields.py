"""The dataclass fields of a module, with the comments that stood at its parameters."""

from __future__ import annotations

import ast

from hk2flax.plan.class_plan import ClassPlan, Parameter
from hk2flax.project.walk import walk
from hk2flax.rewrite.context import Context

_SIMPLE = (ast.Constant, ast.Name, ast.Attribute, ast.UnaryOp, ast.Lambda, ast.BinOp)


def field_lines(context: Context, plan: ClassPlan, pad: str) -> list[str]:
    """The lines that declare the fields of a class."""
    lines = []
    own = {p.name for p in plan.parameters}
    loose = _loose_comments(context, plan)
    for parameter in plan.own_fields:
        comment = _comment(context, plan, parameter) if parameter.name in own else ([], "")
        line = getattr(parameter.node, "lineno", 0)
        above = [loose.pop(at) for at in sorted(loose) if at < line]
        lines += [f"{pad}{c}" for c in [*above, *comment[0]]]
        lines.append(f"{pad}{field_text(context, plan, parameter)}{comment[1]}")
    return [*lines, *(f"{pad}{loose[at]}" for at in sorted(loose))]


def _loose_comments(context: Context, plan: ClassPlan) -> dict[int, str]:
    """Comment lines that would go with the constructor, by line number.

    They stand between its parameters or, where no setup is left, between its statements.
    """
    text, init = context.text, plan.init
    if init is None or not init.body:
        return {}
    last = init.body[0].lineno if plan.keeps_setup else (init.end_lineno or init.lineno) + 1
    moved = {
        number
        for statement in plan.aliases.values()
        for number in range(
            statement.lineno - len(comments_above(context, statement)), statement.lineno
        )
    }
    moved |= {  # what a dropped statement says about the name goes with it
        number
        for statement in plan.naming
        for number in range(
            statement.lineno - len(comments_above(context, statement)),
            (statement.end_lineno or statement.lineno) + 1,
        )
    }
    inside = {
        number
        for node in walk(init)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    starts = {number: text.offset(number, 0) for number in range(init.lineno + 1, last)}
    lines = {n: text.data[at : text.line_end(at)].decode().strip() for n, at in starts.items()}
    return {n: s for n, s in lines.items() if n not in moved | inside and s.startswith("#")}


def field_text(context: Context, plan: ClassPlan, parameter: Parameter) -> str:
    """`features: int = 3`, with Any and default_factory where they are needed."""
    own = {id(p) for p in plan.parameters}
    is_own = id(parameter) in own
    annotation = _annotation(context, parameter, is_own)
    default = parameter.default
    kw_only = parameter.kw_only and not plan.kw_only
    if default is None:
        tail = f" = {_field(context)}(kw_only=True)" if kw_only else ""
        return f"{parameter.field}: {annotation}{tail}"
    if parameter.star == "*":
        kind = f"tuple[{context.from_import('typing', 'Any')}, ...]"
        return f"{parameter.field}: {kind} = {_field(context)}(default=(), kw_only=True)"
    if parameter.star == "**":
        kind = f"dict[str, {context.from_import('typing', 'Any')}]"
        return f"{parameter.field}: {kind} = {_field(context)}(default_factory=dict, kw_only=True)"
    value = context.text.alone(default) if _here(context, default) else ast.unparse(default)
    inherited = _inherited(context, plan, parameter, default)
    if inherited and kw_only:
        return (
            f"{parameter.field}: {annotation} = "
            f"{_field(context)}(default={inherited}, kw_only=True)"
        )
    if inherited:
        return f"{parameter.field}: {annotation} = {inherited}"
    if _needs_factory(context, default):
        factory = {"[]": "list", "{}": "dict", "set()": "set"}.get(value, f"lambda: {value}")
        arguments = f"default_factory={factory}" + (", kw_only=True" if kw_only else "")
        return f"{parameter.field}: {annotation} = {_field(context)}({arguments})"
    if kw_only:
        return f"{parameter.field}: {annotation} = {_field(context)}(default={value}, kw_only=True)"
    return f"{parameter.field}: {annotation} = {value}"


def _inherited(context: Context, plan: ClassPlan, parameter: Parameter, default: ast.expr) -> str:
    """`Base.w_init` for a default that the base class writes with names of its own, else "".

    Its text may mean something else here: another file, or an initialiser in Haiku's form.
    """
    names, program = context.file.names, context.program
    if _here(context, default) and any(n is plan.init for n in names.ancestors(default)):
        return ""
    is_initializer = default in program.initializers.values
    if isinstance(default, ast.Constant) or (_here(context, default) and not is_initializer):
        return ""
    if not is_initializer and not isinstance(default, ast.Name | ast.Attribute):
        return ""
    bases = [b for b in plan.cls.node.bases if context.name(b) in program.classes]
    return f"{context.text.of(bases[0])}.{parameter.field}" if bases else ""


def _here(context: Context, node: ast.expr) -> bool:
    return hasattr(node, "lineno") and node in context.file.names.parent


def _field(context: Context) -> str:
    return f"{context.alias('dataclasses')}.field"


def _annotation(context: Context, parameter: Parameter, is_own: bool) -> str:
    if parameter.annotation is not None:
        if is_own or _here(context, parameter.annotation):
            return context.text.alone(parameter.annotation)
        return "Any" if context.from_import("typing", "Any") else ""
    value = getattr(parameter.default, "value", None)
    if isinstance(parameter.default, ast.Constant) and type(value) in (bool, int, float, str):
        return type(value).__name__
    return context.from_import("typing", "Any")


def _needs_factory(context: Context, default: ast.expr) -> bool:
    """True for defaults that a dataclass refuses: containers and arrays."""
    if isinstance(default, ast.Tuple):
        return any(_needs_factory(context, item) for item in default.elts)
    if isinstance(default, ast.Call):
        name = context.name(default.func)
        return not name.startswith("haiku.initializers.") and "initializers" not in name
    return not isinstance(default, _SIMPLE)


def _comment(context: Context, plan: ClassPlan, parameter: Parameter) -> tuple[list[str], str]:
    """The comments that stood with a parameter: lines above, and the end of its line."""
    text = context.text
    statement = plan.aliases.get(parameter.name)
    if statement is not None and statement in plan.dropped:
        above = comments_above(context, statement)
        tail = _trailing(context, statement)
        if above or tail:
            return above, tail
    if parameter.node is not None and plan.init is not None:
        last = parameter.default if hasattr(parameter.default, "lineno") else parameter.node
        _, end = text.span(last or parameter.node)
        line = text.data[end : text.line_end(end)].decode().strip()
        if line.startswith((",", "#")) and "#" in line and not line.split("#")[0].strip(", "):
            return [], f"  {line[line.index('#') :]}"
    return [], ""


def comments_above(context: Context, statement: ast.stmt) -> list[str]:
    """The comment lines directly above a statement."""
    text = context.text
    lines: list[str] = []
    at = text.line_start(text.span(statement)[0])
    while at > 0:
        start = text.line_start(at - 1)
        line = text.data[start:at].decode().strip()
        if not line.startswith("#"):
            break
        lines.insert(0, line)
        at = start
    return lines


def _trailing(context: Context, statement: ast.stmt) -> str:
    text = context.text
    end = text.span(statement)[1]
    rest = text.data[end : text.line_end(end)].decode().strip()
    return f"  {rest}" if rest.startswith("#") else ""
