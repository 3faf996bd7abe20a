"""Telling formats apart by their first bytes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hk2flax.params.errors import CheckpointError
from hk2flax.params.readers.loaded import Loaded
from hk2flax.params.readers.msgpack_file import is_msgpack, read_msgpack
from hk2flax.params.readers.npy import MAGIC, read_npy
from hk2flax.params.readers.npz import read_npz
from hk2flax.params.readers.orbax_dir import is_orbax, read_orbax
from hk2flax.params.readers.safetensors_file import header_length, read_safetensors
from hk2flax.params.readers.streams import ZSTD, expand, is_compressed
from hk2flax.params.readers.unpickle import read_pickles

_KNOWN = "known: npz, npy, pickle (also dill, joblib), msgpack, safetensors, Orbax directories"
_FOREIGN = (
    (ZSTD, "zstd-compressed; expand it first (zstd -d)"),
    (b"\x89HDF", "an HDF5 file; save its arrays as npz first"),
    (b"\x04\x22\x4d\x18", "lz4-compressed; expand it first"),
    (b"ZF", "a joblib file older than 0.10; load it with joblib and save it anew"),
    (b"RIFF", "no checkpoint at all"),
)


def load(path: Path) -> Loaded:
    """Read `path` by what it contains.

    Raises:
        CheckpointError: missing, empty, a directory or file of no known format.
        others in `loaded.BROKEN`: broken contents.
    """
    if path.is_dir():
        if is_orbax(path) or any(is_orbax(child) for child in path.iterdir() if child.is_dir()):
            return read_orbax(path)
        raise CheckpointError(path, "a directory that is no Orbax checkpoint", _KNOWN)
    if not path.exists():
        raise CheckpointError(path, "cannot read the checkpoint", "no such file")
    if not path.is_file():
        raise CheckpointError(path, "cannot read the checkpoint", "not a regular file")
    return _load_file(path, expanded=False)


def _load_file(path: Path, *, expanded: bool) -> Loaded:
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(64)
    if not head:
        raise CheckpointError(path, "the file is empty", "nothing was written to it")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return read_npz(path)
    if header_length(head, size):
        return read_safetensors(path)
    if is_compressed(head) and not expanded:
        return _load_compressed(path, head)
    for magic, what in _FOREIGN:
        if head.startswith(magic):
            raise CheckpointError(path, "not a format that can be read", what)
    if head.startswith(MAGIC):
        with path.open("rb") as stream:
            return Loaded(read_npy(stream, size), "npy")
    if is_msgpack(head):
        return read_msgpack(path)
    return _load_pickle(path, head)


def _load_compressed(path: Path, head: bytes) -> Loaded:
    data = expand(path, head)
    with tempfile.TemporaryDirectory(prefix="hk2flax-") as folder:
        inner = Path(folder, "expanded")
        inner.write_bytes(data)
        loaded = _load_file(inner, expanded=True)
    loaded.notes.append("the file was compressed")
    return loaded


def _load_pickle(path: Path, head: bytes) -> Loaded:
    is_binary = head[0] == 0x80 and head[1:2] <= b"\x05"
    if not is_binary and not _may_be_text_pickle(path, head):
        text = all(byte in b"\t\n\r\f" or 32 <= byte < 127 for byte in head)
        what = "a text file" if text else f"first bytes {head[:8]!r}"
        raise CheckpointError(path, "not a checkpoint in a known format", f"{what}; {_KNOWN}")
    with path.open("rb") as stream:
        return Loaded(read_pickles(stream, path.stat().st_size), "pickle")


def _may_be_text_pickle(path: Path, head: bytes) -> bool:
    """Protocols 0 and 1 have no magic: they open a container or name a class, and end in a dot."""
    with path.open("rb") as stream:
        stream.seek(-1, 2)
        last = stream.read(1)
    return last == b"." and head[:1] in (b"(", b"}", b"]", b"c", b")")
