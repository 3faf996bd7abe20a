"""How fast the rewriter is, in multiples of `ast.parse` over the same files in the same run.

    python -m benchmarks.rewrite [--repeat N] [--limits]

1. files that change: every Haiku file of the corpus (fixtures/, or the packages given);
2. a tree where one file in ten uses Haiku;
3. ten times the files;
4. start-up: `hk2flax --version` against `python -c "import click"`.

With --limits the exit code is 1 when a figure is above what the project promises.
"""

from __future__ import annotations

import argparse
import ast
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIMITS = {"files that change": 25.0, "one in ten": 4.0, "ten times": 10.5, "start-up": 1.5}

PLAIN = '''"""A module of the kind most of a repository is made of."""

import dataclasses
import logging
from collections.abc import Iterable, Mapping

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Entry{n}:
    """One line of the table."""

    key: str
    value: float
    tags: tuple[str, ...] = ()

    def scaled(self, factor: float) -> "Entry{n}":
        return dataclasses.replace(self, value=self.value * factor)


def load_{n}(lines: Iterable[str]) -> list[Entry{n}]:
    entries = []
    for number, line in enumerate(lines):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        try:
            key, value, *tags = line.split(",")
            entries.append(Entry{n}(key, float(value), tuple(tags)))
        except ValueError as error:
            logger.warning("line %d: %s", number, error)
    return entries


def summarise_{n}(entries: Iterable[Entry{n}], weights: Mapping[str, float]) -> dict[str, float]:
    totals: dict[str, float] = {{}}
    for entry in entries:
        for tag in entry.tags or ("none",):
            totals[tag] = totals.get(tag, 0.0) + entry.value * weights.get(tag, 1.0)
    return {{tag: total for tag, total in sorted(totals.items()) if total}}
'''


def best(action: Callable[[], object], repeat: int) -> float:
    """The shortest of several runs: what else the machine does only ever adds time."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def haiku_files() -> list[Path]:
    fixtures = HERE.parent / "fixtures"
    return [f for f in sorted(fixtures.rglob("*.py")) if "haiku" in f.read_text(encoding="utf-8")]


def parse_all(files: list[Path]) -> None:
    for file in files:
        ast.parse(file.read_bytes())


def rewrite_all(directory: Path) -> None:
    from hk2flax.project.files import discover
    from hk2flax.rewrite import rewrite_project

    rewrite_project(discover([directory]), "exact")


def copies(files: list[Path], directory: Path, times: int = 1) -> list[Path]:
    """Each file as a module of its own, so that nothing is shared between copies."""
    out = []
    for number in range(times):
        for index, file in enumerate(files):
            target = directory / f"part_{number}" / f"m{index}_{file.parent.name}.py"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
            out.append(target)
    return out


def measure(repeat: int) -> dict[str, tuple[float, str]]:
    from hk2flax import rewrite  # imported before anything is timed

    assert rewrite
    figures: dict[str, tuple[float, str]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        files = haiku_files()
        once = copies(files, Path(scratch) / "once")
        parse = best(lambda: parse_all(once), repeat)
        seconds = best(lambda: rewrite_all(Path(scratch) / "once"), repeat)
        lines = sum(f.read_bytes().count(b"\n") for f in once)
        detail = f"{len(once)} files, {lines} lines, {lines / seconds:.0f} lines/s"
        figures["files that change"] = (seconds / parse, detail)

        mixed = copies(files, Path(scratch) / "mixed")
        for number in range(9 * len(files)):
            target = Path(scratch) / "mixed" / f"plain_{number // 40}" / f"plain_{number}.py"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(PLAIN.format(n=number))
            mixed.append(target)
        parse_mixed = best(lambda: parse_all(mixed), repeat)
        seconds_mixed = best(lambda: rewrite_all(Path(scratch) / "mixed"), repeat)
        lines = sum(f.read_bytes().count(b"\n") for f in mixed)
        figures["one in ten"] = (seconds_mixed / parse_mixed, f"{len(mixed)} files, {lines} lines")

        copies(files, Path(scratch) / "ten", 10)
        ten = best(lambda: rewrite_all(Path(scratch) / "ten"), max(1, repeat // 2))
        figures["ten times"] = (ten / seconds, f"{10 * len(files)} files, {ten:.2f} s")
    bare = best(lambda: run("-c", "import click"), repeat + 2)
    tool = best(lambda: run("-m", "hk2flax", "--version"), repeat + 2)
    figures["start-up"] = (tool / bare, f"{tool * 1000:.0f} ms against {bare * 1000:.0f} ms")
    return figures


def run(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--limits", action="store_true", help="fail above what is promised")
    options = parser.parse_args()
    figures = measure(options.repeat)
    print(f"{'what':20}{'ratio':>8}{'limit':>8}  detail")
    for name, (ratio, detail) in figures.items():
        mark = "" if ratio <= LIMITS[name] else "  above the limit"
        print(f"{name:20}{ratio:8.2f}{LIMITS[name]:8.1f}  {detail}{mark}")
    above = [name for name, (ratio, _) in figures.items() if ratio > LIMITS[name]]
    return int(options.limits and bool(above))


if __name__ == "__main__":
    sys.exit(main())
