"""The report as JSON. Readers check `schema` and `version`; fields are only ever added."""

from __future__ import annotations

import json
from typing import Any

from hk2flax import __version__
from hk2flax.diagnostics.model import Diagnostic
from hk2flax.diagnostics.report import SEVERITIES, FileReport, Report, by_level

SCHEMA = "hk2flax-report"
VERSION = 1


def render(report: Report) -> str:
    """The report as a JSON text, in a stable order."""
    return json.dumps(as_dict(report), indent=2) + "\n"


def as_dict(report: Report) -> dict[str, Any]:
    """The report as JSON values; docs/usage.md describes them."""
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "tool": {"name": "hk2flax", "version": __version__},
        "root": report.root,
        "prefer": report.prefer,
        "mode": report.mode,
        "files": [_file(file) for file in report.files],
        "symbols": report.symbols,
        "diagnostics": [_diagnostic(d) for d in report.diagnostics],
        "totals": {
            "files": len(report.files),
            **{s: report.count(s) for s in ("rewritten", "unchanged", "failed", "created")},
            **report.levels,
            "diagnostics": {severity: report.severity(severity) for severity in SEVERITIES},
        },
        "timings": {phase: round(seconds, 6) for phase, seconds in report.timings.items()},
    }


def _file(file: FileReport) -> dict[str, Any]:
    levels = by_level({})
    for counts in file.symbols.values():
        levels = {level: n + counts.get(level, 0) for level, n in levels.items()}
    return {
        "path": file.path,
        "status": file.status,
        "counts": levels,
        "symbols": {symbol: by_level(file.symbols[symbol]) for symbol in sorted(file.symbols)},
        "diagnostics": [_diagnostic(d) for d in sorted(file.diagnostics)],
    }


def _diagnostic(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "path": diagnostic.path,
        "line": diagnostic.line,
        "column": diagnostic.column,
        "symbol": diagnostic.symbol,
        "message": diagnostic.message,
    }
