"""Haiku names that are used as values, base classes, decorators or annotations, not called."""

from __future__ import annotations

import ast

from hk2flax.catalog import lookup
from hk2flax.catalog.model import Symbol
from hk2flax.project.creates import is_layer
from hk2flax.rewrite.calls import has_helper
from hk2flax.rewrite.context import Context

_TRANSPARENT = ("haiku.transparent", "haiku.experimental.transparent")


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
    if parent in context.file.names.module_aliases:
        return
    if name == "haiku" and isinstance(parent, ast.Compare):  # `assert hk is not None`
        context.text.set(node, context.alias("flax.linen"))
        return
    if symbol is None or symbol.kind == "module":
        if not _is_attribute_of_symbol(context, node):
            context.leave(node, "HK101", f"{name} has no entry in the catalog", name)
        return
    if name in _TRANSPARENT or (name == "haiku.Module" and isinstance(parent, ast.ClassDef)):
        return
    _replace(context, node, symbol, name)


def _is_attribute_of_symbol(context: Context, node: ast.expr) -> bool:
    """True for `hk.LSTMState.hidden`: the inner name is the symbol, and has been replaced."""
    while isinstance(node, ast.Attribute):
        node = node.value
        symbol = lookup(context.name(node))
        if symbol is not None and symbol.kind != "module":
            return True
    return False


def _replace(context: Context, node: ast.expr, symbol: Symbol, name: str) -> None:
    if symbol.kind == "type" and symbol.native is not None:
        context.text.set(node, context.dotted(symbol.native.target))
        context.count(symbol.name, "native")
    elif has_helper(symbol):
        assert symbol.helper is not None
        context.text.set(node, context.helper(symbol.helper))
        context.count(symbol.name, "helper")
    elif symbol.native is not None and not is_layer(name):
        context.text.set(node, context.dotted(symbol.native.target))
        context.count(symbol.name, "native")
    else:
        context.leave(node, "HK101", f"{name}: {symbol.manual or 'no linen form'}", name)
