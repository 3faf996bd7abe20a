"""npz and safetensors: flat files of named arrays.

Flax trees: keys joined by "/", collection first ("params/Block_0/Dense_0/kernel").
Haiku trees: "module/path//name", with "params:" or "state:" in front when there is more than
params. numpy keeps bfloat16 in npz as raw "|V2", which hk2flax reads back as bfloat16; dtypes that
npz would lose for good (float8, int4) are refused there.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from hk2flax.params.dtypes import EXTENDED
from hk2flax.params.keys import join_key
from hk2flax.params.readers.safetensors_file import NAMES
from hk2flax.params.tree import as_array, flat_leaves, is_leaf

_CODES = {name: code for code, name in NAMES.items()}


def write_npz(tree: dict[str, Any], stream: BinaryIO, *, haiku: bool) -> list[str]:
    """Write an uncompressed npz, as numpy.savez does.

    Raises:
        ValueError: a dtype that npz loses, or two keys that look alike.
    """
    notes: list[str] = []
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for key, array in _arrays(tree, haiku, notes, texts=True):
            if array.dtype.name in EXTENDED and array.dtype.name != "bfloat16":
                raise ValueError(
                    f"{key} is {array.dtype.name}, which npz cannot keep: "
                    "use msgpack, safetensors or orbax"
                )
            with archive.open(f"{key}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    return notes


def write_safetensors(tree: dict[str, Any], stream: BinaryIO, *, haiku: bool) -> list[str]:
    """Write safetensors; data is aligned to 8 bytes, header keys in order of the data.

    Raises:
        ValueError: a dtype that safetensors does not have.
    """
    notes: list[str] = []
    arrays = dict(_arrays(tree, haiku, notes, texts=False))
    header: dict[str, Any] = {"__metadata__": {"format": "flax"}}
    position = 0
    for key, array in arrays.items():
        if array.dtype.name not in _CODES:
            raise ValueError(f"{key} is {array.dtype.name}, which safetensors does not have")
        end = position + array.nbytes
        offsets = [position, end]
        header[key] = {
            "dtype": _CODES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": offsets,
        }
        position = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    stream.write(len(text).to_bytes(8, "little") + text)
    for array in arrays.values():
        stream.write(_little(array).tobytes())
    return notes


def _arrays(
    tree: dict[str, Any], haiku: bool, notes: list[str], *, texts: bool
) -> Iterator[tuple[str, np.ndarray]]:
    short = haiku and set(tree) == {"params"}
    seen: set[str] = set()
    for path, leaf in flat_leaves(tree):
        key = _haiku_key(path, short) if haiku else join_key(path)
        is_text = isinstance(leaf, str) or (isinstance(leaf, np.ndarray) and leaf.dtype.kind == "U")
        if not (is_leaf(leaf) or (texts and is_text)):
            notes.append(f"left out: {key} ({type(leaf).__name__} is no array of numbers)")
            continue
        if key in seen:
            raise ValueError(f"two leaves have the key {key!r}")
        seen.add(key)
        yield key, as_array(leaf) if is_leaf(leaf) else np.asarray(leaf)


def _haiku_key(path: tuple[str, ...], short: bool) -> str:
    if path[0] not in ("params", "state"):
        return ":".join(path)
    _, module, name = path
    if "//" in module or "//" in name:
        raise ValueError(f"{module!r} {name!r}: '//' in a name cannot be kept in a flat file")
    key = f"{module}//{name}"
    return key if short else f"{path[0]}:{key}"


def _little(array: np.ndarray) -> np.ndarray:
    big = array.dtype.byteorder == ">" or (array.dtype.byteorder == "=" and not np.little_endian)
    return array.astype(array.dtype.newbyteorder("<")) if big else array
