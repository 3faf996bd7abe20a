"""msgpack, byte for byte what `flax.serialization.to_bytes` gives for the same state dict."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np

_CHUNK = 1 << 30


def write_msgpack(tree: dict[str, Any], stream: BinaryIO, *, haiku: bool = False) -> list[str]:
    """Write a tree so that flax.serialization reads it; lists become dicts by index, as there.

    Raises:
        ValueError: something that msgpack cannot hold.
    """
    import msgpack

    packer = msgpack.Packer(default=_default, strict_types=True, use_bin_type=True)
    try:
        _pack(state_dict(tree), packer, stream)
    except TypeError as error:
        raise ValueError(f"msgpack cannot hold it: {error}") from error
    return []


def state_dict(value: Any) -> Any:
    """Return dicts with text keys throughout, as `flax.serialization.to_state_dict` does."""
    if isinstance(value, dict):
        return {str(key): state_dict(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return {str(number): state_dict(child) for number, child in enumerate(value)}
    if isinstance(value, np.ndarray) and value.nbytes > _CHUNK:
        return _chunked(value)
    return value


def _pack(value: Any, packer: Any, stream: BinaryIO) -> None:
    """Write piece by piece: a whole model need not lie in memory twice."""
    if not isinstance(value, dict):
        stream.write(packer.pack(value))
        return
    stream.write(packer.pack_map_header(len(value)))
    for key, child in value.items():
        stream.write(packer.pack(key))
        _pack(child, packer, stream)


def _chunked(array: np.ndarray) -> dict[str, Any]:
    flat, size = array.reshape(-1), max(1, _CHUNK // array.dtype.itemsize)
    chunks = [flat[start : start + size] for start in range(0, flat.size, size)]
    return {
        "__msgpack_chunked_array__": True,
        "shape": {str(number): size for number, size in enumerate(array.shape)},
        "chunks": {str(number): chunk for number, chunk in enumerate(chunks)},
    }


def _default(value: Any) -> Any:
    import msgpack

    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        if not array.dtype.isnative:
            array = array.astype(array.dtype.newbyteorder("="))
        parts = (array.shape, array.dtype.name, array.tobytes("C"))
        code = 1 if isinstance(value, np.ndarray) else 3
        return msgpack.ExtType(code, msgpack.packb(parts, use_bin_type=True))
    if isinstance(value, complex):
        return msgpack.ExtType(2, msgpack.packb((value.real, value.imag)))
    return value
