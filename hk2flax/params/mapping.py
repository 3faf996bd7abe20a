"""Carrying arrays through a map, both ways, with nothing left over and nothing missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from hk2flax.params.checkpoint import Checkpoint
from hk2flax.params.dtypes import repaired
from hk2flax.params.errors import CheckpointError
from hk2flax.params.join import covers_all, join_targets
from hk2flax.params.map import Entry, Map, apply_ops
from hk2flax.params.tree import as_array, flat_leaves, is_leaf, put

_STRICT = ("params", "batch_stats", "state")


def convert(checkpoint: Checkpoint, mapping: Map) -> dict[str, Any]:
    """Return the Flax variables {"params": {...}, "batch_stats": {...}} for a Haiku checkpoint.

    Arrays keep their dtype; views are returned where the layout allows.

    Raises:
        CheckpointError: the map contradicts itself, or leaves are left over, missing or of a
            wrong shape; the message names every one of them.
    """
    _check(mapping)
    found = dict(checkpoint.leaves())
    entries = {(entry.kind, entry.module, entry.name): entry for entry in mapping.entries}
    problems = [f"not in the map: {' '.join(key)}" for key in found if key not in entries]
    problems += [f"missing: {entry.label}" for key, entry in entries.items() if key not in found]
    pairs = [(entry, found[key]) for key, entry in entries.items() if key in found]
    problems += _wrong_shapes(pairs)
    if problems:
        hint = _replicated_hint(pairs) if len(pairs) == len(found) else ""
        raise _mismatch("the checkpoint and the map disagree", [*hint, *problems])
    variables: dict[str, Any] = {}
    for entry, array in pairs:
        fixed = _repaired(entry, array)
        for target in entry.targets:
            leaf = apply_ops(fixed, target.ops)
            put(variables, (target.collection, *target.path), leaf)
    return variables


def convert_back(variables: dict[str, Any], mapping: Map) -> Checkpoint:
    """Return the Haiku checkpoint for Flax variables: the inverse of `convert`.

    Leaves that the map drops cannot come back; `notes` names them. Entries of `variables` that
    are no collection of the map become `extras`.

    Raises:
        CheckpointError: as `convert`, or parts of a split leaf contradict each other.
    """
    _check(mapping)
    targets = [target for entry in mapping.entries for target in entry.targets]
    collections = {target.collection for target in targets} | set(_STRICT)
    chosen = {key: tree for key, tree in variables.items() if key in collections}
    found = {path: leaf for path, leaf in flat_leaves(chosen) if is_leaf(leaf)}
    wanted = {(target.collection, *target.path): target for target in targets}
    problems = [f"not in the map: {'/'.join(path)}" for path in found if path not in wanted]
    problems += [f"missing: {target.label}" for path, target in wanted.items() if path not in found]
    for path, target in wanted.items():
        if path in found and np.shape(found[path]) != tuple(target.shape):
            shape = np.shape(found[path])
            problems.append(f"wrong shape: {target.label} is {shape}, the map says {target.shape}")
    if problems:
        raise _mismatch("the Flax variables and the map disagree", problems)
    extras = {key: tree for key, tree in variables.items() if key not in collections}
    result = Checkpoint({}, {}, extras)
    for entry in mapping.entries:
        if not entry.targets:
            result.notes.append(f"not restored: {entry.label} (Flax has none: {entry.reason})")
            continue
        parts = [
            (target.ops, _repaired(entry, found[(target.collection, *target.path)]))
            for target in entry.targets
        ]
        tree = result.params if entry.kind == "params" else result.state
        try:
            tree.setdefault(entry.module, {})[entry.name] = join_targets(entry.shape, parts)
        except ValueError as error:
            raise CheckpointError("", f"cannot join {entry.label}", str(error)) from error
    return result


def _check(mapping: Map) -> None:
    problems = mapping.problems()
    problems += [
        f"{entry.label}: its targets leave elements out (slices do not cover it)"
        for entry in mapping.entries
        if not problems and entry.targets and not covers_all(entry.shape, entry.targets)
    ]
    if problems:
        raise _mismatch("the map contradicts itself", problems)


def _wrong_shapes(pairs: list[tuple[Entry, np.ndarray]]) -> Iterator[str]:
    for entry, array in pairs:
        if array.shape != tuple(entry.shape):
            expected = tuple(entry.shape)
            yield f"wrong shape: {entry.label} is {array.shape}, the map says {expected}"


def _replicated_hint(pairs: list[tuple[Entry, np.ndarray]]) -> list[str]:
    sizes = {array.shape[:1] for _, array in pairs}
    extra = all(array.shape[1:] == tuple(entry.shape) for entry, array in pairs)
    if len(sizes) != 1 or sizes == {()} or not extra:
        return []
    (size,) = sizes.pop()
    return [
        f"every leaf has one more leading axis, of size {size}: a copy for each device (pmap)? "
        "Use --unreplicate"
    ]


def _repaired(entry: Entry, leaf: Any) -> np.ndarray:
    array = as_array(leaf, entry.dtype)
    try:
        return repaired(array, entry.dtype)
    except ValueError as error:
        raise CheckpointError("", entry.label, str(error)) from error


def _mismatch(what: str, problems: list[str]) -> CheckpointError:
    return CheckpointError("", what, "\n  ".join(["", *problems]).lstrip(" "))
