"""Which names a rewritten text still reads, so that the imports of the others can go."""

from __future__ import annotations

import ast
import re

from hk2flax.project.scopes import read_from, resolve_names
from hk2flax.project.walk import walk

_TAKE_QUOTED = ("cast", "TypeVar", "NewType", "ForwardRef")
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_WITH_TYPES = (ast.arg, ast.AnnAssign, ast.FunctionDef, ast.AsyncFunctionDef, ast.Assign, ast.Call)
_NAME = re.compile(r"\b[A-Za-z_]\w*")
_TYPE_COMMENT = re.compile(r"#\s*type:(?!\s*ignore)(.*)")


def names_read(text: str) -> set[str]:
    """The imported names that a text reads, in quoted or commented types and `__all__` too."""
    tree = ast.parse(text)
    names: set[str] = set()
    bound: set[str] = set()
    imported: set[str] = set()
    quoted: list[ast.AST] = []
    for node in walk(tree):
        if isinstance(node, ast.Name):
            (names if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.alias):
            imported.add(node.asname or node.name.partition(".")[0])
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, _DEFINITIONS):
            bound.add(node.name)
        if isinstance(node, _WITH_TYPES):
            quoted += _quoted_types(node)
    if not imported.isdisjoint(bound):
        names = _read_from_imports(tree)
    for comment in _TYPE_COMMENT.findall(text):
        names.update(_NAME.findall(comment))
    for root in quoted:
        for inner in walk(root):
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                names.update(_NAME.findall(inner.value))
    return names


def _read_from_imports(tree: ast.Module) -> set[str]:
    """The names that are not read from something else: a parameter `hk` is not that import."""
    return {
        node.id
        for node, scope in resolve_names(tree, "", False).scope_of.items()
        if isinstance(node, ast.Name)
        and isinstance(node.ctx, ast.Load)
        and ((found := read_from(scope, node)) is None or found[1].kind == "import")
    }


def _quoted_types(node: ast.AST) -> list[ast.AST]:
    """The expressions of a node in which a string may name something."""
    quoted: list[ast.expr | None] = []
    if isinstance(node, ast.arg | ast.AnnAssign):
        quoted = [node.annotation]
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        quoted = [node.returns]
    elif isinstance(node, ast.Assign):
        if any(getattr(t, "id", "") == "__all__" for t in node.targets):
            quoted = [node.value]
    elif isinstance(node, ast.Call) and _last_name(node.func) in _TAKE_QUOTED:
        quoted = [*node.args, *(k.value for k in node.keywords)]
    return [expression for expression in quoted if expression is not None]


def _last_name(node: ast.expr) -> str:
    return getattr(node, "attr", "") or getattr(node, "id", "")
