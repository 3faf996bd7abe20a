"""The report for a terminal: diagnostics by file, then what was done and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hk2flax.diagnostics.codes import CODES
from hk2flax.diagnostics.report import Report

Paint = Callable[[str, str], str]  # a text and "error", "manual", "note" or "good"


def plain(text: str, kind: str) -> str:
    """Paint for output without colours."""
    return text


def lines(report: Report, paint: Paint = plain, quiet: bool = False) -> Iterator[str]:
    """The lines to print; `quiet` leaves out notes and the summary."""
    path = None
    for diagnostic in report.diagnostics:
        if quiet and diagnostic.severity == "note":
            continue
        if path not in (None, diagnostic.path) and not quiet:
            yield ""
        path = diagnostic.path
        place = f"{diagnostic.path}:{diagnostic.line}:{diagnostic.column}:"
        yield f"{place} {paint(diagnostic.code, diagnostic.severity)} {diagnostic.message}"
    if not quiet:
        if path is not None:
            yield ""
        yield from _summary(report, paint)


def _summary(report: Report, paint: Paint) -> Iterator[str]:
    changed, total = report.count("rewritten"), len(report.files) - report.count("created")
    would = "would be rewritten" if report.mode in ("check", "diff") else "rewritten"
    parts = [f"{changed} of {_files(total)} {would}"]
    created = [file.path for file in report.files if file.status == "created"]
    if created:
        parts.append(f"{', '.join(created)} added")
    if report.count("failed"):
        parts.append(paint(f"{report.count('failed')} could not be processed", "error"))
    yield "; ".join(parts) + "."
    levels = report.levels
    if any(levels.values()):
        yield (
            f"Uses of Haiku: {levels['native']} native, {levels['helper']} helper, "
            f"{levels['manual']} manual."
        )
    yield from _next(report, paint)


def _next(report: Report, paint: Paint) -> Iterator[str]:
    left = report.severity("manual")
    if left:
        codes = sorted({d.code for d in report.diagnostics if d.severity == "manual"})
        places = "1 place needs" if left == 1 else f"{left} places need"
        yield paint(f"{places} a person", "manual") + f" ({', '.join(codes)})."
        yield f"Next: `hk2flax explain {codes[0]}` says what to do."
    elif report.count("failed"):
        code = next(d.code for d in report.diagnostics if d.severity == "error")
        yield f"Next: `hk2flax explain {code}` says what to do."
    elif report.would_change and report.mode == "check":
        yield paint("Haiku is left", "manual") + "; run hk2flax rewrite without --check."
    elif report.would_change and report.mode != "diff":
        yield paint("Nothing is left to do by hand.", "good") + (
            " Next: `hk2flax verify` runs both versions and compares them."
        )


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def explain(code: str) -> str:
    """The text of one diagnostic code."""
    entry = CODES[code]
    kind = {
        "error": "the file was not processed",
        "manual": "a person must act",
        "note": "for your information",
    }[entry.severity]
    return (
        f"{entry.code}: {entry.title} ({kind})\n\nWhy: {entry.why}\n\nWhat to do: {entry.action}\n"
    )
