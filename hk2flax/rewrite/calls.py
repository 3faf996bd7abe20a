"""Calls of Haiku layers, functions and initialisers, from their catalog entries."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from hk2flax.catalog.convert import same_literal
from hk2flax.catalog.model import OMIT, Native, Symbol, Value
from hk2flax.catalog.signatures import bind_call, literal, parse_signature
from hk2flax.project.creates import class_around, method_around
from hk2flax.rewrite.absolute_names import is_forced
from hk2flax.rewrite.chains import is_plain_chain
from hk2flax.rewrite.context import Context
from hk2flax.rewrite.edits import Slot, append_arguments, argument, remove_slot
from hk2flax.rewrite.helper_module import exists
from hk2flax.rewrite.uses import reads_attribute, visible_calls


def rewrite_call(context: Context, call: ast.Call, symbol: Symbol) -> None:
    """Rewrites a call of a catalog symbol: native where it is expressible, else by its helper."""
    native = symbol.native
    if native is not None and native.min_rank and _initialises_vector(context, call):
        native = None
    program = context.program
    if native is not None and _keeps_to_haiku(context, symbol, native) and has_helper(symbol):
        native = None
    if native is not None and native.only_float32 and context.exact and program.other_precision:
        native = None
    if native is not None and native.only_real and program.has_complex:
        native = None
    if native is not None and native.hides_modules and _in_constructor(context, call):
        native = None
    is_plain = symbol.name == "haiku.Sequential" and is_plain_chain(context, call)
    if native is not None and (native.is_exact or is_plain or not context.exact):
        if _takes_the_same(symbol, native):
            context.text.set(call.func, context.dotted(native.target))
            context.count(symbol.name, "native")
            return
        changes = _native_arguments(context, call, symbol, native)
        if changes is not None and _rewrite_uses(context, call, symbol, native):
            _carry_out(context, call, native, *changes)
            context.count(symbol.name, "native")
            if not native.is_exact and not is_plain:
                context.diagnose(call, "HK301", f"{symbol.name}: {native.differs}", symbol.name)
            return
    if has_helper(symbol):
        assert symbol.helper is not None
        context.text.set(call.func, context.helper(symbol.helper))
        _drop_name(context, call, symbol)
        context.count(symbol.name, "helper")
        return
    reason = symbol.manual or "no linen form for these arguments"
    context.leave(call, "HK101", f"{symbol.name}: {reason}", symbol.name)
    context.kept.add(call)


def _keeps_to_haiku(context: Context, symbol: Symbol, native: Native) -> bool:
    """True for a layer of which more than its outputs matters: dtypes, requests of variables."""
    program = context.program
    if program.has_policies and symbol.kind == "layer":
        return True  # the class itself may be given one
    return bool(native.leaves) and (
        program.has_hooks or (context.exact and program.other_precision)
    )


def _in_constructor(context: Context, call: ast.Call) -> bool:
    """True in `__init__` and in methods that only it calls: they become `setup`."""
    method = method_around(context.file, call)
    owner = class_around(context.program.project, context.file, call)
    plan = context.program.classes.get(owner.name) if owner is not None else None
    return plan is not None and (
        method is plan.init or method in context.program.methods.setup_helpers
    )


def _initialises_vector(context: Context, call: ast.Call) -> bool:
    """False only where an initialiser can be seen to be for a kernel: `w_init=...`."""
    parent = context.file.names.parent.get(call)
    return not (isinstance(parent, ast.keyword) and (parent.arg or "").endswith("w_init"))


def has_helper(symbol: Symbol) -> bool:
    """True when `hk2flax/linen` has the helper that the entry names."""
    return symbol.helper is not None and exists(symbol.helper.partition(".")[0])


def value_of(context: Context, node: ast.expr) -> Value:
    """An argument as the catalog's converters take it."""
    return Value(context.text.of(node), literal(node))


def _takes_the_same(symbol: Symbol, native: Native) -> bool:
    """True where arguments of any number are passed on as they are."""
    passed = all(arg.to == name and arg.convert is None for name, arg in native.args.items())
    more = native.always or native.exact or native.combine or native.call
    return parse_signature(symbol.signature).has_star and passed and not more


