"""What `hk2flax demo` does: rewrite, convert, verify, and show each step."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hk2flax.diagnostics.as_text import lines
from hk2flax.project.config import load
from hk2flax.project.example import example
from hk2flax.project.files import discover
from hk2flax.project.ignore import SKIPPED
from hk2flax.rewrite.outcome import outcome
from hk2flax.rewrite.tree import write_tree

if TYPE_CHECKING:
    from rich.console import Console

    from hk2flax.params.map import Map

ENTRY, INPUTS = "driver:resnet", "driver:inputs"
_TREES = f"--source haiku --target flax --entry {ENTRY} --inputs {INPUTS}"
_DIFF_STYLE = {"+": "green", "-": "red", "@": "cyan"}


def run(output: Path | None) -> int:
    """Run the demonstration; 0 when the rewrite is complete and both versions agree."""
    from rich.console import Console

    console = Console(highlight=False)
    kept = output is not None
    base = output.absolute() if output is not None else Path(tempfile.mkdtemp(prefix="hk2flax-"))
    base.mkdir(parents=True, exist_ok=True)
    try:
        return _steps(console, base, kept)
    finally:
        if not kept:
            shutil.rmtree(base, ignore_errors=True)


def _steps(console: Console, base: Path, kept: bool) -> int:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from hk2flax.oracle import build_map, verify
    from hk2flax.params import convert_file

    source, target = base / "haiku", base / "flax"
    checkpoint, converted = source / "checkpoint.npz", base / "checkpoint.flax.npz"
    shutil.copytree(example(), source, ignore=shutil.ignore_patterns(*SKIPPED))
    columns = (TextColumn("[bold]{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("Rewriting the code", total=4)
        _title(console, "1. hk2flax rewrite haiku --output flax")
        code = _rewrite(console, source, target)
        progress.update(task, advance=1, description="Tracing both versions")
        _title(console, f"2. hk2flax map {_TREES}")
        mapping = build_map(source, target, ENTRY, INPUTS)
        mapping.save(base / "hk2flax.map.json")
        _show_map(console, mapping)
        progress.update(task, advance=1, description="Converting the checkpoint")
        command = "convert-params haiku/checkpoint.npz -o checkpoint.flax.npz"
        _title(console, f"3. hk2flax {command} --map hk2flax.map.json")
        console.print(str(convert_file(checkpoint, converted, map=mapping)), markup=False)
        progress.update(task, advance=1, description="Running both versions")
        _title(console, f"4. hk2flax verify {_TREES}")
        report = verify(source, target, ENTRY, INPUTS)
        report.render(console)
        progress.update(task, advance=1, description="Done")
    if kept:
        console.print(f"The Flax project is in {target}, its checkpoint is {converted}.")
    return max(code, report.exit_code)


def _title(console: Console, text: str) -> None:
    console.print(f"\n[bold]{text}[/]\n", soft_wrap=True)


def _rewrite(console: Console, source: Path, target: Path) -> int:
    from rich.text import Text

    from hk2flax.rewrite import rewrite_project

    found = discover([source], load(source).exclude)
    done = outcome(found, rewrite_project(found, "exact"), mode="output")
    write_tree(target, source, found.root, done.changes, done.new_files)
    for file in done.report.files:
        if file.status == "rewritten":
            for line in file.diff.splitlines():
                console.print(Text(line, _DIFF_STYLE.get(line[:1], "")), soft_wrap=True)
    for line in lines(done.report):
        console.print(line, markup=False)
    return int(done.report.needs_person)


def _show_map(console: Console, mapping: Map) -> None:
    from rich.table import Table

    table = Table("Haiku", "Flax", box=None, header_style="bold")
    params = [entry for entry in mapping.entries if entry.kind == "params"]
    for entry in params:
        for leaf in entry.targets:
            table.add_row(f"{entry.module} {entry.name}", leaf.label)
    console.print(table, markup=False)
    rest = len(mapping.entries) - len(params)
    console.print(f"and {rest} leaves of state, the averages of BatchNorm")
