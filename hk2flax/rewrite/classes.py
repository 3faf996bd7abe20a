"""A Haiku module class becomes a linen dataclass, as its plan says."""

from __future__ import annotations

import ast

from hk2flax.plan.class_plan import ClassPlan, stored_attributes
from hk2flax.plan.methods import COMPACT, NOWRAP, SCOPE
from hk2flax.project.creates import self_name
from hk2flax.rewrite.context import Context
from hk2flax.rewrite.docstrings import move_docstring
from hk2flax.rewrite.setup import constructor, definition_span, insert_setup, needs_setup
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
    insert_todos(context, node)
    if plan.is_dataclass:
        _drop_dataclass_decorator(context, plan)
    init = plan.init
    own_init = plan.cls.methods.get("__init__")
    if init is not None and (init is own_init or plan.is_dataclass):
        without_doc = not plan.is_dataclass and move_docstring(context, plan, init)
        start, end = definition_span(context, init)
        new = constructor(context, plan, init, without_doc)
        if not new:
            start, end = _with_blank_lines(context, plan, start, end)
        text.replace(start, end, new)
    elif needs_setup(context, plan):
        insert_setup(context, plan)
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and not plan.is_dataclass:
            _class_variable(context, plan, statement)
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


def _class_variable(context: Context, plan: ClassPlan, statement: ast.AnnAssign) -> None:
    """An annotated class attribute is no constructor argument in Haiku: `ClassVar` keeps it so.

    One that announces what the constructor's argument of the same name sets gives way to its field.
    """
    if not isinstance(statement.target, ast.Name):
        return
    project = context.program.project
    family = [*project.mro(plan.name), *project.subclasses(plan.name)]
    is_stored = any(
        target.attr == statement.target.id
        for cls in family
        for method in cls.methods.values()
        for target in stored_attributes(method, self_name(method))
    )
    if is_stored and statement.value is not None and not _is_field(plan, statement.target.id):
        # linen refuses to set what has an annotation.
        start, end = context.text.span(statement.target)[1], context.text.span(statement.value)[0]
        context.text.replace(start, end, " = ")
        return
    if is_stored or _is_field(plan, statement.target.id):
        start, end = context.text.span(statement)
        rest = context.text.data[end : context.text.line_end(end)]
        if rest.lstrip().startswith(b"#"):
            end += len(rest) - len(rest.lstrip())
            context.text.replace(start, end, "")
        else:
            context.text.replace(*context.text.whole_lines(start, end), "")
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


def _is_field(plan: ClassPlan, name: str) -> bool:
    return any(p.field == name for p in plan.own_fields)


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
