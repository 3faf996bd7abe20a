"""The outcome of a run as plain data: what every rendering (text, JSON, SARIF, HTML) shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from hk2flax.diagnostics.model import Diagnostic

LEVELS = ("native", "helper", "manual")
SEVERITIES = ("error", "manual", "note")


@dataclass(frozen=True)
class FileReport:
    """One file. `status` is "rewritten", "unchanged", "failed" or "created" (the helper module).

    `symbols` maps a Haiku name to its counts by level; `diff` is a unified diff.
    """

    path: str
    status: str
    symbols: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()
    diff: str = field(default="", repr=False)


@dataclass(frozen=True)
class Report:
    """All files of a run; `timings` in seconds by phase; `mode` is what was done with the result.

    `mode` is "written" (in place), "output", "diff" or "check".
    """

    root: str
    prefer: str
    mode: str
    files: tuple[FileReport, ...]
    timings: dict[str, float] = field(default_factory=dict)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All diagnostics, by place."""
        return tuple(sorted(d for file in self.files for d in file.diagnostics))

    @property
    def symbols(self) -> dict[str, dict[str, int]]:
        """Counts by level of every Haiku name over all files, by name."""
        totals: dict[str, Counter[str]] = {}
        for file in self.files:
            for symbol, counts in file.symbols.items():
                totals.setdefault(symbol, Counter()).update(counts)
        return {symbol: by_level(totals[symbol]) for symbol in sorted(totals)}

    def count(self, *statuses: str) -> int:
        """How many files have one of the statuses."""
        return sum(file.status in statuses for file in self.files)

    def severity(self, *severities: str) -> int:
        """How many diagnostics have one of the severities."""
        return sum(d.severity in severities for file in self.files for d in file.diagnostics)

    @property
    def levels(self) -> dict[str, int]:
        """Uses of Haiku names by level over the whole run."""
        total: Counter[str] = Counter()
        for counts in self.symbols.values():
            total.update(counts)
        return by_level(total)

    @property
    def all_failed(self) -> bool:
        """Whether there were files and none could be processed."""
        done = self.count("rewritten", "unchanged")
        return done == 0 and self.count("failed") > 0

    @property
    def would_change(self) -> bool:
        """Whether the rewrite differs from what is on disk."""
        return self.count("rewritten", "created") > 0

    @property
    def needs_person(self) -> bool:
        """Whether something is left that hk2flax could not do."""
        return self.severity("error", "manual") > 0


def by_level(counts: Mapping[str, int]) -> dict[str, int]:
    """The counts with every level present, in the fixed order."""
    return {level: counts.get(level, 0) for level in LEVELS}
