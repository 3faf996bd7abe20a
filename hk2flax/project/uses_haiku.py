"""Whether a project uses DeepMind's Haiku at all, before anything is parsed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from hk2flax.project.source import SourceFile

# `import jax, haiku as hk`, `from haiku import nets`, `importlib.import_module("haiku")`
_IMPORT = re.compile(rb"""^[^#\n]*\b(?:import|from)\b[^#\n]*\bhaiku\b|["']haiku\b""", re.M)


def imports_haiku(sources: Iterable[SourceFile]) -> bool:
    """True when some file may import Haiku; a word in a comment or a name is no import."""
    return any(b"haiku" in s.data and _IMPORT.search(s.data) is not None for s in sources)


def own_package(sources: Sequence[SourceFile]) -> str | None:
    """The folder of a package `haiku` that the project itself has where imports begin, or None.

    It is a copy of Haiku's sources, or another library of that name.
    """
    packages = {s.rel.removesuffix("__init__.py") for s in sources if s.rel.endswith("__init__.py")}
    for folder in sorted(packages):
        parent = folder.removesuffix("haiku/")
        at_root = not parent or (parent.endswith("/") and parent not in packages)
        if folder == f"{parent}haiku/" and at_root:
            return folder
    return None


def is_haiku(sources: Sequence[SourceFile], folder: str) -> bool:
    """True for the package of Haiku itself, False for another library of that name."""
    return any(s.rel == f"{folder}_src/module.py" for s in sources)
