"""`__init__` becomes dataclass fields, `__post_init__` and `setup`."""

from __future__ import annotations

import ast

from hk2flax.catalog import lookup
from hk2flax.plan.class_plan import ClassPlan
from hk2flax.plan.methods import family_of
from hk2flax.plan.reserved import RESERVED
from hk2flax.project.creates import self_name
from hk2flax.project.scopes import FUNCTIONS
from hk2flax.project.walk import walk
from hk2flax.rewrite.context import Context
from hk2flax.rewrite.fields import comments_above, field_lines
from hk2flax.rewrite.helper_module import attributes


def definition_span(context: Context, node: ast.FunctionDef) -> tuple[int, int]:
    """The lines of a method with its decorators."""
    start, end = context.text.span(node)
    for decorator in node.decorator_list:
        start = min(start, context.text.line_start(context.text.span(decorator)[0]))
    return context.text.line_start(start), context.text.line_end(end)


def inherits_box(context: Context, plan: ClassPlan) -> bool:
    """True when a base class makes the object that holds what changes after `__init__`."""
    return any(
        base.mutable
        for c in context.program.project.mro(plan.name)[1:]
        if (base := context.program.classes.get(c.name)) is not None
    )


def needs_setup(context: Context, plan: ClassPlan) -> bool:
    """True for a class without constructor that keeps something of its own that changes."""
    return bool(_changing_fields(plan) or (plan.mutable and not inherits_box(context, plan)))


def insert_setup(context: Context, plan: ClassPlan) -> None:
    """A setup for a class without constructor, see `needs_setup`."""
    text = context.text
    first = next(s for s in plan.cls.node.body if isinstance(s, ast.FunctionDef))
    start = definition_span(context, first)[0]
    pad = text.indent(start)
    blocks = [
        _setup_head(context, plan, pad),
        *_exposed(context, plan, pad, _indent_step(context, plan)),
    ]
    text.insert(start, "".join(text.newline.join([*block, "", ""]) for block in blocks))


def _exposed(context: Context, plan: ClassPlan, pad: str, step: str) -> list[list[str]]:
    """Properties for attributes that other code reads under their old name."""
    program = context.program
    fields = {p.field for p in plan.parameters}
    names = {**plan.renames, **{a: f"mutable.{a}" for a in plan.mutable}}
    outside = (
        program.methods.read_outside(family_of(program.project, plan.name), names) if names else ()
    )
    blocks = []
    for old, new in sorted(names.items()):
        if old == new or old not in outside or old in RESERVED:  # `.init` is linen's own
            continue
        if old in fields:
            message = (
                f"{plan.cls.node.name}.{old} is read from outside; the derived value is in {new}"
            )
            context.diagnose(plan.cls.node, "HK107", message)
            continue
        blocks.append(
            [f"{pad}@property", f"{pad}def {old}(self):", f"{pad}{step}return self.{new}"]
        )
    return blocks


def _setup_head(context: Context, plan: ClassPlan, pad: str) -> list[str]:
    step = _indent_step(context, plan)
    me = (self_name(plan.init) if plan.init is not None else "") or "self"
    lines = [f"{pad}def setup({me}):"]
    if plan.super_call is None and _base_setup(context, plan):
        lines.append(f"{pad}{step}super().setup()")
    if (plan.mutable or plan.filled) and not inherits_box(context, plan):
        why = "Changed while running, so kept outside the frozen module."
        if not plan.mutable:
            why = "Filled by methods before linen freezes it."
        elif plan.mutable == plan.boxed:
            why = "Kept outside the frozen module, which would make plain tuples and dicts of them."
        lines.append(f"{pad}{step}# {why}")
        fields = ", ".join(f"{f}={me}.{f}" for f in _changing_fields(plan))
        lines.append(
            f"{pad}{step}{me}.mutable = {context.alias('types')}.SimpleNamespace({fields})"
        )
    elif plan.mutable:
        lines += [f"{pad}{step}{me}.mutable.{f} = {me}.{f}" for f in _changing_fields(plan)]
    return lines


