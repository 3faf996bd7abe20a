"""A Haiku module class becomes a linen dataclass, as its plan says."""

from __future__ import annotations

import ast

from hk2flax.plan.class_plan import ClassPlan
from hk2flax.plan.methods import COMPACT, NOWRAP, SCOPE, family_of
from hk2flax.project.creates import self_name
from hk2flax.project.scopes import FUNCTIONS
from hk2flax.rewrite.context import Context
from hk2flax.rewrite.docstrings import move_docstring
from hk2flax.rewrite.fields import comments_above, field_lines
from hk2flax.rewrite.todos import insert_todos


def rewrite_bases(context: Context, plan: ClassPlan) -> None:
    """`hk.Module` -> `nn.Module`; `kw_only=True` where positions would bind wrongly."""
    for base in plan.cls.node.bases:
        inner = base.value if isinstance(base, ast.Subscript) else base
        if context.name(inner) == "haiku.Module":
            context.text.set(inner, context.dotted("flax.linen.Module"))
            context.count("haiku.Module", "native")
    if plan.kw_only:
        last = plan.cls.node.bases[-1]
        context.text.insert(context.text.span(last)[1], ", kw_only=True")


def rewrite_class(context: Context, plan: ClassPlan) -> None:
    """Carries out everything but the bases; the children of the class have been visited."""
    text, node = context.text, plan.cls.node
    insert_todos(context)
    if plan.is_dataclass:
        _drop_dataclass_decorator(context, plan)
    init = plan.init
    own_init = plan.cls.methods.get("__init__")
    if init is not None and (init is own_init or plan.is_dataclass):
        without_doc = not plan.is_dataclass and move_docstring(context, plan, init)
        start, end = _definition_span(context, init)
        new = _constructor(context, plan, init, without_doc)
        if not new:
            start, end = _with_blank_lines(context, plan, start, end)
        text.replace(start, end, new)
    elif plan.mutable and not _inherits_box(context, plan):
        _insert_setup(context, plan)
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and not plan.is_dataclass:
            _class_variable(context, statement)
        elif isinstance(statement, ast.Assign):
            _class_callable(context, statement)
    if plan.is_dataclass:
        for statement in plan.dropped:
            if isinstance(statement, ast.AnnAssign):
                text.replace(*text.whole_lines(*text.span(statement)), "")


def _with_blank_lines(context: Context, plan: ClassPlan, start: int, end: int) -> tuple[int, int]:
    """A span of lines together with the blank lines that separated them from what follows."""
    text = context.text
    if plan.cls.node.body[-1] is plan.init:
        while not text.data[text.line_start(start - 1) : start].strip():
            start = text.line_start(start - 1)
    else:
        while not text.data[end : text.line_end(end)].strip():
            end = text.line_end(end)
    return start, end


def decorate_method(context: Context, method: ast.FunctionDef) -> None:
    """Adds `@nn.compact` or `@method_scope`."""
    decoration = context.program.methods.decoration.get(method)
    if decoration is None:
        return
    plain = {COMPACT: "flax.linen.compact", NOWRAP: "flax.linen.nowrap"}
    name = (
        context.dotted(plain[decoration]) if decoration in plain else context.helper("method_scope")
    )
    if decoration == SCOPE:
        context.count("haiku.Module method scope", "helper")
    text = context.text
    at = text.span(method)[0]
    text.insert(at, f"@{name}{text.newline}{text.indent(at)}")


def _definition_span(context: Context, node: ast.FunctionDef) -> tuple[int, int]:
    start, end = context.text.span(node)
    for decorator in node.decorator_list:
        start = min(start, context.text.line_start(context.text.span(decorator)[0]))
    return context.text.line_start(start), context.text.line_end(end)


def _inherits_box(context: Context, plan: ClassPlan) -> bool:
    return any(
        base.mutable
        for c in context.program.project.mro(plan.name)[1:]
        if (base := context.program.classes.get(c.name)) is not None
    )


def _insert_setup(context: Context, plan: ClassPlan) -> None:
    text = context.text
    first = next(s for s in plan.cls.node.body if isinstance(s, ast.FunctionDef))
    start = _definition_span(context, first)[0]
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
        if old == new or old not in outside:
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
    if plan.mutable and not _inherits_box(context, plan):
        lines.append(f"{pad}{step}# Changed while running, so kept outside the frozen module.")
        lines.append(f"{pad}{step}{me}.mutable = {context.alias('types')}.SimpleNamespace()")
    return lines


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


def _constructor(
    context: Context, plan: ClassPlan, init: ast.FunctionDef, without_doc: bool
) -> str:
    """The text that takes the place of `__init__`: fields, then setup."""
    text = context.text
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
    at = _definition_span(context, init)[1]
    crowded = blocks == [fields] and plan.cls.node.body[-1] is not init
    gap = newline if crowded and text.data[at : text.line_end(at)].strip() else ""
    return lines + newline + gap


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
            context.text.set(place, text if plain else f"({text})")
    lines = [f"{pad}def __post_init__({me}):"]
    for mapping in plan.spread:
        lines.append(f"{pad}{step}for field, value in {_loose(context, mapping)}.items():")
        lines.append(f"{pad}{step}{step}setattr({me}, field, value)")
    lines += [
        f"{pad}{step}{me}.{name} = {context.text.of(value)}"
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
    for node in ast.walk(init) if tail else ():
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


def _class_variable(context: Context, statement: ast.AnnAssign) -> None:
    """An annotated class attribute is no constructor argument in Haiku: `ClassVar` keeps it so."""
    if not isinstance(statement.target, ast.Name):
        return
    if context.name(statement.annotation).startswith("typing.ClassVar"):
        return
    annotation = statement.annotation
    if (
        isinstance(annotation, ast.Subscript)
        and context.name(annotation.value) == "typing.ClassVar"
    ):
        return
    classvar = context.from_import("typing", "ClassVar")
    context.text.set(annotation, f"{classvar}[{context.text.of(annotation)}]")


def _class_callable(context: Context, statement: ast.Assign) -> None:
    """linen binds any callable class attribute as a method; Haiku only functions."""
    value = statement.value
    name = context.name(value)
    is_partial = isinstance(value, ast.Call) and context.name(value.func) == "functools.partial"
    if is_partial or (isinstance(value, ast.Attribute) and name.startswith(("jax.", "numpy."))):
        context.text.set(value, f"staticmethod({context.text.of(value)})")


def _drop_dataclass_decorator(context: Context, plan: ClassPlan) -> None:
    text = context.text
    for decorator in plan.cls.node.decorator_list:
        func = decorator.func if isinstance(decorator, ast.Call) else decorator
        if context.name(func) == "dataclasses.dataclass":
            start, end = text.span(decorator)
            text.replace(text.line_start(start), text.line_end(end), "")
