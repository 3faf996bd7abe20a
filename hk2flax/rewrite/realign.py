"""Arguments that stood under the opening bracket of their call or list stand there again.

An edit that makes the name of a function longer or shorter moves its bracket and not the lines
below. Only what was lined up before is touched, and nothing but white space changes.
"""

from __future__ import annotations

import ast

from hk2flax.project.walk import walk
from hk2flax.rewrite.edits import Text
from hk2flax.rewrite.wrap import WIDTH, outside_strings


def realign(old: str, old_tree: ast.Module, new: str, step: str) -> str:
    """`new` with what was lined up in `old`, whose syntax tree is given, lined up.

    `step` is what the body of a function moves by where it becomes a method.
    """
    columns = _columns(old, old_tree)
    if not columns:
        return new
    columns |= {column + len(step) for column in columns}
    tree = ast.parse(new)
    before = set(old.split("\n"))
    width = max(WIDTH, *(len(line) for line in before))
    text = Text(new)
    lines = new.split("\n")
    shift = [0] * (len(lines) + 1)  # how far each line moves, by its number
    fixed = _inside_strings(tree)
    for node in sorted(_bracketed(tree), key=lambda n: (n.lineno, n.col_offset, -_end(n))):
        row, column, rows = _rows(node, text)
        edited = bool(rows) and (shift[row] or lines[row - 1] not in before)
        if not edited or {_indent(lines[r - 1]) for r in rows} - columns:
            continue
        delta = column + shift[row] - _indent(lines[rows[0] - 1]) - shift[rows[0]]
        below = range(row + 1, (node.end_lineno or row) + 1)
        if delta and not any(r in fixed or not _room(lines[r - 1], delta, width) for r in below):
            for r in below:
                shift[r] += delta
    for row, by in enumerate(shift[1:], 1):
        if by and lines[row - 1].strip():
            lines[row - 1] = " " * (_indent(lines[row - 1]) + by) + lines[row - 1].lstrip(" ")
    return "\n".join(lines)


def _columns(source: str, tree: ast.Module) -> set[int]:
    """The columns at which items are lined up with the bracket that they are in."""
    lines = source.split("\n")
    text = Text(source)
    found = set()
    for node in _bracketed(tree):
        _, column, rows = _rows(node, text)
        if rows and all(_indent(lines[row - 1]) == column for row in rows):
            found.add(column)
    return found


def _bracketed(tree: ast.Module) -> list[ast.expr]:
    """Calls, subscripts and displays that are on several lines."""
    return [
        node
        for node in outside_strings(tree)
        if isinstance(node, ast.Call | ast.Subscript | ast.List | ast.Set | ast.Dict | ast.Tuple)
        and node.lineno != node.end_lineno
    ]


def _end(node: ast.expr) -> int:
    return (node.end_lineno or 0) * 10000 + (node.end_col_offset or 0)


def _rows(node: ast.expr, text: Text) -> tuple[int, int, list[int]]:
    """The line of the bracket, the column behind it, and the lines below that items begin.

    No lines where the first item does not stand beside the bracket.
    """
    items = sorted(_items(node), key=lambda n: (n.lineno, n.col_offset))
    if not items:
        return 0, 0, []
    first = text.span(items[0])[0]
    open_ = first - 1
    while open_ > 0 and text.data[open_ : open_ + 1] == b" ":
        open_ -= 1
    row = items[0].lineno
    column = len(text.data[text.line_start(open_) : open_].decode()) + 1
    if text.data[open_ : open_ + 1] not in (b"(", b"[", b"{") or open_ < text.span(node)[0]:
        return 0, 0, []
    rows = []
    for item in items:
        at = text.span(item)[0]
        if item.lineno > row and not text.data[text.line_start(at) : at].strip():
            rows.append(item.lineno)
    return row, column, rows


def _items(node: ast.expr) -> list[ast.expr | ast.keyword]:
    if isinstance(node, ast.Call):
        return [*node.args, *node.keywords]
    if isinstance(node, ast.Subscript):
        inner = node.slice
        return list(inner.elts) if isinstance(inner, ast.Tuple) else [inner]
    if isinstance(node, ast.Dict):
        return [k for k in node.keys if k is not None] if None not in node.keys else []
    return list(node.elts) if isinstance(node, ast.List | ast.Set | ast.Tuple) else []


def _inside_strings(tree: ast.Module) -> set[int]:
    """The lines that begin inside of a string."""
    return {
        row
        for node in walk(tree)
        if isinstance(node, ast.Constant | ast.JoinedStr) and node.end_lineno
        for row in range(node.lineno + 1, node.end_lineno + 1)
    }


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _room(line: str, delta: int, width: int) -> bool:
    fits = _indent(line) + delta >= 0 and len(line.rstrip()) + max(delta, 0) <= width
    return not line.strip() or (fits and "\t" not in line[: _indent(line)])
