"""Dropping the leading device axis that pmap leaves on every leaf."""

from __future__ import annotations

from typing import Any

import numpy as np

from hk2flax.params.checkpoint import Checkpoint, Tree
from hk2flax.params.errors import CheckpointError
from hk2flax.params.tree import flat_leaves, map_arrays


def unreplicate(checkpoint: Checkpoint) -> Checkpoint:
    """Return the checkpoint with slice 0 of every leaf, after comparing all slices bit by bit.

    Extras lose the axis entry by entry, where every array of the entry has it and all slices are
    equal; else they stay and a note says so.

    Raises:
        CheckpointError: a leaf of params or state has no such axis, or its slices differ.
    """
    sizes = {array.shape[:1] for _, array in checkpoint.leaves()}
    if len(sizes) != 1 or sizes == {()} or sizes == {(0,)}:
        odd = [f"{' '.join(key)} is {array.shape}" for key, array in checkpoint.leaves()]
        raise CheckpointError(
            "", "--unreplicate: the leaves have no common leading axis", "\n  ".join(["", *odd])
        )
    ((size,),) = sizes
    unequal = [" ".join(key) for key, array in checkpoint.leaves() if not _all_equal(array)]
    if unequal:
        why = f"a sharded axis is no copy: {', '.join(unequal)}"
        raise CheckpointError("", "--unreplicate: slices of these leaves differ", why)
    notes = [*checkpoint.notes, f"removed the leading axis of {size} equal copies"]
    extras: dict[str, Any] = {}
    for key, value in checkpoint.extras.items():
        arrays = [leaf for _, leaf in flat_leaves(value) if isinstance(leaf, np.ndarray)]
        if arrays and all(leaf.shape[:1] == (size,) and _all_equal(leaf) for leaf in arrays):
            extras[key] = map_arrays(lambda array: np.asarray(array[0]), value)
        else:
            extras[key] = value
            if any(leaf.shape[:1] == (size,) for leaf in arrays):
                notes.append(f"{key} keeps its leading axis: not every array is {size} copies")
    params, state = _strip(checkpoint.params), _strip(checkpoint.state)
    return Checkpoint(params, state, extras, checkpoint.format, notes)


def _strip(tree: Tree) -> Tree:
    return {module: {name: a[0] for name, a in names.items()} for module, names in tree.items()}


def _all_equal(array: np.ndarray) -> bool:
    first = np.asarray(array[0]).tobytes()
    return all(np.asarray(part).tobytes() == first for part in array[1:])
