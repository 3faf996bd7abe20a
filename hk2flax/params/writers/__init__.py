"""Writing trees: one module a format, all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hk2flax.params.errors import CheckpointError
from hk2flax.params.writers import flat_files, msgpack_file, pickle_file
from hk2flax.params.writers.atomic import atomic_file
from hk2flax.params.writers.orbax_dir import write_orbax

FORMATS = ("orbax", "msgpack", "safetensors", "npz")
_SUFFIXES = {
    ".npz": "npz",
    ".msgpack": "msgpack",
    ".safetensors": "safetensors",
    ".orbax": "orbax",
    ".pkl": "pickle",
    ".pickle": "pickle",
}
_WRITERS: dict[str, Callable[..., list[str]]] = {
    "npz": flat_files.write_npz,
    "safetensors": flat_files.write_safetensors,
    "msgpack": msgpack_file.write_msgpack,
    "pickle": pickle_file.write_pickle,
}


def output_format(path: Path, to: str | None, *, reverse: bool) -> str:
    """Return the format to write: `to`, else what the suffix says; no suffix means Orbax.

    Pickle is there for the way back only, where Haiku code expects it.

    Raises:
        CheckpointError: unknown.
    """
    suffix = path.suffix.lower()
    chosen = to or _SUFFIXES.get(suffix) or ("orbax" if not suffix else "")
    allowed = (*FORMATS, "pickle") if reverse else FORMATS
    if chosen not in allowed:
        what = f"--to {to}" if to else f"the suffix {suffix!r}"
        why = f"choose with --to: {', '.join(allowed)}"
        raise CheckpointError(path, f"{what} names no output format", why)
    return chosen


def write_tree(tree: dict[str, Any], path: Path, fmt: str, *, haiku: bool = False) -> list[str]:
    """Write a tree of plain data; returns notes about what the format could not hold.

    haiku: the tree is {"params": {module: {name: ...}}, ...}, whose flat keys are
        "module//name" instead of "params/...".

    Raises:
        CheckpointError: it cannot be written; nothing is left behind.
    """
    if fmt == "orbax":
        return write_orbax(tree, path)
    try:
        with atomic_file(path) as stream:
            return _WRITERS[fmt](tree, stream, haiku=haiku)
    except (OSError, ValueError, OverflowError) as error:
        raise CheckpointError(path, f"cannot write {fmt}", str(error)) from error
