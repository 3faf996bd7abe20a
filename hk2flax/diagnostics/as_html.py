"""The report as one self-contained HTML page: totals, what is left, counts and the diff."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from hk2flax import __version__
from hk2flax.diagnostics.codes import CODES
from hk2flax.diagnostics.report import LEVELS, FileReport, Report

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --bad: #c33; --warn: #a60; --good: #283; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; }
th, td { border-bottom: 1px solid var(--line); padding: .2rem .8rem .2rem 0; text-align: left;
  vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
code, pre { font: 13px/1.45 ui-monospace, monospace; }
pre { overflow-x: auto; border: 1px solid var(--line); padding: .6rem; margin: .4rem 0 1rem; }
summary { cursor: pointer; }
.error { color: var(--bad); } .manual { color: var(--warn); } .add { color: var(--good); }
.del { color: var(--bad); } .hunk { opacity: .6; }
"""


def render(report: Report) -> str:
    """The whole page."""
    body = "\n".join([*_totals(report), *_left(report), *_symbols(report), *_files(report)])
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>hk2flax report</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>Haiku to Flax</h1>\n{body}\n"
        f"<p><small>hk2flax {escape(__version__)}</small></p>\n</body>\n</html>\n"
    )


def _totals(report: Report) -> Iterator[str]:
    levels = report.levels
    yield f"<p><code>{escape(_shown(report.root))}</code>, --prefer {escape(report.prefer)}</p>"
    rows = [
        ("files rewritten", report.count("rewritten")),
        ("files unchanged", report.count("unchanged")),
        ("files not processed", report.count("failed")),
        ("uses of Haiku now plain Flax", levels["native"]),
        ("uses of Haiku now a helper", levels["helper"]),
        ("uses of Haiku left in place", levels["manual"]),
        ("places that need a person", report.severity("manual")),
    ]
    yield _table(("", "count"), rows)


def _left(report: Report) -> Iterator[str]:
    if not report.diagnostics:
        return
    yield "<h2>Messages</h2>"
    for code in sorted({d.code for d in report.diagnostics}):
        entry = CODES[code]
        yield f'<h3 class="{entry.severity}">{code} {escape(entry.title)}</h3>'
        yield f"<p>{escape(entry.why)} {escape(entry.action)}</p><ul>"
        for d in (d for d in report.diagnostics if d.code == code):
            place = f"{_shown(d.path)}:{d.line}:{d.column}"
            yield f"<li><code>{escape(place)}</code> {escape(d.message)}</li>"
        yield "</ul>"


def _symbols(report: Report) -> Iterator[str]:
    if report.symbols:
        yield "<h2>Haiku names</h2>"
        rows = [(name, *(n[level] for level in LEVELS)) for name, n in report.symbols.items()]
        yield _table(("name", *LEVELS), rows)


def _files(report: Report) -> Iterator[str]:
    changed = [file for file in report.files if file.diff]
    if changed:
        yield "<h2>Changes</h2>"
    for file in changed:
        name = escape(_shown(file.path))
        yield f"<details><summary><code>{name}</code> ({file.status})</summary>"
        yield f"<pre>{_diff(file)}</pre></details>"


def _diff(file: FileReport) -> str:
    def line(text: str) -> str:
        kind = {"+": "add", "-": "del", "@": "hunk"}.get(text[:1])
        shown = escape(_shown(text))
        return f'<span class="{kind}">{shown}</span>' if kind else shown

    return "\n".join(line(text) for text in file.diff.split("\n"))


def _table(heading: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> str:
    def cells(values: tuple[object, ...], tag: str) -> str:
        first, *rest = (escape(_shown(str(value))) for value in values)
        return (
            f"<tr><{tag}>{first}</{tag}>"
            + "".join(f'<{tag} class="n">{value}</{tag}>' for value in rest)
            + "</tr>"
        )

    return f"<table>{cells(heading, 'th')}{''.join(cells(row, 'td') for row in rows)}</table>"


def _shown(text: str) -> str:
    """File names may hold bytes that are no text; a page must be valid UTF-8 all the same."""
    return text.encode("utf-8", "replace").decode()
