"""Haiku names that are used as values, base classes, decorators or annotations, not called."""

from __future__ import annotations

import ast
from itertools import islice

from hk2flax.catalog import lookup
from hk2flax.catalog.model import Symbol
from hk2flax.project.creates import is_layer
from hk2flax.rewrite.absolute_names import FORCE, leave_force
from hk2flax.rewrite.calls import has_helper
from hk2flax.rewrite.context import Context
from hk2flax.rewrite.settings import OPTIMIZE, leave_keys

GONE = ("haiku.transparent", "haiku.experimental.transparent", OPTIMIZE)
"""Decorators that go with their line."""


def rewrite_reference(context: Context, node: ast.expr) -> None:
    """Replaces a reference by its Flax name; the helper has Haiku's own signature."""
    name = context.name(node)
    symbol = lookup(name)
    parent = context.file.names.parent.get(node)
    if isinstance(parent, ast.Attribute) and (symbol is None or symbol.kind == "module"):
        return  # part of a longer name
    if symbol is None and name == "haiku.Module":
        context.text.set(node, context.dotted("flax.linen.Module"))
        context.count(name, "native")
        return
    if any(outer in context.file.names.module_aliases for outer in _two_above(context, node)):
        return
    if name == "haiku" and isinstance(parent, ast.Compare):  # `assert hk is not None`
        context.text.set(node, context.alias("flax.linen"))
        return
    if symbol is None or symbol.kind == "module":
        if not _is_attribute_of_symbol(context, node):
            reason = "has no entry in the catalog" if symbol is None else "is used as a value"
            context.leave(node, "HK101", f"{name} {reason}", name)
        return
    if name == OPTIMIZE and leave_keys(context, node):
        return
    if symbol.name == FORCE:
        leave_force(context, node)
        return
    is_decorator = node in getattr(parent, "decorator_list", ())
    if (name in GONE and is_decorator) or (
        name == "haiku.Module" and isinstance(parent, ast.ClassDef)
    ):
        return
    _replace(context, node, symbol, name)


def _two_above(context: Context, node: ast.expr) -> list[ast.AST]:
    """The statement `Linear = basic.Linear` around a value, and what that stands in."""
    return list(islice(context.file.names.ancestors(node), 2))


def _is_attribute_of_symbol(context: Context, node: ast.expr) -> bool:
    """True for `hk.LSTMState.hidden`: the inner name is the symbol, and has been replaced."""
    while isinstance(node, ast.Attribute):
        node = node.value
        symbol = lookup(context.name(node))
        if symbol is not None and symbol.kind != "module":
            return True
    return False


def _replace(context: Context, node: ast.expr, symbol: Symbol, name: str) -> None:
    new = flax_name(context, symbol, name, _use(context, node))
    if new is None:
        context.leave(node, "HK101", f"{name}: {symbol.manual or 'no linen form'}", name)
    else:
        context.text.set(node, new)


def _use(context: Context, node: ast.expr) -> str:
    """ "test" in `isinstance(x, hk.Linear)`, "union" in `isinstance(x, hk.Linear | hk.Conv2D)`,
    "annotation" where only readers see the name.
    """
    inner: ast.AST = node
    for outer in context.file.names.ancestors(node):
        if isinstance(outer, ast.Call):
            is_test = getattr(outer.func, "id", "") in ("isinstance", "issubclass")
            if not (is_test and inner in outer.args[1:]):
                return ""
            return "union" if isinstance(context.file.names.parent[node], ast.BinOp) else "test"
        if isinstance(outer, ast.arg) or (
            isinstance(outer, ast.AnnAssign) and outer.annotation is inner
        ):
            return "annotation"
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
            return "annotation" if outer.returns is inner else ""
        if isinstance(outer, ast.stmt):
            return ""
        inner = outer
    return ""


def flax_name(context: Context, symbol: Symbol, name: str, use: str = "") -> str | None:
    """The name that stands for a symbol which is not called; counts it. None where there is none.

    Layers that are called become native layers or helpers, as their arguments allow: a test must
    know both.
    """
    native = symbol.native
    if native is not None and not native.is_exact and context.exact:
        native = None
    helper = symbol.helper if has_helper(symbol) else None
    if native is not None and is_layer(name) and use:
        context.count(symbol.name, "native")
        plain = context.dotted(native.target)
        if helper is None or use == "annotation":
            return plain
        both = plain, context.helper(helper)
        return " | ".join(both) if use == "union" else f"({', '.join(both)})"
    if symbol.kind == "type" and symbol.native and (helper is None or use == "annotation"):
        context.count(symbol.name, "native")
        return context.dotted(symbol.native.target)
    if helper is not None:
        context.count(symbol.name, "helper")
        return context.helper(helper)
    if symbol.native is not None and not is_layer(name):
        context.count(symbol.name, "native")
        return context.dotted(symbol.native.target)
    return None
