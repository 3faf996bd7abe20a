"""Reading names and strings off expressions."""

from __future__ import annotations

import ast


def strings(node: ast.expr) -> list[str]:
    """The strings in a literal: one, or those of a tuple, list or set."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return [t for e in node.elts for t in strings(e)]
    return []


def last(node: ast.expr) -> str:
    """The last part of a name: "params" in `self.state.params`."""
    return getattr(node, "attr", "") or getattr(node, "id", "")
