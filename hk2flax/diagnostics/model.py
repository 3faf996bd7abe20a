"""One thing a person is told about one place in one file."""

from __future__ import annotations

from dataclasses import dataclass

from hk2flax.diagnostics.codes import CODES


@dataclass(frozen=True, order=True)
class Diagnostic:
    """A message about a place in a file; `code` is a key of `CODES`.

    `path` is relative to the project root with forward slashes; `line` counts from 1 and
    `column` from 1, as editors do. `symbol` is the Haiku name concerned ("haiku.BatchNorm"),
    or "" where there is none.
    """

    path: str
    line: int
    column: int
    code: str
    message: str
    symbol: str = ""

    @property
    def severity(self) -> str:
        """One of "error" (file not processed), "manual" (a person must act) and "note"."""
        return CODES[self.code].severity
