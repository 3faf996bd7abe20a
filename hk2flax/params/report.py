"""What a conversion did, or would do: data for the command line to print."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hk2flax.params.tree import as_array, flat_leaves, is_leaf


@dataclass(frozen=True)
class LeafInfo:
    """One leaf of the result. `sha256` of its bytes, where asked for."""

    path: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    bytes: int
    sha256: str = ""

    @property
    def collection(self) -> str:
        """The first key: "params", "batch_stats", "opt_state", ..."""
        return self.path[0]

    @property
    def count(self) -> int:
        """How many numbers it holds."""
        return int(np.prod(self.shape, dtype=np.int64))


@dataclass
class ConversionReport:
    """The summary of one conversion; `str()` is the text for a terminal.

    leaves: of the result, params first. mirrors: places of optimizer moments and parameter copies
    that were converted too. dropped: Haiku leaves that Flax does not have, with the reason.
    guessed: leaves placed by the catalog's rules alone. notes: repairs and assumptions.
    """

    checkpoint: Path
    format: str
    output: Path | None
    output_format: str
    reverse: bool
    dry_run: bool
    leaves: list[LeafInfo] = field(default_factory=list)
    mirrors: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    guessed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def collections(self) -> dict[str, list[LeafInfo]]:
        """Return the leaves by collection."""
        found: dict[str, list[LeafInfo]] = {}
        for leaf in self.leaves:
            found.setdefault(leaf.collection, []).append(leaf)
        return found

    @property
    def parameters(self) -> int:
        """How many numbers the params hold."""
        return sum(leaf.count for leaf in self.leaves if leaf.collection == "params")

    @property
    def bytes(self) -> int:
        """Size of all arrays."""
        return sum(leaf.bytes for leaf in self.leaves)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            **{key: value for key, value in vars(self).items() if key != "leaves"},
            "checkpoint": str(self.checkpoint),
            "output": None if self.output is None else str(self.output),
            "parameters": self.parameters,
            "bytes": self.bytes,
            "leaves": [{**vars(leaf), "path": list(leaf.path)} for leaf in self.leaves],
        }

    def __str__(self) -> str:
        """Return the text for a terminal."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        to = f" -> {self.output or '(nowhere)'} ({self.output_format})"
        yield f"{self.checkpoint} ({self.format}){to}{', dry run' if self.dry_run else ''}"
        for name, leaves in self.collections().items():
            dtypes = ", ".join(sorted({leaf.dtype for leaf in leaves}))
            numbers = sum(leaf.count for leaf in leaves)
            size = human(sum(leaf.bytes for leaf in leaves))
            plural = "leaf" if len(leaves) == 1 else "leaves"
            yield f"  {name}: {len(leaves)} {plural}, {numbers:,} numbers, {size}, {dtypes}"
            if self.dry_run:
                for leaf in leaves:
                    text = f"    {'/'.join(leaf.path)} {leaf.shape} {leaf.dtype}"
                    yield f"{text} {leaf.sha256[:16]}".rstrip()
        if self.mirrors:
            yield f"  converted like the parameters: {', '.join(self.mirrors)}"
        titles = {"dropped": self.dropped, "guessed": self.guessed, "note": self.notes}
        for title, lines in titles.items():
            yield from (f"  {title}: {line}" for line in lines)


def inspect_tree(tree: dict[str, Any], *, hashes: bool = False) -> list[LeafInfo]:
    """Return one LeafInfo for every array or number in a tree."""
    found = []
    for path, leaf in flat_leaves(tree):
        if is_leaf(leaf):
            array = as_array(leaf)
            digest = hashlib.sha256(array.tobytes()).hexdigest() if hashes else ""
            found.append(LeafInfo(path, array.shape, array.dtype.name, array.nbytes, digest))
    return found


def human(size: int) -> str:
    """Return a size in bytes as text: "4.9 MB"."""
    number = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} B" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"