def _native_arguments(
    context: Context, call: ast.Call, symbol: Symbol, native: Native
) -> tuple[dict[str, str], dict[str, str]] | None:
    """(linen text by Haiku argument, OMIT to drop it; further linen arguments), or None."""
    signature = parse_signature(symbol.signature)
    bound = bind_call(signature, call)
    if bound is None:
        return None
    given = {name: value_of(context, node) for name, node in bound.items()}
    changes: dict[str, str] = {}
    for name, value in given.items():
        rule = native.args.get(name)
        if name == "name":
            keeps = context.program.names.keeps(context.file, call, bound[name])
            keeps = keeps or is_forced(context, bound[name])
            changes[name] = value.text if keeps else OMIT
        elif rule is None:
            if name not in native.combined and not same_literal(
                value.literal, signature.default(name)
            ):
                return None
            changes[name] = OMIT
        elif rule.convert is not None:
            text = rule.convert(value)
            if text is None:
                return None
            if (
                text is not OMIT
                and text.startswith(f"{value.text} or ")
                and _is_there(context, bound[name])
            ):
                text = value.text
            changes[name] = OMIT if text is OMIT else context.flax_text(text)
        else:
            changes[name] = value.text if rule.to else OMIT
    added: dict[str, str] = {}
    if native.combine is not None:
        combined = native.combine(given)
        if combined is None:
            return None
        added |= combined
    used = {
        native.args[n].to for n, text in changes.items() if text is not OMIT and n in native.args
    }
    wanted = {**native.always, **(native.exact if context.exact else {})}
    added = {**{k: v for k, v in wanted.items() if k not in used}, **added}
    return changes, {k: context.flax_text(v) for k, v in added.items()}


def _is_there(context: Context, node: ast.expr) -> bool:
    """True for a name that is bound once, to a call or a lambda, and so is not None."""
    if not isinstance(node, ast.Name):
        return False
    binding = context.file.names.binding(node)
    if binding is None or len(binding.nodes) != 1:
        return False
    parent = context.file.names.parent.get(binding.nodes[0])
    return isinstance(parent, ast.Assign) and isinstance(parent.value, ast.Call | ast.Lambda)


def _carry_out(
    context: Context,
    call: ast.Call,
    native: Native,
    changes: Mapping[str, str],
    added: Mapping[str, str],
) -> None:
    text = context.text
    slots = text.arguments(call)
    text.set(call.func, context.dotted(native.target))
    names = list(changes)  # in the order of binding: positional ones first
    positional = [s for s in slots if s.keyword is None]
    by_slot = dict(zip((id(s) for s in positional), names, strict=False))
    kept: list[Slot] = []
    gone = []
    in_place = True
    for index, slot in enumerate(slots):
        name = slot.keyword or by_slot[id(slot)]
        new = changes[name]
        if new is OMIT:
            gone.append(index)
            in_place = False
            continue
        kept.append(slot)
        to = native.args[name].to if name in native.args else name
        position = positional.index(slot) if slot.keyword is None else -1
        stays = slot.keyword is None and in_place and position < native.positional
        in_place = in_place and stays
        if name not in native.args or native.args[name].convert is None:
            given = text.get(slot.start, slot.end)  # with the author's parentheses
            new = given.partition("=")[2].lstrip() if slot.keyword else given
        replacement = new if stays or is_forced(context, argument(slot)) else f"{to}={new}"
        if replacement != text.get(slot.start, slot.end):
            text.replace(slot.start, slot.end, replacement)
    _finish(context, call, slots, gone, kept, [f"{k}={v}" for k, v in added.items()])


def _finish(
    context: Context,
    call: ast.Call,
    slots: list[Slot],
    gone: list[int],
    kept: list[Slot],
    added: list[str],
) -> None:
    text = context.text
    if not kept and slots:
        open_, close = text.parens(call)
        text.replace(open_ + 1, close, ", ".join(added))
        return
    for index in sorted(gone, reverse=True):
        _remove(context, slots, index, gone)
    append_arguments(text, call, [*slots[:-1], *kept[-1:]] if slots else slots, added)


def _remove(context: Context, slots: list[Slot], index: int, gone: list[int]) -> None:
    """Removes one of several slots; a run at the end goes back to the last slot that stays."""
    text = context.text
    if all(i in gone for i in range(index, len(slots))):
        if index == 0 or index - 1 in gone:
            return
        text.replace(slots[index - 1].end, slots[-1].end, "")
    else:
        remove_slot(text, slots, index)


