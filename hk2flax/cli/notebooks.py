"""Notebooks that use Haiku: they are no Python files, so a person has to know of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from hk2flax.project.files import tree_files

_IMPORT = re.compile(rb"\b(?:import|from)\s+haiku\b")
_SHOWN = 5


def notebooks_left(paths: Iterable[Path]) -> str:
    """A sentence that names the notebooks under these directories that import Haiku, or ""."""
    found = [
        file.relative_to(path).as_posix()
        for path in paths
        if path.is_dir()
        for file in tree_files(path)
        if file.suffix == ".ipynb" and _uses_haiku(file)
    ]
    if not found:
        return ""
    names = ", ".join(found[:_SHOWN]) + (", ..." if len(found) > _SHOWN else "")
    if len(found) == 1:
        return f"A notebook uses Haiku and stays as it is: {names}. Make a script of it first."
    return f"{len(found)} notebooks use Haiku and stay as they are: {names}. Make scripts of them."


def _uses_haiku(file: Path) -> bool:
    try:
        return _IMPORT.search(file.read_bytes()) is not None
    except OSError:
        return False