def _changing_fields(plan: ClassPlan) -> list[str]:
    """The fields that a dataclass declares and methods assign."""
    declared = [s.target for s in plan.cls.node.body if isinstance(s, ast.AnnAssign)]
    names = [target.id for target in declared if isinstance(target, ast.Name)]
    return [name for name in names if name in plan.mutable] if plan.is_dataclass else []


def _base_setup(context: Context, plan: ClassPlan) -> bool:
    return any(
        base.keeps_setup or base.mutable
        for c in context.program.project.mro(plan.name)[1:]
        if (base := context.program.classes.get(c.name)) is not None
    )


def _indent_step(context: Context, plan: ClassPlan) -> str:
    """One level of indentation as this class writes it."""
    text = context.text
    outer = text.indent(text.span(plan.cls.node)[0])
    for statement in plan.cls.node.body:
        inner = text.indent(text.span(statement)[0])
        if inner.startswith(outer) and len(inner) > len(outer):
            return inner[len(outer) :]
    return "    "


def constructor(context: Context, plan: ClassPlan, init: ast.FunctionDef, without_doc: bool) -> str:
    """The text that takes the place of `__init__`: fields, then setup."""
    text = context.text
    if plan.super_call is not None and not _layer_has_setup(context, plan):
        plan.dropped.add(plan.super_call)
    pad = text.indent(text.span(init)[0])
    step = _indent_step(context, plan)
    blocks: list[list[str]] = []
    fields = [] if plan.is_dataclass else field_lines(context, plan, pad)
    if fields:
        blocks.append(fields)
    post = _post_init(context, plan, pad, step)
    if post:
        blocks.append(post)
    opening, *head = _setup_head(context, plan, pad)
    body = _setup_body(context, plan, init, pad + step, head, without_doc)
    if body or plan.mutable:
        blocks.append([opening, *(body or head)])
    blocks += _exposed(context, plan, pad, step)
    newline = text.newline
    if not blocks:
        only = all(s is init or _is_doc(s) for s in plan.cls.node.body)
        return f"{pad}pass{newline}" if only and len(plan.cls.node.body) == 1 else ""
    lines = (f"{newline}{newline}").join(newline.join(block) for block in blocks)
    at = definition_span(context, init)[1]
    crowded = blocks == [fields] and plan.cls.node.body[-1] is not init
    gap = newline if crowded and text.data[at : text.line_end(at)].strip() else ""
    return lines + newline + gap


def _layer_has_setup(context: Context, plan: ClassPlan) -> bool:
    """False for a subclass of a layer of Haiku whose helper has no setup."""
    if not plan.extends_layer:
        return True
    symbols = [lookup(base) for base in plan.cls.bases]
    return any(s is not None and "setup" in attributes(s.helper or "") for s in symbols)


def _is_doc(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _post_init(context: Context, plan: ClassPlan, pad: str, step: str) -> list[str]:
    if not plan.computed and not plan.spread:
        return []
    me = (self_name(plan.init) if plan.init is not None else "") or "self"
    for place, value in reversed(plan.inlined.items()):
        if isinstance(value, str):
            context.text.set(place, f"{me}.{_field_of(plan, value)}")
        else:
            text = context.text.of(value)
            plain = isinstance(value, ast.Constant | ast.Name | ast.Attribute | ast.List | ast.Call)
            text = text if plain else f"({text})"
            if place in plan.where:
                test = context.text.of(plan.where[place].test)
                text = f"{text} if {test} else {me}.{_field_of(plan, place.id)}"
                statement = context.file.names.parent[place]
                text = text if isinstance(statement, ast.keyword | ast.Call) else f"({text})"
            context.text.set(place, text)
    lines = [f"{pad}def __post_init__({me}):"]
    for mapping in plan.spread:
        lines.append(f"{pad}{step}for field, value in {_loose(context, mapping)}.items():")
        lines.append(f"{pad}{step}{step}setattr({me}, field, value)")
    lines += [
        f"{pad}{step}{me}.{name} = {context.text.alone(value)}"
        for name, value in plan.computed.items()
    ]
    return [*lines, f"{pad}{step}super().__post_init__()"]


def _loose(context: Context, node: ast.expr) -> str:
    """The text of an expression that a method is called on."""
    text = context.text.of(node)
    return (
        text
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call)
        else f"({text})"
    )


