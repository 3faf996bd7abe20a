"""What `hk2flax rewrite` does, step by step."""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from hk2flax.cli.console import paint, raw, say, use_color
from hk2flax.cli.failure import Failure
from hk2flax.cli.notebooks import notebooks_left
from hk2flax.diagnostics.as_text import lines, plain
from hk2flax.diagnostics.report import Report
from hk2flax.diagnostics.select import check_prefixes
from hk2flax.project.config import load
from hk2flax.project.files import discover
from hk2flax.rewrite.diff import project_diff
from hk2flax.rewrite.outcome import outcome
from hk2flax.rewrite.tree import check_output, write_tree
from hk2flax.rewrite.write import write_in_place

_REPORTS = {".json": "as_json", ".sarif": "as_sarif", ".html": "as_html"}


def run(
    paths: tuple[Path, ...],
    diff: bool = False,
    check: bool = False,
    output: Path | None = None,
    report: Path | None = None,
    prefer: str | None = None,
    jobs: int = 1,
    exclude: tuple[str, ...] = (),
    select: tuple[str, ...] = (),
    ignore: tuple[str, ...] = (),
    allow_dirty: bool = False,
    quiet: bool = False,
) -> int:
    """Discover, rewrite, write, report; returns the exit code."""
    mode = _mode(diff, check, output)
    if report is not None:
        _check_report(report)
    if output is not None:
        if len(paths) != 1:
            raise click.UsageError("--output takes one PATH only.")
        check_output(output, paths[0], allow_dirty)
    config = load(paths[0])
    prefer = prefer or config.prefer or "exact"
    selected = check_prefixes(select or config.select)
    ignored = check_prefixes((*config.ignore, *ignore))

    start = time.perf_counter()
    found = discover(paths, (*config.exclude, *exclude))
    timings = {"discover": time.perf_counter() - start}
    with _progress(len(found.targets), quiet):
        from hk2flax.rewrite import rewrite_project

        result = rewrite_project(found, prefer, jobs)
    done = outcome(found, result, selected, ignored, prefer, mode, timings)
    failed = done.report.all_failed
    if not failed and mode == "diff":
        raw(project_diff(found.root, done.changes, done.new_files))
    elif not failed and output is not None:
        root = Path(os.path.abspath(paths[0]))
        write_tree(output, root, found.root, done.changes, done.new_files, allow_dirty)
    elif mode == "written" and done.changes:
        write_in_place(found.root, done.changes, done.new_files, allow_dirty)
    done.report.timings["total"] = time.perf_counter() - start
    _print(done.report, quiet)
    left = notebooks_left(paths)
    if left:
        say(left, err=mode == "diff")
    if report is not None:
        _write_report(report, done.report)
    return _exit_code(done.report)


def _mode(diff: bool, check: bool, output: Path | None) -> str:
    given = [
        name
        for name, value in (("--diff", diff), ("--check", check), ("--output", output))
        if value
    ]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} exclude each other.")
    return given[0].removeprefix("--") if given else "written"


def _exit_code(report: Report) -> int:
    if report.all_failed:
        return 2
    return int(report.needs_person or (report.mode == "check" and report.would_change))


def _check_report(path: Path) -> None:
    if path.suffix not in _REPORTS:
        raise click.UsageError(
            f"--report {path}: the suffix must be {', '.join(_REPORTS)}, not {path.suffix!r}."
        )
    if not path.absolute().parent.is_dir():
        raise click.UsageError(f"--report {path}: there is no such directory.")


def _write_report(path: Path, report: Report) -> None:
    render: Callable[[Report], str]
    render = importlib.import_module(f"hk2flax.diagnostics.{_REPORTS[path.suffix]}").render
    try:
        path.write_text(render(report), encoding="utf-8")
    except OSError as error:
        raise Failure(f"cannot write the report {path}: {error.strerror}") from error


def _print(report: Report, quiet: bool) -> None:
    err = report.mode == "diff"
    for line in lines(report, paint if use_color(err) else plain, quiet):
        say(line, err)
    if not report.files and not quiet:
        say("There are no Python files here.", err=True)


@contextmanager
def _progress(count: int, quiet: bool) -> Iterator[None]:
    """A spinner on a terminal while many files are read."""
    if quiet or count < 20 or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(f"Rewriting {count} files"):
        yield
