"""What `hk2flax verify` does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hk2flax.cli.failure import Failure
from hk2flax.project.config import VerifyEntry, load

if TYPE_CHECKING:
    from hk2flax.oracle import VerifyReport


def entries(
    source: Path | None, target: Path | None, entry: str | None, inputs: str | None
) -> tuple[VerifyEntry, ...]:
    """The entry that the options name, or those of pyproject.toml where they name none."""
    if source is not None and target is not None and entry is not None:
        return (VerifyEntry(source, target, entry, inputs),)
    given = {"--source": source, "--target": target, "--entry": entry}
    missing = [name for name, value in given.items() if value is None]
    if len(missing) < len(given) or inputs is not None:
        raise click.UsageError(f"{' and '.join(missing)} missing.")
    configured = load(Path.cwd()).verify
    if not configured:
        raise click.UsageError(
            "--source, --target and --entry are needed: no pyproject.toml here has a "
            "[[tool.hk2flax.verify]] entry."
        )
    return configured


def run(todo: tuple[VerifyEntry, ...], report: Path | None, device: str | None) -> int:
    """Verify every entry and print a table each; 1 when anything differs."""
    if report is not None and report.suffix != ".json":
        raise click.UsageError(f"--report {report}: the suffix must be .json.")
    if report is not None and not report.absolute().parent.is_dir():
        raise click.UsageError(f"--report {report}: there is no such directory.")
    from rich.console import Console

    from hk2flax.oracle import verify

    console = Console(highlight=False)
    results: list[VerifyReport] = []
    for item in todo:
        result = verify(item.source, item.target, item.entry, item.inputs, device or item.device)
        result.render(console)
        results.append(result)
    if report is not None:
        try:
            report.write_text(json.dumps(_as_json(results), indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise Failure(f"cannot write the report {report}: {error.strerror}") from error
    return max(result.exit_code for result in results)


def _as_json(results: list[VerifyReport]) -> dict[str, Any]:
    """One report as it is; several under "entries"."""
    if len(results) == 1:
        return results[0].to_json()
    everything = [result.to_json() for result in results]
    return {"version": 1, "ok": all(result.ok for result in results), "entries": everything}
