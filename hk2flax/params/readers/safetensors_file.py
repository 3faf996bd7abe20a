"""safetensors files: eight bytes of header length, a JSON header, raw data.

Format: https://github.com/huggingface/safetensors#format. Read here directly because the package's
numpy side does not know every dtype and the format is this small.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from hk2flax.params import dtypes
from hk2flax.params.readers.loaded import Loaded

NAMES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
    "C64": "complex64",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu",
}
_MAX_HEADER = 100_000_000


def header_length(head: bytes, size: int) -> int:
    """Return the header's length if these first bytes can be safetensors, else 0."""
    length = int.from_bytes(head[:8], "little")
    fits = len(head) > 8 and head[8:9] == b"{" and 2 <= length <= min(size - 8, _MAX_HEADER)
    return length if fits else 0


def read_safetensors(path: Path) -> Loaded:
    """Read every tensor; keys stay joined (`is_flat`).

    Raises:
        ValueError: header and data contradict each other.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        length = header_length(stream.read(16), size)
        stream.seek(8)
        header = json.loads(stream.read(length).decode("utf-8"))
        if not isinstance(header, dict):
            raise ValueError("the header is not an object")
        header.pop("__metadata__", None)
        start, flat = 8 + length, {}
        for key, about in header.items():
            flat[key] = _tensor(stream, key, about, start, size - start)
    return Loaded(flat, "safetensors", is_flat=True)


def _tensor(stream: Any, key: str, about: Any, start: int, size: int) -> np.ndarray:
    try:
        dtype, shape = dtypes.by_name(NAMES[about["dtype"]]), tuple(about["shape"])
        begin, end = about["data_offsets"]
    except KeyError as error:
        raise ValueError(f"tensor {key!r}: {error} is missing or unknown") from error
    count = 1
    for number in shape:
        if type(number) is not int or number < 0:
            raise ValueError(f"tensor {key!r}: impossible shape {shape}")
        count *= number
    if not 0 <= begin <= end <= size or end - begin != count * dtype.itemsize:
        raise ValueError(
            f"tensor {key!r}: its data does not fit its shape or the file (truncated?)"
        )
    stream.seek(start + begin)
    data = stream.read(end - begin)
    return np.frombuffer(data, dtype).reshape(shape) if count else np.zeros(shape, dtype)
