"""Removing statements: with their lines, from a line that they share, and from an emptied block."""

from __future__ import annotations

import ast

from hk2flax.rewrite.context import Context
from hk2flax.rewrite.edits import Text


def remove_statement(context: Context, node: ast.stmt) -> None:
    """Removes a statement; a block that loses its last one gets a `pass`."""
    text, parent = context.text, context.file.names.parent.get(node)
    context.removed.add(node)
    blocks = (getattr(parent, f, None) or [] for f in ("body", "orelse", "finalbody"))
    block = next((b for b in blocks if node in b), [])
    start, end = text.span(node)
    whole = text.whole_lines(start, end)
    if context.removed.issuperset(block) and not isinstance(parent, ast.Module):
        text.set(node, "pass")
    elif whole != (start, end):
        first = whole[0]
        while isinstance(node, ast.If | ast.Try) and first > 0:
            above = text.line_start(first - 1)
            if text.data[above:first].strip():
                break
            first = above
        text.replace(first, whole[1], "")
    elif block.index(node) + 1 < len(block) and text.data[end : text.line_end(end)].lstrip(
        b" "
    ).startswith(b";"):
        text.replace(start, text.span(block[block.index(node) + 1])[0], "")
    elif text.data[text.line_start(start) : start].rstrip(b" ").endswith(b";"):
        text.replace(text.data.rindex(b";", 0, start), end, "")
    else:
        text.set(node, "pass")


def close_gap(text: Text, node: ast.stmt) -> None:
    """Blank lines below a statement whose lines are gone go too, if there are some above."""
    start, end = text.whole_lines(*text.span(node))
    above = text.line_start(start - 1) if start else 0
    if (start, end) == text.span(node) or text.get(start, end) or text.data[above:start].strip():
        return
    below = end
    while below < len(text.data) and not text.data[below : text.line_end(below)].strip():
        below = text.line_end(below)
    text.replace(start, below, "")
