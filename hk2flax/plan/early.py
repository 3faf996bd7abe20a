"""Whether a module can be built at the transform instead of inside the transformed function.

Haiku builds it at every call; a name defined later, a flag that is not parsed yet or an object that
changes would make a difference.
"""

from __future__ import annotations

import ast
from collections.abc import Container

from hk2flax.project.index import File
from hk2flax.project.scopes import FUNCTIONS, Binding, Names, Scope
from hk2flax.project.walk import walk


def is_early(
    file: File, classes: Container[str], construction: ast.Call, transform: ast.expr
) -> bool:
    """True when the construction means the same at the transform as inside the function.

    classes: names of module classes, which attributes may lead to ("nets.Encoder").
    """
    names = file.names
    inside = names.enclosing(transform, FUNCTIONS) is not None
    for node in walk(construction):
        if isinstance(node, ast.Call) and node is not construction:
            return False
        if isinstance(node, ast.Name):
            found = names.scope_of[node].lookup(node.id)
            if found is not None and not _is_settled(*found, transform, inside):
                return False
        if isinstance(node, ast.Attribute) and names.qualified.get(node, "") not in classes:
            if not _is_constant_attribute(names, node):
                return False
    return True


def _is_settled(scope: Scope, binding: Binding, transform: ast.expr, inside: bool) -> bool:
    """Whether a name is bound once, and before the transform runs."""
    if len(binding.nodes) > 1 and binding.kind != "import":
        return False
    if inside and isinstance(scope.node, ast.Module):
        return True
    return all(getattr(node, "lineno", 0) < transform.lineno for node in binding.nodes)


def _is_constant_attribute(names: Names, node: ast.Attribute) -> bool:
    """Whether an attribute is read from a local object or an imported module."""
    root = node.value
    while isinstance(root, ast.Attribute):
        root = root.value
    found = names.scope_of[root].lookup(root.id) if isinstance(root, ast.Name) else None
    if found is None:
        return False
    scope, binding = found
    return not isinstance(scope.node, ast.Module) or binding.kind == "import"
