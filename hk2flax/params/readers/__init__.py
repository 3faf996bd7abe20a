"""Reading a checkpoint: its content decides the format, never its suffix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hk2flax.params.checkpoint import Checkpoint
from hk2flax.params.dtypes import is_lost, repaired
from hk2flax.params.errors import CheckpointError
from hk2flax.params.readers.loaded import BROKEN, Loaded
from hk2flax.params.readers.sniff import load
from hk2flax.params.readers.structure import haiku_trees
from hk2flax.params.readers.variables import flax_variables
from hk2flax.params.tree import map_arrays

__all__ = ["load_file", "read_checkpoint", "read_variables"]


def load_file(path: str | Path) -> Loaded:
    """Read a file or directory of any known format as plain data.

    Raises:
        CheckpointError: missing, unknown, broken, hostile.
    """
    path = Path(path)
    try:
        return _with_bfloat16(load(path))
    except CheckpointError as error:
        raise CheckpointError(path, error.what, error.why) from error
    except BROKEN as error:
        why = str(error) or type(error).__name__
        raise CheckpointError(path, "cannot read the checkpoint", why) from error


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read a Haiku checkpoint: params, state, and everything else as `extras`.

    Raises:
        CheckpointError: as `load_file`, or no Haiku parameters are found in it.
    """
    loaded = load_file(path)
    try:
        return haiku_trees(loaded)
    except ValueError as error:
        raise CheckpointError(path, "no Haiku parameters in it", str(error)) from error


def read_variables(path: str | Path) -> tuple[dict[str, Any], Loaded]:
    """Read a Flax variables tree, nested: {"params": {...}, "batch_stats": {...}, ...}.

    Raises:
        CheckpointError: as `load_file`, or it holds no such tree.
    """
    loaded = load_file(path)
    try:
        return flax_variables(loaded), loaded
    except ValueError as error:
        raise CheckpointError(path, "no Flax variables in it", str(error)) from error


def _with_bfloat16(loaded: Loaded) -> Loaded:
    """Give raw two-byte arrays their dtype back; one-byte ones wait for the map."""
    count = 0

    def repair(array: np.ndarray) -> np.ndarray:
        nonlocal count
        if not is_lost(array.dtype) or array.dtype.itemsize != 2:
            return array
        count += 1
        return repaired(array)

    loaded.tree = map_arrays(repair, loaded.tree)
    if count:
        loaded.notes.append(f"{count} arrays stored as raw |V2 were taken for bfloat16")
    return loaded
