"""Orbax checkpoint directories, read with orbax itself (imported only here, with jax)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hk2flax.params.errors import CheckpointError
from hk2flax.params.readers.loaded import BROKEN, Loaded

MARKERS = ("_METADATA", "_CHECKPOINT_METADATA", "manifest.ocdbt", "checkpoint", "_sharding")


def is_orbax(path: Path) -> bool:
    """True for a directory that orbax wrote (its metadata or its data files are there)."""
    return any((path / marker).is_file() for marker in MARKERS)


def read_orbax(path: Path) -> Loaded:
    """Restore the whole tree as numpy arrays, whatever devices wrote it.

    Raises:
        CheckpointError: there is no orbax here, or the directory cannot be restored.
    """
    try:
        import orbax.checkpoint as ocp
    except ImportError as error:
        raise CheckpointError(
            path, "an Orbax checkpoint", "reading it needs: pip install 'hk2flax[params]'"
        ) from error
    items = _items(path)
    try:
        trees = {name: _restore(ocp, root) for name, root in items.items()}
    except BROKEN as error:
        raise CheckpointError(path, "cannot read the Orbax checkpoint", str(error)) from error
    return Loaded(trees.get("", trees), "orbax")


def _items(path: Path) -> dict[str, Path]:
    """Return the directories that hold trees; managers and orbax v1 put them one level down."""
    if (path / "_METADATA").is_file():
        return {"": path}
    inner = {child.name: child for child in sorted(path.iterdir()) if is_orbax(child)}
    whole = [child for name, child in inner.items() if name in ("default", "state")]
    if whole and "params" not in inner:
        return {"": whole[0]}
    return inner or {"": path}


def _restore(ocp: Any, root: Path) -> Any:
    with ocp.PyTreeCheckpointer() as checkpointer:
        metadata = checkpointer.metadata(root.resolve())
        item = getattr(metadata, "item_metadata", metadata)
        args = _restore_args(ocp, getattr(item, "tree", item))
        return _numpy(checkpointer.restore(root.resolve(), restore_args=args))


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
