"""Orbax directories in StandardCheckpointer's layout (orbax and jax are imported only here)."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np

from hk2flax.params.errors import CheckpointError
from hk2flax.params.readers.loaded import BROKEN
from hk2flax.params.readers.orbax_dir import is_orbax
from hk2flax.params.tree import flat_leaves, is_leaf
from hk2flax.params.writers.atomic import atomic_directory


def write_orbax(tree: dict[str, Any], path: Path) -> list[str]:
    """Write a directory that `ocp.StandardCheckpointer().restore(path)` reads.

    Raises:
        CheckpointError: orbax is missing, `path` is something that is no checkpoint, or the
            write fails; then nothing is left behind.
    """
    if path.is_file() or (path.is_dir() and any(path.iterdir()) and not is_orbax(path)):
        raise CheckpointError(path, "will not be replaced", "it exists and is no Orbax checkpoint")
    try:
        import orbax.checkpoint as ocp
    except ImportError as error:
        raise CheckpointError(
            path, "cannot write orbax", "it needs: pip install 'hk2flax[params]'"
        ) from error
    logging.getLogger("absl").setLevel(logging.WARNING)
    notes = [
        f"left out: {'/'.join(keys)} ({type(leaf).__name__} is no array of numbers)"
        for keys, leaf in flat_leaves(tree)
        if not is_leaf(leaf)
    ]
    path = path.resolve()
    try:
        with atomic_directory(path) as new, ocp.StandardCheckpointer() as checkpointer:
            checkpointer.save(new, _savable(tree))
            checkpointer.wait_until_finished()
    except BROKEN as error:
        raise CheckpointError(path, "cannot write orbax", str(error)) from error
    return notes


def _savable(value: Any) -> Any:
    """Return the tree without leaves that are no arrays; numpy scalars become arrays."""
    if isinstance(value, dict):
        return {key: _savable(child) for key, child in value.items() if _has_place(child)}
    if isinstance(value, list | tuple):
        return type(value)(_savable(child) for child in value)
    if isinstance(value, np.ndarray):
        return np.ascontiguousarray(value).reshape(value.shape)
    return np.asarray(value) if isinstance(value, np.generic) else value if is_leaf(value) else None


def _has_place(value: Any) -> bool:
    return isinstance(value, dict | list | tuple) or is_leaf(value)
