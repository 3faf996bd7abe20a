"""Constructions of the project's own module classes."""

from __future__ import annotations

import ast

from hk2flax.plan.classes import ClassPlan, Parameter
from hk2flax.rewrite.context import Context
from hk2flax.rewrite.edits import remove_slot


def rewrite_construction(context: Context, call: ast.Call, plan: ClassPlan) -> None:
    """Binds the arguments as Haiku's constructor would, and writes them as linen's takes them.

    `name` is keyword-only in linen; positions that moved (a subclass's fields come after its
    base's) become keywords.
    """
    if plan.problems:
        return
    text = context.text
    slots = text.arguments(call)
    order = linen_order(context, plan)
    parameters = [p for p in plan.parameters if not p.kw_only]
    by_name = {p.name: p for p in plan.parameters}
    positional = 0
    in_place = True
    for index, slot in enumerate(slots):
        if isinstance(slot.node, ast.Starred):
            if [p.field for p in parameters[positional:] if p.field] != order[positional:]:
                context.leave(
                    call, "HK102", f"{plan.cls.node.name}(*args): the field order differs", "haiku.Module"
                )
            return
        if isinstance(slot.node, ast.keyword):
            parameter = by_name.get(slot.node.arg or "")
            if parameter is None:
                continue
            if parameter.name == "name":
                if not context.program.names.keeps(context.file, call, slot.node.value) or (
                    _is_own_attribute(context, call, slot.node.value)
                ):
                    remove_slot(text, slots, index)
            elif parameter.field != parameter.name:
                text.replace(slot.start, slot.end, f"{parameter.field}={text.of(slot.node.value)}")
            continue
        if positional >= len(parameters):
            return
        parameter = parameters[positional]
        in_place = in_place and positional < len(order) and order[positional] == parameter.field
        positional += 1
        if in_place:
            continue
        if parameter.name == "name":
            if context.program.names.keeps(context.file, call, slot.node):
                text.replace(slot.start, slot.end, f"name={text.get(slot.start, slot.end)}")
            else:
                remove_slot(text, slots, index)
        else:
            text.replace(slot.start, slot.end, f"{parameter.field}={text.get(slot.start, slot.end)}")


def _is_own_attribute(context: Context, call: ast.Call, value: ast.expr) -> bool:
    """True for `self.encoder = Encoder(name="encoder")`: setup names it so anyway."""
    parent = context.file.names.parent.get(call)
    if not (isinstance(parent, ast.Assign) and isinstance(value, ast.Constant)):
        return False
    return any(isinstance(t, ast.Attribute) and t.attr == value.value for t in parent.targets)


def linen_order(context: Context, plan: ClassPlan) -> list[str]:
    """The positional order of the dataclass fields: the bases' first."""
    order: list[str] = []
    for cls in reversed(context.program.project.mro(plan.name)):
        base = context.program.classes.get(cls.name)
        if base is None:
            continue
        own: list[Parameter] = base.own_fields if not base.is_dataclass else base.parameters
        for parameter in own:
            if base.kw_only or parameter.kw_only:
                order = [f for f in order if f != parameter.field]
            elif parameter.field and parameter.field not in order:
                order.append(parameter.field)
    return order
