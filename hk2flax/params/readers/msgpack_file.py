"""msgpack as flax.serialization writes it: arrays as extension types, big ones in chunks.

Format: flax/serialization.py (extension 1 an array as (shape, dtype name, bytes), 2 a complex
number, 3 a numpy scalar; arrays over 1 GiB as a dict of flat chunks).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hk2flax.params import dtypes
from hk2flax.params.readers.loaded import Loaded

_CHUNKED = "__msgpack_chunked_array__"


def is_msgpack(head: bytes) -> bool:
    """True when the first byte opens a non-empty msgpack map."""
    return head[:1] != b"" and (0x81 <= head[0] <= 0x8F or head[0] in (0xDE, 0xDF))


def read_msgpack(path: Path) -> Loaded:
    """Read the tree.

    Raises:
        ValueError: malformed or truncated.
    """
    import msgpack

    data = path.read_bytes()
    try:
        tree = msgpack.unpackb(data, ext_hook=_extension, raw=False, strict_map_key=False)
    except (msgpack.UnpackException, msgpack.ExtraData) as error:
        raise ValueError(f"not msgpack, or truncated: {error}") from error
    if not isinstance(tree, dict):
        raise ValueError("msgpack that does not hold a dict")
    return Loaded(_joined(tree), "msgpack")


def _extension(code: int, data: bytes) -> Any:
    import msgpack

    if code == 2:
        real, imaginary = msgpack.unpackb(data)
        return complex(real, imaginary)
    if code not in (1, 3):
        raise ValueError(f"unknown msgpack extension type {code}: not written by flax")
    shape, name, raw = msgpack.unpackb(data, raw=True)
    array = np.frombuffer(raw, dtypes.by_name(name.decode("ascii"))) if raw else None
    if array is None:
        return np.zeros(tuple(shape), dtypes.by_name(name.decode("ascii")))
    array = array.reshape(tuple(shape))
    return array if code == 1 else array[()]


def _joined(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if _CHUNKED not in value:
        return {key: _joined(child) for key, child in value.items()}
    chunks, shape = value["chunks"], value["shape"]
    flat = np.concatenate([chunks[str(number)] for number in range(len(chunks))])
    return flat.reshape(tuple(shape[str(number)] for number in range(len(shape))))