def _drop_name(context: Context, call: ast.Call, symbol: Symbol) -> None:
    """Leaves out a `name=` that linen could find taken; it is keyword-only in linen."""
    signature = parse_signature(symbol.signature)
    if symbol.kind != "layer" or (bind_call(signature, call) is None and not _unpacks(call)):
        return
    slots = context.text.arguments(call)
    names = signature.positional
    positional = 0
    for index, slot in enumerate(slots):
        is_name = slot.keyword == "name"
        if slot.keyword is None and not isinstance(slot.node, ast.Starred):
            is_name = positional < len(names) and names[positional] == "name"
            positional += 1
        if not is_name:
            continue
        value = argument(slot)
        if is_forced(context, value):
            context.text.replace(slot.start, slot.end, context.text.of(value))
        elif not context.program.names.keeps(context.file, call, value):
            remove_slot(context.text, slots, index)
        elif slot.keyword is None:
            context.text.replace(
                slot.start, slot.end, f"name={context.text.get(slot.start, slot.end)}"
            )
        return


def _unpacks(call: ast.Call) -> bool:
    return any(isinstance(a, ast.Starred) for a in call.args) or any(
        k.arg is None for k in call.keywords
    )


def _rewrite_uses(context: Context, call: ast.Call, symbol: Symbol, native: Native) -> bool:
    """Rewrites the calls of the layer itself; False when linen's call cannot serve them all."""
    if symbol.kind != "layer":
        return True
    if reads_attribute(context, call, _attributes(symbol, native)):
        return False
    calls, complete = visible_calls(context, call)
    plans = []
    for use in calls:
        if not native.call:
            if len(use.args) > native.call_positional or use.keywords:
                if _all_first(symbol, use):
                    continue
                return False
            continue
        plan = _call_changes(context, use, symbol, native)
        if plan is None:
            return False
        plans.append((use, plan))
    if native.call and not complete:
        return False
    for use, changes in plans:
        context.pending[use] = (symbol, native, changes)
    return True


def _attributes(symbol: Symbol, native: Native) -> set[str]:
    """What can be read from Haiku's layer: its arguments, and what it notes when it is called."""
    return {*native.attributes, *parse_signature(symbol.signature).positional, "input_size"}


def _all_first(symbol: Symbol, use: ast.Call) -> bool:
    """True when a call gives more arguments, all of which plain linen takes as they are."""
    return "*args" in symbol.call_signature


def _call_changes(
    context: Context, use: ast.Call, symbol: Symbol, native: Native
) -> dict[str, tuple[str, bool]] | None:
    """How the arguments of a layer's call change: by Haiku name, (linen name, convert?)."""
    signature = parse_signature(symbol.call_signature)
    bound = bind_call(signature, use)
    if bound is None:
        return None
    changes: dict[str, tuple[str, bool]] = {}
    for position, (name, node) in enumerate(bound.items()):
        rule = native.call.get(name)
        if rule is None:
            if (
                position < native.call_positional
                and name in signature.positional[: native.call_positional]
            ):
                changes[name] = ("", False)
                continue
            if not same_literal(literal(node), signature.default(name)):
                return None
            changes[name] = ("-", False)
            continue
        if (
            rule.convert is not None
            and rule.convert(Value(context.text.original(node), literal(node))) is None
        ):
            return None
        changes[name] = (rule.to or "-", rule.convert is not None)
    return changes


def finish_use(context: Context, use: ast.Call) -> None:
    """Rewrites the arguments of a layer's call, once the layer has become native."""
    text = context.text
    symbol, native, changes = context.pending[use]
    bound = bind_call(parse_signature(symbol.call_signature), use) or {}
    slots = text.arguments(use)
    nodes = {id(node): name for name, node in bound.items()}
    gone, kept = [], []
    for index, slot in enumerate(slots):
        node = slot.node.value if isinstance(slot.node, ast.keyword) else slot.node
        name = nodes[id(node)]
        to, converts = changes[name]
        if to == "-":
            gone.append(index)
            continue
        kept.append(slot)
        if not to:
            continue
        value = value_of(context, node)
        rule = native.call[name]
        new = (
            context.flax_text(rule.convert(value) or "")
            if converts and rule.convert
            else value.text
        )
        text.replace(slot.start, slot.end, f"{to}={new}")
    _finish(context, use, slots, gone, kept, [])
