"""The map: which Haiku leaf becomes which Flax leaf, as data that a person can read and edit.

Only the standard library is imported here, so that whoever produces a map (the oracle traces both
programs) can build one cheaply. JSON, one entry a line:

    {"format": "hk2flax.map", "version": 1, "source": "...", "target": "...", "entries": [
      {"kind": "params", "module": "mlp/~/linear_0", "name": "w", "shape": [3, 4],
       "dtype": "float32", "targets": [
         {"collection": "params", "path": ["Dense_0", "kernel"], "shape": [3, 4], "ops": []}]},
      ...]}

Flax paths are lists, because a key may hold a "/". An entry without targets is a Haiku leaf that
Flax does not have; it must say why in "reason".
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hk2flax.params.errors import CheckpointError
from hk2flax.params.map_json import FORMAT, VERSION, decode_entry, encode_entry
from hk2flax.params.ops import apply_ops, invert, is_affine, linear_part, output_shape

__all__ = [
    "Entry",
    "Map",
    "Target",
    "apply_ops",
    "invert",
    "is_affine",
    "linear_part",
    "output_shape",
]


@dataclass(frozen=True)
class Target:
    """One Flax leaf that an entry feeds.

    collection: "params", "batch_stats", "state", ...
    path: keys below the collection; a key may hold any character.
    shape: the Flax leaf's shape, which `ops` must produce.
    ops: layout operations (see `hk2flax.params.ops`) from the Haiku array to this leaf.
    """

    collection: str
    path: tuple[str, ...]
    shape: tuple[int, ...]
    ops: tuple[tuple[Any, ...], ...] = ()

    @property
    def label(self) -> str:
        """How messages name the leaf: "params/Dense_0/kernel"."""
        return "/".join((self.collection, *self.path))


@dataclass(frozen=True)
class Entry:
    """One Haiku leaf and where it goes.

    kind: "params" or "state" (which of Haiku's two trees holds it).
    module, name: Haiku's two keys, as they are ("mlp/~/linear_0", "w").
    shape, dtype: of the Haiku leaf; dtype is a name ("float32", "bfloat16").
    targets: none (dropped; then `reason` says why), one, or several (the leaf is split).
    """

    kind: str
    module: str
    name: str
    shape: tuple[int, ...]
    dtype: str
    targets: tuple[Target, ...] = ()
    reason: str = ""

    @property
    def label(self) -> str:
        """How messages name the leaf: "params mlp/~/linear_0 w"."""
        return f"{self.kind} {self.module} {self.name}"


@dataclass(frozen=True)
class Map:
    """All leaves of one Haiku program and of its Flax form.

    source, target: free text that says what was traced (directory, entry, versions).
    """

    entries: tuple[Entry, ...]
    version: int = VERSION
    source: str = ""
    target: str = ""

    def problems(self) -> list[str]:
        """Return what makes the map unusable, one line for each problem; empty when it is fine."""
        return list(_problems(self))

    def to_json(self) -> str:
        """Return the JSON text, one entry a line."""
        head = {"format": FORMAT, "version": self.version}
        head |= {"source": self.source, "target": self.target}
        lines = ",\n".join("  " + json.dumps(encode_entry(entry)) for entry in self.entries)
        body = f"[\n{lines}\n ]" if self.entries else "[]"
        return f'{json.dumps(head)[:-1]}, "entries": {body}}}\n'

    def save(self, path: str | Path) -> None:
        """Write the map as JSON, all or nothing.

        Raises:
            CheckpointError: the file cannot be written.
        """
        temporary = Path(f"{path}.tmp{os.getpid()}")
        try:
            temporary.write_text(self.to_json(), encoding="utf-8")
            os.replace(temporary, path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise CheckpointError(path, "cannot write the map", str(error)) from error

    @classmethod
    def load(cls, path: str | Path) -> Map:
        """Read a map and check it.

        Raises:
            CheckpointError: the file is missing, is not a map, is of another version, or
                contradicts itself; the message names the entry.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CheckpointError(path, "cannot read the map", str(error)) from error
        try:
            return cls.from_json(text)
        except (ValueError, RecursionError) as error:
            raise CheckpointError(path, "not a usable map", str(error)) from error

    @classmethod
    def from_json(cls, text: str) -> Map:
        """Parse and check the JSON text of a map.

        Raises:
            ValueError: as `load`, without the file's name.
        """
        data = json.loads(text)
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise ValueError(f'no "format": "{FORMAT}" in it: made by `hk2flax map`?')
        if data.get("version") != VERSION:
            raise ValueError(f"map version {data.get('version')!r}; this hk2flax reads {VERSION}")
        rows = data.get("entries")
        if not isinstance(rows, list):
            raise ValueError('"entries" must be a list')
        entries = tuple(_build(row, number) for number, row in enumerate(rows, 1))
        source, target = (str(data.get(key, "")) for key in ("source", "target"))
        loaded = cls(entries, VERSION, source, target)
        if problems := loaded.problems():
            raise ValueError("\n  ".join(["the map contradicts itself:", *problems]))
        return loaded


def _build(row: Any, number: int) -> Entry:
    fields = decode_entry(row, number)
    targets = tuple(Target(**target) for target in fields.pop("targets"))
    return Entry(targets=targets, **fields)


def _problems(mapping: Map) -> Iterator[str]:
    sources: set[tuple[str, str, str]] = set()
    leaves: dict[tuple[str, ...], str] = {}
    for entry in mapping.entries:
        key = (entry.kind, entry.module, entry.name)
        if key in sources:
            yield f"{entry.label}: listed twice"
        sources.add(key)
        if entry.kind not in ("params", "state"):
            yield f'{entry.label}: kind must be "params" or "state"'
        if not entry.targets and not entry.reason:
            yield f"{entry.label}: no target and no reason for dropping it"
        for target in entry.targets:
            full = (target.collection, *target.path)
            if full in leaves:
                yield f"{target.label}: filled by {leaves[full]} and by {entry.label}"
            leaves[full] = entry.label
            if not target.path:
                yield f"{entry.label}: a target without a path"
            try:
                shape = output_shape(entry.shape, target.ops)
            except ValueError as error:
                yield f"{entry.label} -> {target.label}: {error}"
                continue
            if shape != tuple(target.shape):
                yield f"{entry.label} -> {target.label}: ops give {shape}, not {target.shape}"
    for full, label in leaves.items():
        for length in range(2, len(full)):
            if full[:length] in leaves:
                yield f"{'/'.join(full[:length])}: a leaf, and yet {label} goes below it"
