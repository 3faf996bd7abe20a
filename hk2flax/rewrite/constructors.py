"""Constructions of the project's own module classes."""

from __future__ import annotations

import ast

from hk2flax.plan.class_plan import ClassPlan
from hk2flax.plan.positions import linen_order
from hk2flax.rewrite.absolute_names import is_forced
from hk2flax.rewrite.context import Context
from hk2flax.rewrite.edits import Slot, append_arguments, argument, remove_slot


def rewrite_construction(context: Context, call: ast.Call, plan: ClassPlan) -> None:
    """Binds the arguments as Haiku's constructor would, and writes them as linen's takes them.

    `name` is keyword-only in linen; positions that moved (a subclass's fields come after its
    base's) become keywords.
    """
    if plan.problems:
        return
    text = context.text
    slots = text.arguments(call)
    if any(p.star for p in plan.parameters):
        _collect_arguments(context, call, plan, slots)
        return
    order = _order(context, plan)
    if not _one_class(context, call):
        parted = _parted(context, plan, len(call.args))
        if parted:
            message = f"this may build {parted}, whose constructor takes other arguments"
            context.leave(call, "HK102", message, "haiku.Module")
            return
        order = []
    parameters = [p for p in plan.parameters if not p.kw_only]
    by_name = {p.name: p for p in plan.parameters}
    positional = 0
    in_place = True
    for index, slot in enumerate(slots):
        if isinstance(slot.node, ast.Starred):
            if [p.field for p in parameters[positional:] if p.field] != order[positional:]:
                context.leave(
                    call,
                    "HK102",
                    f"{plan.cls.node.name}(*args): the field order differs",
                    "haiku.Module",
                )
            return
        if is_forced(context, argument(slot)):
            text.replace(slot.start, slot.end, text.of(argument(slot)))
            positional += slot.keyword is None
            in_place = False
            continue
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
            text.replace(
                slot.start, slot.end, f"{parameter.field}={text.get(slot.start, slot.end)}"
            )


def drop_repeated_name(context: Context, call: ast.Call) -> None:
    """`Dense(8, name="out")`, where `Dense = hk.Linear`, without a name that linen finds taken."""
    slots = context.text.arguments(call)
    for index, slot in enumerate(slots):
        if isinstance(slot.node, ast.keyword) and slot.node.arg == "name":
            if not context.program.names.keeps(context.file, call, slot.node.value):
                remove_slot(context.text, slots, index)


def rewrite_partial(context: Context, call: ast.Call, plan: ClassPlan | None) -> None:
    """`functools.partial(Block, 8, name="block")`; no plan for a layer of Haiku.

    It may be called any number of times, and linen takes a name once, so the name goes.
    """
    if plan is not None and plan.problems:
        return
    text = context.text
    slots = text.arguments(call)
    parameters = [p for p in plan.parameters if not p.kw_only] if plan else []
    by_name = {p.name: p for p in plan.parameters} if plan else {}
    positions = [p.field for p in parameters][: len(call.args) - 1]
    if plan is not None and positions != _order(context, plan)[: len(positions)]:
        message = f"partial({plan.cls.node.name}, ...): the field order differs"
        context.leave(call, "HK102", message, "haiku.Module")
        return
    for index, slot in enumerate(slots):
        if slot.keyword == "name" and (plan is None or "name" in by_name):
            remove_slot(text, slots, index)
        elif isinstance(slot.node, ast.keyword):
            parameter = by_name.get(slot.node.arg or "")
            if parameter is not None and parameter.field != parameter.name:
                text.replace(slot.start, slot.end, f"{parameter.field}={text.of(slot.node.value)}")


def _collect_arguments(
    context: Context, call: ast.Call, plan: ClassPlan, slots: list[Slot]
) -> None:
    """A constructor with `*args` or `**kwargs`: their fields get a tuple and a dict."""
    text = context.text
    plain = [p for p in plan.parameters if not p.kw_only]
    by_name = {p.name: p for p in plan.parameters if not p.star}
    stars = {p.star: p for p in plan.parameters if p.star}
    arguments: list[str] = []
    positional: list[str] = []
    keywords: list[str] = []
    taken = 0
    for slot in slots:
        source = text.get(slot.start, slot.end)
        node = slot.node
        if isinstance(node, ast.keyword):
            parameter = by_name.get(node.arg or "")
            if node.arg == "name":
                if is_forced(context, node.value):
                    arguments.append(text.of(node.value))
                elif context.program.names.keeps(context.file, call, node.value):
                    arguments.append(source)
            elif parameter is not None:
                arguments.append(f"{parameter.field}={text.of(node.value)}")
            elif node.arg is None:
                if not _spread(context, call, plan, node.value, arguments, keywords):
                    message = (
                        f"{plan.cls.node.name}(**{ast.unparse(node.value)}): it may hold fields"
                    )
                    context.leave(call, "HK102", f"{message} and other arguments", "haiku.Module")
                    return
            else:
                keywords.append(f"{node.arg!r}: {text.of(node.value)}")
        elif isinstance(node, ast.Starred) and taken < len(plain):
            context.leave(
                call,
                "HK102",
                f"{plan.cls.node.name}(*args): it fills several fields",
                "haiku.Module",
            )
            return
        elif taken < len(plain):
            if plain[taken].field:
                arguments.append(f"{plain[taken].field}={source}")
            taken += 1
        else:
            positional.append(source)
    if positional and "*" in stars:
        comma = "," if len(positional) == 1 else ""
        arguments.append(f"{stars['*'].field}=({', '.join(positional)}{comma})")
    if keywords and "**" in stars:
        arguments.append(f"{stars['**'].field}={{{', '.join(keywords)}}}")
    open_, close = text.parens(call)
    text.replace(open_ + 1, close, ", ".join(arguments))


