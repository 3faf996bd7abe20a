"""What the rewriter finds in real packages, and how much of it becomes plain Flax.

    python -m benchmarks.corpus DIR...       packages or folders on disk
    python -m benchmarks.corpus --pypi       the pinned packages, downloaded once into a cache

Prints per package the modules, transforms and Haiku symbols found, the share rewritten as native
Flax, with a helper, or left for a person, and lines per second. Exits 1 when an output file does
not compile or a second run changes something.
"""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

PACKAGES = {
    "haiku-geometric": "0.0.5",
    "jumanji": "1.1.2",
    "progen-transformer": "0.0.36",
    "surjectors": "0.3.3",
    "sbijax": "0.3.4",
    "pgx": "2.6.0",
}
CACHE = Path(os.environ.get("HK2FLAX_CORPUS", Path(tempfile.gettempdir()) / "hk2flax-corpus"))
_MODULES = {"Module", "RNNCore"}


class NoRegistry(Exception):
    """The package registry cannot be reached."""


@dataclass
class Outcome:
    """What became of one folder."""

    name: str
    files: int = 0
    lines: int = 0
    seconds: float = 0.0
    counts: Counter = field(default_factory=Counter)
    symbols: Counter = field(default_factory=Counter)
    diagnostics: Counter = field(default_factory=Counter)
    modules: int = 0
    transforms: int = 0
    problems: list[str] = field(default_factory=list)
    target: Path | None = None


def fetch(name: str, version: str, cache: Path = CACHE) -> Path:
    """The unpacked sources of a package: the wheel where there is one, else the sdist."""
    folder = cache / f"{name}-{version}"
    if folder.is_dir():
        return folder
    with tempfile.TemporaryDirectory() as scratch:
        base = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d", scratch]
        ways = (["--only-binary", ":all:"], ["--no-binary", ":all:", "--no-build-isolation"])
        errors = []
        for way in ways:
            done = subprocess.run(
                [*base, *way, f"{name}=={version}"], capture_output=True, text=True, timeout=300
            )
            if done.returncode == 0:
                break
            errors.append(done.stderr.strip()[-300:])
        else:
            raise NoRegistry(f"{name}=={version}: {' / '.join(errors)}")
        archive = next(iter(Path(scratch).iterdir()))
        unpacked = Path(scratch) / "unpacked"
        if archive.suffix == ".whl":
            zipfile.ZipFile(archive).extractall(unpacked)
        else:
            with tarfile.open(archive) as packed:
                packed.extractall(unpacked, filter="data")
            unpacked = next(p for p in unpacked.iterdir() if p.is_dir())
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(unpacked, folder)
    return folder


def rewrite(source: Path, target: Path, prefer: str = "exact") -> Outcome:
    """Rewrite a folder into `target` and check the output."""
    from hk2flax.project.files import discover
    from hk2flax.rewrite import rewrite_project

    out = Outcome(source.name, target=target)
    start = time.perf_counter()
    try:
        result = rewrite_project(discover([source]), prefer)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}:{last.lineno}"
        out.problems.append(f"crashes at {place}: {type(error).__name__}: {error}")
        return out
    out.seconds = time.perf_counter() - start
    shutil.copytree(source, target, dirs_exist_ok=True)
    texts = {}
    for file in result.files:
        out.files += 1
        out.lines += (file.source.text or "").count("\n")
        for (symbol, level), number in file.counts.items():
            out.counts[level] += number
            out.symbols[symbol] += number
        out.diagnostics.update(d.code for d in file.diagnostics)
        out.modules += _module_classes(file.source.text or "")
        if file.text is not None:
            texts[target / Path(file.source.path).relative_to(source)] = file.text
    out.transforms = sum(n for s, n in out.symbols.items() if "transform" in s)
    root = Path(os.path.abspath(source))
    for rel, text in result.new_files.items():
        place = Path(os.path.abspath(discover([source]).root / rel))
        texts[target / place.relative_to(root)] = text
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        try:
            compile(text, str(path), "exec", dont_inherit=True)
        except SyntaxError as error:
            out.problems.append(f"{path.relative_to(target)} does not compile: {error}")
    second = rewrite_project(discover([target]), prefer)
    changed = [f.source.rel for f in second.files if f.changed] + sorted(second.new_files)
    if changed:
        out.problems.append(f"a second run changes {', '.join(changed)}")
    return out


def _module_classes(text: str) -> int:
    """Classes that name a Haiku module base directly."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return 0
    found = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for base in node.bases:
                text = ast.unparse(base)
                head, _, last = text.rpartition(".")
                found += last in _MODULES and head in ("hk", "haiku")
    return found


def table(outcomes: list[Outcome]) -> str:
    head = (
        f"{'package':28}{'files':>6}{'lines':>8}{'modules':>8}{'transf.':>8}{'symbols':>8}"
        f"{'native':>8}{'helper':>8}{'manual':>8}{'lines/s':>10}  diagnostics"
    )
    rows = [head]
    for out in outcomes:
        total = sum(out.counts.values()) or 1
        shares = "".join(f"{out.counts[k] / total:8.0%}" for k in ("native", "helper", "manual"))
        codes = " ".join(f"{code}:{n}" for code, n in sorted(out.diagnostics.items()))
        rows.append(
            f"{out.name:28}{out.files:6}{out.lines:8}{out.modules:8}{out.transforms:8}"
            f"{sum(out.symbols.values()):8}{shares}{out.lines / (out.seconds or 1):10.0f}  {codes}"
        )
        rows += [f"    {problem}" for problem in out.problems]
    return "\n".join(rows)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--pypi", action="store_true", help="the pinned packages")
    parser.add_argument("--prefer", default="exact")
    options = parser.parse_args()
    folders = [folder.resolve() for folder in options.folders]
    if options.pypi or not folders:
        try:
            folders += [fetch(*item) for item in PACKAGES.items()]
        except NoRegistry as error:
            print(f"the registry cannot be reached: {error}", file=sys.stderr)
            return 2
    outcomes = []
    with tempfile.TemporaryDirectory() as scratch:
        for number, folder in enumerate(folders):
            outcomes.append(rewrite(folder, Path(scratch) / str(number), options.prefer))
        print(table(outcomes))
        left = Counter()
        for out in outcomes:
            left += out.symbols
        print("\nsymbols: " + ", ".join(f"{s} {n}" for s, n in left.most_common(40)))
    return int(any(out.problems for out in outcomes))


if __name__ == "__main__":
    sys.exit(main())
