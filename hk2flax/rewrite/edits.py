"""Edits as spans of the original text.

`ast` gives the exact position of every node, so an edit is a span and its replacement; bytes
outside the spans stay as they were. Positions in `ast` are UTF-8 byte offsets, and so are ours.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from dataclasses import dataclass

_NEWLINE = re.compile(rb"\r\n|\r|\n")
_BLANK = re.compile(rb"[ \t\f]*")


@dataclass(frozen=True)
class Slot:
    """One argument of a call: its span including parentheses around it, and its node."""

    start: int
    end: int
    node: ast.expr | ast.keyword

    @property
    def keyword(self) -> str | None:
        """The argument's name, or None for a positional or starred one."""
        return self.node.arg if isinstance(self.node, ast.keyword) else None


class Text:
    """A file's text with pending edits.

    Edits are made from the inside outwards: replacing a span drops the edits strictly inside it,
    whose text the replacement has taken up with `get`. Insertions at the edge of a span belong to
    what is outside of it.
    """

    def __init__(self, text: str) -> None:
        self.data = text.encode()
        self._lines = [0, *(m.end() for m in _NEWLINE.finditer(self.data))]
        self._edits: list[tuple[int, int, str]] = []
        self.newline = "\r\n" if b"\r\n" in self.data else "\n"

    def offset(self, line: int, column: int) -> int:
        """The byte offset of an `ast` position."""
        return self._lines[line - 1] + column

    def span(self, node: ast.AST) -> tuple[int, int]:
        """The start and end offsets of a node (without decorators)."""
        start = self.offset(node.lineno, node.col_offset)  # type: ignore[attr-defined]
        return start, self.offset(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def line_start(self, offset: int) -> int:
        """Where the line that holds `offset` begins."""
        return self._lines[bisect_right(self._lines, offset) - 1]

    def line_end(self, offset: int) -> int:
        """Just behind the newline of the line that holds `offset`."""
        index = bisect_right(self._lines, offset)
        return self._lines[index] if index < len(self._lines) else len(self.data)

    def indent(self, offset: int) -> str:
        """The white space before the first character of the line that holds `offset`."""
        match = _BLANK.match(self.data, self.line_start(offset))
        return match.group().decode() if match else ""

    def replace(self, start: int, end: int, text: str) -> None:
        """Replaces a span and the edits inside it; `start == end` inserts."""
        if start != end:
            self._edits = [
                e
                for e in self._edits
                if not (start <= e[0] and e[1] <= end) or (e[0] == e[1] and e[0] in (start, end))
            ]
        self._edits.append((start, end, text))

    def insert(self, offset: int, text: str) -> None:
        """Inserts text; several insertions at one place keep their order."""
        self.replace(offset, offset, text)

    def set(self, node: ast.AST, text: str) -> None:
        """Replaces a node."""
        self.replace(*self.span(node), text)

    def get(self, start: int, end: int, *, edges: bool = False) -> str:
        """The text of a span with the edits inside it applied (and, with `edges`, at its edges)."""
        inside = [
            e
            for e in self._edits
            if start <= e[0] and e[1] <= end and (edges or e[0] != e[1] or e[0] not in (start, end))
        ]
        inside.sort(key=lambda e: (e[0], e[1] != e[0]))
        parts: list[bytes] = []
        at = start
        for s, e, text in inside:
            parts += [self.data[at:s], text.encode()]
            at = e
        parts.append(self.data[at:end])
        return b"".join(parts).decode()

    def of(self, node: ast.AST) -> str:
        """The text of a node with the edits inside it applied."""
        return self.get(*self.span(node))

    def alone(self, node: ast.expr) -> str:
        """The same, outside of the brackets that allowed it to span lines."""
        written = self.of(node)
        if "\n" in written:
            try:
                ast.parse(written, mode="eval")
            except SyntaxError:
                loose = re.search(r"#|\"{3}|\'{3}", written)
                return f"({written})" if loose else re.sub(r"\s*\n\s*", " ", written)
        return written

    def original(self, node: ast.AST) -> str:
        """The text of a node as it was."""
        start, end = self.span(node)
        return self.data[start:end].decode()

    def inserts_at(self, offset: int) -> bool:
        """True when something is inserted at an offset."""
        return any(start == end == offset for start, end, _ in self._edits)

    @property
    def changed(self) -> bool:
        """True when there is any edit."""
        return bool(self._edits)

    def result(self) -> str:
        """The whole text with all edits applied."""
        return self.get(0, len(self.data), edges=True)

    def whole_lines(self, start: int, end: int) -> tuple[int, int]:
        """The span widened to whole lines, where nothing else stands on them; else unchanged."""
        first, last = self.line_start(start), self.line_end(end)
        before, after = self.data[first:start], self.data[end:last]
        tail = after.strip()
        if before.strip() or (tail and not tail.startswith(b"#")):
            return start, end
        return first, last

    def arguments(self, call: ast.Call) -> list[Slot]:
        """The call's arguments in source order, each with the span that its commas leave it."""
        nodes: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
        nodes.sort(key=lambda n: (n.lineno, n.col_offset))
        open_, close = self.parens(call)
        if len(nodes) == 1 and self.span(nodes[0])[0] <= open_:  # f(x for x in y)
            return [Slot(open_ + 1, close, nodes[0])]
        slots = []
        start = open_ + 1
        for index, node in enumerate(nodes):
            limit = self.span(nodes[index + 1])[0] if index + 1 < len(nodes) else close
            begin = self._skip_blank(start, self.span(node)[0])
            end, comma = self._find_comma(self.span(node)[1], limit)
            slots.append(Slot(begin, end, node))
            start = comma + 1
        return slots

    def parens(self, call: ast.Call) -> tuple[int, int]:
        """The offsets of the call's own opening and closing parenthesis."""
        at = self.span(call.func)[1]
        while self.data[at : at + 1] != b"(":
            at = self._after_comment(at) if self.data[at : at + 1] == b"#" else at + 1
        return at, self.span(call)[1] - 1

    def _after_comment(self, at: int) -> int:
        return self.line_end(at)

    def _skip_blank(self, at: int, limit: int) -> int:
        while at < limit:
            char = self.data[at : at + 1]
            if char == b"#":
                at = self._after_comment(at)
            elif char.isspace() or char == b"\\":
                at += 1
            else:
                break
        return at

    def _find_comma(self, at: int, limit: int) -> tuple[int, int]:
        """(end of the argument that ends at or after `at`, offset of the comma or the limit)."""
        end = at
        while at < limit:
            char = self.data[at : at + 1]
            if char == b"#":
                at = self._after_comment(at)
                continue
            if char == b",":
                return end, at
            at += 1
            if char == b")":
                end = at
        return end, limit

    def laid_out(self, call: ast.Call, arguments: list[str]) -> str:
        """New arguments for a call, on as many lines as its own have."""
        slots = self.arguments(call)
        open_, close = self.parens(call)
        start = self.line_start(slots[0].start) if slots else open_
        if start <= open_:
            return ", ".join(arguments)
        pad = self.indent(slots[0].start)
        first = self.line_start(slots[0].start)
        one_line = all(self.line_start(s.start) == first for s in slots)
        comma = ", " if one_line else f",{self.newline}{pad}"
        end = "," if self.data[slots[-1].end : close].lstrip().startswith(b",") else ""
        tail = self.newline + self.indent(close) if self.line_start(close) > slots[-1].end else ""
        return f"{self.newline}{pad}{comma.join(arguments)}{end}{tail}"

    def has_comment(self, start: int, end: int) -> bool:
        """True when a span may hold a comment (a `#` in a string counts; this errs that way)."""
        return b"#" in self.data[start:end]


def argument(slot: Slot) -> ast.expr:
    """The value of an argument."""
    return slot.node.value if isinstance(slot.node, ast.keyword) else slot.node


def remove_slot(text: Text, slots: list[Slot], index: int) -> None:
    """Deletes one argument and the comma that goes with it."""
    if index + 1 < len(slots):
        text.replace(slots[index].start, slots[index + 1].start, "")
    elif index:
        text.replace(slots[index - 1].end, slots[index].end, "")
    else:
        end = slots[0].end
        comma = text._skip_blank(end, len(text.data))
        text.replace(slots[0].start, comma + 1 if text.data[comma : comma + 1] == b"," else end, "")


def append_arguments(text: Text, call: ast.Call, slots: list[Slot], added: list[str]) -> None:
    """Adds arguments behind the last one, laid out as the call is."""
    if not added:
        return
    if not slots:
        text.insert(text.parens(call)[1], ", ".join(added))
        return
    last = slots[-1]
    line = text.line_start(last.start)
    own_line = line > text.parens(call)[0] and not text.data[line : last.start].strip()
    gap = f",{text.newline}{text.indent(last.start)}" if own_line else ", "
    comment = _comment_behind(text, last.end, text.parens(call)[1]) if own_line else None
    if comment is None:
        text.insert(last.end, gap + gap.join(added))
        return
    has_comma, end = comment
    if not has_comma:
        text.insert(last.end, ",")
    text.insert(end, f"{gap[1:]}{gap.join(added)}{',' if has_comma else ''}")


def _comment_behind(text: Text, at: int, close: int) -> tuple[bool, int] | None:
    """(is there a comma, where it ends) of a comment on the last argument's line, if it has one."""
    rest = text.data[at : text.line_end(at)].rstrip()
    bare = rest.lstrip()
    has_comma = bare.startswith(b",")
    if not bare.removeprefix(b",").lstrip().startswith(b"#"):
        return None
    after = at + rest.index(b",") + 1 if has_comma else at
    return (has_comma, at + len(rest)) if text._skip_blank(after, close) == close else None
