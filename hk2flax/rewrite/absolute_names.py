"""`hk.force_name(...)` as the name of a module: `**force_name(...)`."""

from __future__ import annotations

import ast

from hk2flax.catalog import lookup
from hk2flax.catalog.signatures import bind_call, parse_signature
from hk2flax.plan.absolute_names import FORCE
from hk2flax.rewrite.context import Context

_SIGNATURE = parse_signature("name")


def force_name(context: Context, call: ast.Call) -> bool:
    """Rewrites the call where it names a module that is constructed; leaves it elsewhere."""
    bound = bind_call(_SIGNATURE, call)
    if bound is None or "name" not in bound or not _names_module(context, call):
        return leave_force(context, call)
    name = bound["name"]
    context.text.set(call, f"**{context.helper('force_name')}({context.text.of(name)})")
    context.count(FORCE, "helper")
    if not _is_safe(context, name):
        message = "force_name: the absolute name may be that of a module whose name changes"
        context.diagnose(call, "HK201", message, FORCE)
        context.todos.append((call, f"# TODO(hk2flax): HK201 {message}"))
    return True


def _is_safe(context: Context, name: ast.expr) -> bool:
    """True for the path of another module, and for one that no other module can have."""
    if isinstance(name, ast.Attribute):
        return name.attr == "module_name"
    literal = name.value if isinstance(name, ast.Constant) else None
    return isinstance(literal, str) and context.program.absolute_names.is_own(literal)


def leave_force(context: Context, node: ast.AST) -> bool:
    """Leaves `hk.force_name` where no module is constructed with it."""
    reason = "write it where a module is made: name=hk.force_name(...)"
    context.leave(node, "HK101", f"{FORCE}: {reason}", FORCE)
    context.kept.add(node)
    return True


def is_forced(context: Context, value: ast.AST) -> bool:
    """True for the argument `name` that has become `**force_name(...)`."""
    return isinstance(value, ast.Call) and value not in context.kept and _forces(context, value)


def forced_path(context: Context, node: ast.Attribute) -> bool:
    """`hk.force_name(other.module_name)` takes the path of the other module."""
    call = context.file.names.parent.get(node)
    if not (isinstance(call, ast.Call) and _forces(context, call)):
        return False
    if not _names_module(context, call):
        return False
    context.text.set(node, f'"/".join({context.text.of(node.value)}.path)')
    return True


def _forces(context: Context, call: ast.Call) -> bool:
    symbol = lookup(context.name(call.func))
    return symbol is not None and symbol.name == FORCE


def _names_module(context: Context, call: ast.Call) -> bool:
    """True where the call is the argument `name` of a layer or of a class of the project."""
    parent = context.file.names.parent.get(call)
    outer = context.file.names.parent.get(parent) if isinstance(parent, ast.keyword) else parent
    if not isinstance(outer, ast.Call) or outer.func is call:
        return False
    name = context.name(outer.func)
    plan = context.program.classes.get(name)
    symbol = lookup(name)
    if plan is not None:
        if plan.problems:
            return False
        positional = [p.name for p in plan.parameters if not p.kw_only] or ["name"]
    elif symbol is not None and symbol.kind == "layer":
        positional = list(parse_signature(symbol.signature).positional)
    else:
        return False
    if isinstance(parent, ast.keyword):
        return parent.arg == "name"
    place = outer.args.index(call)
    return place < len(positional) and positional[place] == "name"
