"""From the rewriter's result to what is written and what is reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hk2flax.diagnostics.model import Diagnostic
from hk2flax.diagnostics.report import FileReport, Report
from hk2flax.diagnostics.select import wanted
from hk2flax.diagnostics.suppress import suppress
from hk2flax.project.files import Discovery, SourceFile, encode
from hk2flax.rewrite.diff import current, file_diff
from hk2flax.rewrite.result import FileResult, RewriteResult


@dataclass(frozen=True)
class Outcome:
    """The bytes to write, and the report."""

    changes: Mapping[SourceFile, bytes]
    new_files: Mapping[str, bytes]
    report: Report


def outcome(
    discovery: Discovery,
    result: RewriteResult,
    select: tuple[str, ...] = (),
    ignore: tuple[str, ...] = (),
    prefer: str = "exact",
    mode: str = "written",
    timings: Mapping[str, float] | None = None,
) -> Outcome:
    """Encode the new texts, drop the diagnostics nobody wants, and count."""
    by_rel = {file.source.rel: file for file in result.files}
    changes: dict[SourceFile, bytes] = {}
    reports: list[FileReport] = []
    for source in discovery.targets:
        file = by_rel.get(source.rel) or FileResult(source, source.text)
        report, data = _file(source, file)
        kept = wanted(suppress(source.rel, source.text, report.diagnostics), select, ignore)
        reports.append(replace(report, diagnostics=kept))
        if data is not None and data != source.data:
            changes[source] = data
    new_files: dict[str, bytes] = {}
    if changes:
        new_files = _missing(discovery.root, result.new_files)
    for rel, data in new_files.items():
        reports = [report for report in reports if report.path != rel]
        old = current(discovery.root / rel)
        status = "created" if old is None else "rewritten"
        reports.append(FileReport(rel, status, diff=_text(file_diff(rel, old, data))))
    ordered = tuple(sorted(reports, key=lambda report: report.path))
    all_timings = {**result.timings, **(timings or {})}
    return Outcome(
        changes, new_files, Report(str(discovery.root), prefer, mode, ordered, all_timings)
    )


def _file(source: SourceFile, file: FileResult) -> tuple[FileReport, bytes | None]:
    diagnostics = file.diagnostics
    if source.error is not None:
        diagnostics = tuple(dict.fromkeys((source.error, *diagnostics)))
    symbols: dict[str, dict[str, int]] = {}
    for (symbol, level), count in sorted(file.counts.items()):
        symbols.setdefault(symbol, {})[level] = count
    if source.text is None or file.text is None:
        return FileReport(source.rel, "failed", {}, diagnostics), None
    try:
        data = encode(file.text, source)
    except UnicodeEncodeError as error:
        character = error.object[error.start]
        message = f"the rewrite needs {character!r}, which {source.encoding} does not have"
        broken = Diagnostic(source.rel, 1, 1, "HK002", message)
        return FileReport(source.rel, "failed", {}, (*diagnostics, broken)), None
    status = "unchanged" if data == source.data else "rewritten"
    diff = _text(file_diff(source.rel, source.data, data))
    return FileReport(source.rel, status, symbols, diagnostics, diff), data


def _missing(root: Path, texts: Mapping[str, str]) -> dict[str, bytes]:
    """New files that are not there yet with the same content."""
    found = {rel: texts[rel].encode() for rel in sorted(texts)}
    return {rel: data for rel, data in found.items() if current(root / rel) != data}


def _text(diff: bytes) -> str:
    return diff.decode("utf-8", "replace")
