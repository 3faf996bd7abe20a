"""Inline suppression: `# hk2flax: ignore[HK101]` and `# hk2flax: ignore-file[HK201]`.

A comment at the end of a line counts for the whole statement that the line belongs to, and a
comment on a line of its own for the statement below it.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass

from hk2flax.diagnostics.codes import CODES
from hk2flax.diagnostics.model import Diagnostic

_COMMENT = re.compile(r"#\s*hk2flax:\s*ignore(-file)?\b\s*(?:\[([^]]*)\])?")


@dataclass(frozen=True)
class Suppression:
    """One comment: where it stands, the codes it names and the lines it counts for."""

    line: int
    column: int
    codes: tuple[str, ...]
    first: int
    last: float

    def covers(self, diagnostic: Diagnostic) -> bool:
        """Whether the comment speaks of this diagnostic; HK0xx and HK9xx are never hidden."""
        return (
            self.first <= diagnostic.line <= self.last
            and diagnostic.code[:3] not in ("HK0", "HK9")
            and any(diagnostic.code.startswith(code) for code in self.codes)
        )


def suppressions(text: str) -> tuple[Suppression, ...]:
    """The suppression comments of a source text, in order."""
    if "hk2flax:" not in text:
        return ()
    found: list[Suppression] = []
    pending: list[tuple[re.Match[str], int, int]] = []
    start = 0  # first line of the current statement; 0 between statements
    try:
        for token in tokenize.generate_tokens(io.StringIO(text, newline="").readline):
            if token.type == tokenize.COMMENT:
                match = _COMMENT.search(token.string)
                if match:
                    pending.append((match, token.start[0], token.start[1] + match.start() + 1))
            elif token.type in (tokenize.NEWLINE, tokenize.ENDMARKER):
                found += [_suppression(*item, start or item[1], token.start[0]) for item in pending]
                pending, start = [], 0
            elif token.type not in _LAYOUT and not start:
                start = token.start[0]
    except (tokenize.TokenError, SyntaxError):
        return tuple(found)  # such a file is HK001; there is nothing to suppress in it
    return tuple(found)


_LAYOUT = frozenset({tokenize.NL, tokenize.INDENT, tokenize.DEDENT})


def _suppression(
    match: re.Match[str], line: int, column: int, first: int, last: int
) -> Suppression:
    codes = tuple(code.strip().upper() for code in (match[2] or "").split(",") if code.strip())
    if match[1]:
        return Suppression(line, column, codes, 0, float("inf"))
    return Suppression(line, column, codes, min(first, line), last)


def suppress(
    path: str, text: str | None, diagnostics: Iterable[Diagnostic]
) -> tuple[Diagnostic, ...]:
    """The diagnostics of one file that no comment hides, and a note for each idle comment."""
    given = tuple(diagnostics)
    comments = suppressions(text) if text is not None else ()
    if not comments:
        return given
    kept = [d for d in given if not any(comment.covers(d) for comment in comments)]
    for comment in comments:
        problem = _problem(comment, given)
        if problem:
            kept.append(Diagnostic(path, comment.line, comment.column, "HK901", problem))
    return tuple(sorted(kept))


def _problem(comment: Suppression, diagnostics: Iterable[Diagnostic]) -> str:
    if not comment.codes:
        return "the comment names no code, so it hides nothing; write ignore[HK101], for example"
    for code in comment.codes:
        if not any(known.startswith(code) for known in CODES):
            return f"the comment names {code}, which is no hk2flax code"
    idle = [
        code
        for code in comment.codes
        if not any(d.code.startswith(code) and comment.covers(d) for d in diagnostics)
    ]
    return f"nothing to hide for {', '.join(idle)} here; remove it from the comment" if idle else ""
