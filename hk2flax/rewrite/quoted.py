"""Annotations in quotes: 'hk.Params' names a type as much as hk.Params does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from hk2flax.catalog import lookup
from hk2flax.project.scopes import FUNCTIONS, Scope
from hk2flax.rewrite.context import Context
from hk2flax.rewrite.references import flax_name

_DOTTED = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_BUILTIN = ("dict", "frozenset", "list", "set", "tuple", "type")
_TYPES = ("typing.", "typing_extensions.", "collections.abc.")
_CALLS = ("typing.cast", "typing.TypeVar", "typing.NewType", "typing.ForwardRef")


def rewrite_quoted(context: Context) -> None:
    """Rewrites the Haiku names inside string annotations."""
    for root in _annotations(context):
        for node in _strings(context, root):
            _rewrite_string(context, node)


def _strings(context: Context, node: ast.expr) -> Iterator[ast.Constant]:
    """The strings in an annotation that stand for types."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node
        return
    parts: list[ast.AST] = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Subscript):
        kind = context.name(node.value).rpartition(".")[2] or getattr(node.value, "id", "")
        if kind == "Literal":
            return
        if kind == "Annotated" and isinstance(node.slice, ast.Tuple):
            parts = [*node.slice.elts[:1]]
    for part in parts:
        if isinstance(part, ast.expr):
            yield from _strings(context, part)


def _annotations(context: Context) -> Iterator[ast.expr]:
    names = context.file.names
    typed: list[ast.arg | ast.AnnAssign] = [*names.of(ast.arg), *names.of(ast.AnnAssign)]
    for node in typed:
        if node.annotation is not None:
            yield node.annotation
        if isinstance(node, ast.AnnAssign) and node.value and _is_alias(context, node):
            yield node.value
    functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = [
        *names.of(ast.FunctionDef),
        *names.of(ast.AsyncFunctionDef),
    ]
    for function in functions:
        if function.returns is not None:
            yield function.returns
    for subscript in names.of(ast.Subscript):
        if _is_type(context, subscript.value):
            yield subscript  # Trees = dict[str, "hk.Params"]
    for call in names.of(ast.Call):
        if context.name(call.func) in _CALLS:
            yield from call.args[:2]
            yield from (k.value for k in call.keywords)


def _is_alias(context: Context, node: ast.AnnAssign) -> bool:
    """True for `Trees: TypeAlias = "hk.Params | hk.State"`."""
    annotation = node.annotation
    if isinstance(annotation, ast.Constant):
        return str(annotation.value).rpartition(".")[2] == "TypeAlias"
    return context.name(annotation).rpartition(".")[2] == "TypeAlias"


def _is_type(context: Context, node: ast.expr) -> bool:
    """True for what takes types in brackets: `typing.Optional`, `dict`."""
    if isinstance(node, ast.Name) and node.id in _BUILTIN:
        return context.file.names.scope_of[node].lookup(node.id) is None
    return context.name(node).startswith(_TYPES)


def _rewrite_string(context: Context, node: ast.Constant) -> None:
    """Replaces each Haiku name in a string that is an expression."""
    assert isinstance(node.value, str)
    try:
        ast.parse(node.value.strip(), mode="eval")
    except (SyntaxError, ValueError):
        return
    source = context.text.of(node)
    new = _DOTTED.sub(lambda match: _rename(context, node, match[0]), source)
    if new != source:
        context.text.set(node, new)


def _rename(context: Context, node: ast.Constant, dotted: str) -> str:
    name = _meaning(context, node, dotted)
    if not name.startswith("haiku."):
        return dotted
    symbol = lookup(name)
    if symbol is None or symbol.kind == "module":
        context.leave(node, "HK101", f"{name} has no entry in the catalog", name)
        return dotted
    new = flax_name(context, symbol, name, "annotation")
    if new is None:
        context.leave(node, "HK101", f"{name}: {symbol.manual or 'no linen form'}", name)
    return new or dotted


def _meaning(context: Context, node: ast.AST, dotted: str) -> str:
    """The canonical name of a dotted name that stands in quotes at `node`."""
    first, _, rest = dotted.partition(".")
    found = _scope(context, node).lookup(first)
    if found is None or found[1].kind != "import":
        return ""
    target = ".".join(filter(None, (found[1].target, rest)))
    return context.program.project.canonical(context.file, target)


def _scope(context: Context, node: ast.AST) -> Scope:
    names = context.file.names
    owner = names.enclosing(node, (*FUNCTIONS, ast.ClassDef, ast.Module))
    return names.scopes[owner or context.file.tree]
