"""A verification report as a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from .checks import VerifyReport

_STYLE = {"equal": "green", "differs": "bold red", "skipped": "dim"}


def _number(value: float | None) -> str:
    return "" if value is None else ("0" if value == 0 else f"{value:.2g}")


def render(report: VerifyReport, console: Console) -> None:
    """Print one row a check, then the verdict."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=f"{report.entry} on {report.device}", title_justify="left")
    for heading in ("check", "result", "max abs", "max rel", "detail"):
        table.add_column(heading, justify="right" if heading.startswith("max") else "left")
    for check in report.checks:
        style = _STYLE[check.status]
        table.add_row(
            escape(check.name),
            f"[{style}]{check.status}[/{style}]",
            _number(check.max_abs),
            _number(check.max_rel),
            escape(check.detail),
        )
    console.print(table)
    console.print(f"random keys: {escape(report.keys)}")
    if report.diverges:
        console.print(f"[bold red]first module that differs:[/] {escape(report.diverges)}")
    differing = sum(check.status == "differs" for check in report.checks)
    console.print(
        "[green]equal[/]"
        if report.ok
        else f"[bold red]{differing} of {len(report.checks)} differ[/]"
    )