def _setup_body(
    context: Context,
    plan: ClassPlan,
    init: ast.FunctionDef,
    pad: str,
    head: list[str],
    without_doc: bool,
) -> list[str]:
    """`head`, then the statements of `__init__` that are left, with the comments between them."""
    text = context.text
    if not plan.keeps_setup:
        return []
    first = init.body[0]
    start = text.line_start(text.span(first)[0])
    end = text.line_end(text.span(init)[1])
    me = self_name(init)
    lines = []
    head = [*head, *(f"{pad}{line}" for line in _local_copies(context, plan, me))]
    for statement in init.body:
        if statement in plan.dropped:
            with_comments = _is_alias(statement) or statement in plan.naming
            _drop_statement(context, statement, with_comments)
        elif statement is plan.super_call:
            text.set(statement, "super().setup()")
    tail = [f"{me}.{_output(context, plan, a)} = {local}" for a, local in plan.grown.items()]
    for node in walk(init) if tail else ():
        if isinstance(node, ast.Return) and context.file.names.enclosing(node, FUNCTIONS) is init:
            at = text.span(node)[0]
            alone = not text.data[text.line_start(at) : at].strip()
            gap = f"{text.newline}{text.indent(at)}" if alone else "; "
            text.insert(at, "".join(f"{t}{gap}" for t in tail))
    if without_doc:
        text.replace(*text.whole_lines(*text.span(first)), "")
    if start <= text.span(init)[0]:  # def __init__(self): statement on one line
        kept = [text.of(s) for s in init.body if s not in plan.dropped]
        lines = [f"{pad}{s}" for s in kept]
    else:
        lines = text.get(start, end).splitlines()
    doc_lines: list[str] = []
    if head and _is_doc(first) and not without_doc:
        count = len(text.of(first).splitlines())
        doc_lines, lines = lines[:count], lines[count:]
    while lines and not lines[-1].strip():
        lines.pop()
    while lines and not lines[0].strip():
        del lines[0]
    return [*doc_lines, *head, *lines, *(f"{pad}{t}" for t in tail)]


def _local_copies(context: Context, plan: ClassPlan, me: str) -> list[str]:
    """The local names that setup starts with: linen's fields cannot change."""
    lines = []
    for name in plan.rebound:
        value = f"{me}.{_field_of(plan, name)}"
        kind = plan.copied.get(name)
        if kind == "dict":
            value = f"{context.alias('flax')}.core.unfreeze({value})"
        elif kind == "list":
            value = f"list({value})"
        lines.append(f"{name} = {value}")
    return [*lines, *(f"{name} = None" for name in sorted(plan.unset))]


def _output(context: Context, plan: ClassPlan, attribute: str) -> str:
    return context.program.attribute(plan.name, attribute)


def _field_of(plan: ClassPlan, parameter: str) -> str:
    return next(p.field for p in plan.parameters if p.name == parameter)


def _drop_statement(context: Context, statement: ast.stmt, with_comments: bool) -> None:
    """Deletes a statement's lines, and the comment lines above that belong to it alone."""
    text = context.text
    start, end = text.whole_lines(*text.span(statement))
    if text.line_start(start) == start:
        for _ in comments_above(context, statement) if with_comments else ():
            start = text.line_start(start - 1)
    if (start, end) == text.span(statement):
        tail = text.data[end : text.line_end(end)].lstrip()
        if tail.startswith(b";"):
            end = text.data.index(b";", end) + 1
            while text.data[end : end + 1] == b" ":
                end += 1
        else:
            text.replace(start, end, "pass")
            return
    text.replace(start, end, "")


def _is_alias(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign | ast.AnnAssign)