def _spread(
    context: Context,
    call: ast.Call,
    plan: ClassPlan,
    value: ast.expr,
    arguments: list[str],
    keywords: list[str],
) -> bool:
    """Adds `**value`: to the fields, or to the dict of a constructor that collects the rest."""
    text = context.text.of(value)
    open_fields = {p.name: p for p in plan.parameters if not p.star}
    for index, parameter in enumerate(p for p in plan.parameters if not p.kw_only):
        if index < len(call.args):
            open_fields.pop(parameter.name, None)
    for keyword in call.keywords:
        open_fields.pop(keyword.arg or "", None)
    if not any(p.star == "**" for p in plan.parameters):
        arguments.append(f"**{text}")
        return all(p.field in (p.name, "") for p in open_fields.values())
    keys = _keys(context, value)
    if keys is None:
        keywords.append(f"**{text}")
        return not open_fields.keys() - {"name"}
    if not open_fields.keys() & keys:
        keywords.append(f"**{text}")
        return True
    for key in keys:
        field = open_fields[key].field if key in open_fields else ""
        if field:
            arguments.append(f"{field}={text}[{key!r}]")
        elif key != "name":
            keywords.append(f"{key!r}: {text}[{key!r}]")
    return True


def _keys(context: Context, value: ast.expr) -> list[str] | None:
    """The keys of a dict that is written out, here or where the local name gets it, and kept."""
    names = context.file.names
    if isinstance(value, ast.Name):
        binding = names.binding(value)
        if binding is None or binding.kind != "value" or len(binding.nodes) != 1:
            return None
        for use in names.uses.get(id(binding), []):
            spread = names.parent.get(use)
            if not isinstance(spread, ast.keyword) or spread.arg is not None:
                return None  # it may be changed there
        assignment = names.parent.get(binding.nodes[0])
        value = assignment.value if isinstance(assignment, ast.Assign) else value
    if isinstance(value, ast.Call) and context.name(value.func) in ("", "dict"):
        if getattr(value.func, "id", "") != "dict" or value.args:
            return None
        found: list[object] = [k.arg for k in value.keywords]
    elif isinstance(value, ast.Dict):
        found = [k.value if isinstance(k, ast.Constant) else None for k in value.keys]
    else:
        return None
    keys = [key for key in found if isinstance(key, str)]
    return keys if len(keys) == len(found) else None


def name_module(context: Context, call: ast.Call, name: str) -> None:
    """Adds `name=...` to a construction that has been rewritten and has no name."""
    text = context.text
    open_, close = text.parens(call)
    written = text.get(open_ + 1, close, edges=True)
    new = ast.parse(f"f({written})", mode="eval").body
    if isinstance(new, ast.Call) and any(k.arg == "name" for k in new.keywords):
        return
    if "\n" in written and not written.endswith((")", "]", "}")):
        append_arguments(text, call, text.arguments(call), [f'name="{name}"'])
    else:
        text.insert(close, f'{", " if written.strip() else ""}name="{name}"')


def _is_own_attribute(context: Context, call: ast.Call, value: ast.expr) -> bool:
    """True for `self.encoder = Encoder(name="encoder")`: setup names it so anyway."""
    parent = context.file.names.parent.get(call)
    if not (isinstance(parent, ast.Assign) and isinstance(value, ast.Constant)):
        return False
    return any(isinstance(t, ast.Attribute) and t.attr == value.value for t in parent.targets)


def _order(context: Context, plan: ClassPlan) -> list[str]:
    return linen_order(context.program.project, context.program.classes, plan.name)


def _one_class(context: Context, call: ast.Call) -> bool:
    """False for `cls(...)` and `type(self)(...)`, which build whatever class is at hand."""
    func = call.func
    if isinstance(func, ast.Name):
        found = context.file.names.scope_of[func].lookup(func.id)
        return found is None or found[1].kind != "param"
    return not (
        (isinstance(func, ast.Call) and getattr(func.func, "id", "") == "type")
        or (isinstance(func, ast.Attribute) and func.attr == "__class__")
    )


def _parted(context: Context, plan: ClassPlan, positions: int) -> str:
    """A subclass whose first parameters differ from those of its base, or ""."""
    mine = [(p.name, p.field) for p in plan.parameters if not p.kw_only][:positions]
    for cls in context.program.project.subclasses(plan.name):
        other = context.program.classes.get(cls.name)
        if other is None:
            continue
        theirs = [(p.name, p.field) for p in other.parameters if not p.kw_only][:positions]
        if theirs != mine:
            return cls.node.name
    return ""
