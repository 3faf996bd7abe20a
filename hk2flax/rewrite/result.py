"""What the rewriter hands to the commands: new texts, diagnostics and counts, and nothing written.

`hk2flax.rewrite.rewrite_project(discovery, prefer, jobs)` returns a `RewriteResult`. Writing files,
diffs and reports all start from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hk2flax.diagnostics.model import Diagnostic
from hk2flax.project.files import SourceFile


@dataclass(frozen=True)
class FileResult:
    """What became of one target file.

    `text` is the new text (the old one where nothing changes), or None where the file was not
    processed; an HK0xx diagnostic then says why. `counts` maps (symbol, level) to how often a
    Haiku symbol was rewritten at that level ("native", "helper" or "manual").
    """

    source: SourceFile
    text: str | None
    diagnostics: tuple[Diagnostic, ...] = ()
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether the new text differs from what is on disk."""
        return self.text is not None and self.text != self.source.text


@dataclass(frozen=True)
class RewriteResult:
    """The outcome for a project: one `FileResult` a target, plus files that did not exist before.

    `new_files` maps a path relative to the root (forward slashes) to its text: the helper module.
    `timings` maps a phase ("index", "plan", "edit") to seconds.
    """

    files: tuple[FileResult, ...]
    new_files: Mapping[str, str] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
