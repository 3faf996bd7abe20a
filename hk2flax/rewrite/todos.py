"""The TODO comments above lines that were left in place."""

from __future__ import annotations

import ast

from hk2flax.diagnostics import Diagnostic
from hk2flax.diagnostics.suppress import suppressions
from hk2flax.rewrite.context import Context
from hk2flax.rewrite.edits import Text


def insert_todos(context: Context, inside: ast.AST | None = None) -> None:
    """Inserts those collected so far: at the end, and before the text around them is replaced.

    inside: the class or function whose text will be replaced; all of the file without.
    """
    if not context.todos:
        return
    text = context.text
    seen: set[tuple[int, str]] = set()
    hidden = suppressions(context.file.source.text or "")
    rel = context.file.source.rel
    todos = [t for t in context.todos if inside is None or _is_inside(t[0], inside)]
    context.todos = [t for t in context.todos if t not in todos]
    for node, comment in todos:
        code = comment.split()[2]
        place = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1
        if any(s.covers(Diagnostic(rel, *place, code, "")) for s in hidden):
            continue
        is_statement = isinstance(node, ast.stmt)
        statement = node if is_statement else context.file.names.enclosing(node, (ast.stmt,))
        if statement is None:
            continue
        start = text.span(statement)[0]
        for decorator in getattr(statement, "decorator_list", ()):
            start = min(start, text.span(decorator)[0])
        at = text.line_start(start)
        comment = comment.replace("\n", " ")
        known = (line.split(" ", 3)[:3] for line in _comments_above(text, at))
        if (at, comment) in seen or comment.split(" ", 3)[:3] in known:
            continue
        seen.add((at, comment))
        text.insert(at, f"{text.indent(start)}{comment}{text.newline}")


def _is_inside(node: ast.AST, outer: ast.AST) -> bool:
    first, last = outer.lineno, outer.end_lineno  # type: ignore[attr-defined]
    return bool(first <= getattr(node, "lineno", 1) <= last)


def _comments_above(text: Text, at: int) -> list[str]:
    lines: list[str] = []
    while at > 0:
        start = text.line_start(at - 1)
        line = text.data[start:at].decode().strip()
        if not line.startswith("#"):
            break
        lines.append(line)
        at = start
    return lines
