"""The one error that the checkpoint side raises for anything a person can act on."""

from __future__ import annotations

from pathlib import Path


class CheckpointError(ValueError):
    """A checkpoint, a map or an output that cannot be used.

    file: the file or directory concerned ("" where the data never was in one).
    what: what was attempted or found, in one phrase.
    why: the cause and, where there is one, the remedy; may run over several lines.
    """

    def __init__(self, file: str | Path, what: str, why: str) -> None:
        """Keep the three parts; `str(error)` joins them."""
        self.file = str(file)
        self.what = what
        self.why = why
        super().__init__(": ".join(part for part in (self.file, what, why) if part))
