"""Orbax checkpoint directories, read with orbax itself (imported only here, with jax)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hk2flax.params.errors import CheckpointError
from hk2flax.params.readers.loaded import BROKEN, Loaded

MARKERS = ("_METADATA", "_CHECKPOINT_METADATA", "manifest.ocdbt", "checkpoint", "_sharding")
_ITEMS = ("default", "state", "params")


def is_orbax(path: Path) -> bool:
    """True for a directory that orbax wrote (its metadata or its data files are there)."""
    return any((path / marker).is_file() for marker in MARKERS)


def read_orbax(path: Path) -> Loaded:
    """Restore the whole tree as numpy arrays, whatever devices wrote it.

    Raises:
        CheckpointError: there is no orbax here, or the directory cannot be restored.
    """
    root = _item(path)
    try:
        import orbax.checkpoint as ocp
    except ImportError as error:
        raise CheckpointError(
            path, "an Orbax checkpoint", "reading it needs: pip install 'hk2flax[params]'"
        ) from error
    try:
        with ocp.PyTreeCheckpointer() as checkpointer:
            metadata = checkpointer.metadata(root.resolve())
            item = getattr(metadata, "item_metadata", metadata)
            tree = getattr(item, "tree", item)
            args = _restore_args(ocp, tree)
            restored = checkpointer.restore(root.resolve(), restore_args=args)
    except BROKEN as error:
        raise CheckpointError(path, "cannot read the Orbax checkpoint", str(error)) from error
    return Loaded(_numpy(restored), "orbax")


def _item(path: Path) -> Path:
    """Return the directory that holds the tree: managers and v1 put it one level down."""
    if (path / "_METADATA").is_file():
        return path
    inner = [path / name for name in _ITEMS if (path / name / "_METADATA").is_file()]
    return inner[0] if inner else path


def _restore_args(ocp: Any, tree: Any) -> Any:
    import jax

    return jax.tree_util.tree_map(lambda _: ocp.RestoreArgs(restore_type=np.ndarray), tree)


def _numpy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _numpy(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_numpy(child) for child in value)
    if value is None or isinstance(value, bool | int | float | complex | str | np.ndarray):
        return value
    return np.asarray(value)
