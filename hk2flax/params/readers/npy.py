"""One numpy array in the npy format, read without pickle code and without trusting its header.

Format: numpy.lib.format (magic, version, header length, a Python literal, data). numpy's own
reader cannot be used: it rejects "<f1" (float8_e5m2) and would unpickle object arrays.
"""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from hk2flax.params import dtypes
from hk2flax.params.readers.bounded import Bounded
from hk2flax.params.readers.finish import finished
from hk2flax.params.readers.unpickle import SafeUnpickler

MAGIC = b"\x93NUMPY"
_MAX_HEADER = 1 << 16


def read_npy(stream: Any, size: int) -> Any:
    """Read one array (or the object that an object array holds) of `size` bytes in the file.

    Raises:
        ValueError, EOFError: malformed; sizes are checked before anything is allocated.
    """
    bounded = Bounded(stream, size)
    if bounded.read(6) != MAGIC:
        raise ValueError("not an npy file")
    major = bounded.read(2)[0]
    if major not in (1, 2, 3):
        raise ValueError(f"unknown npy version {major}")
    length = int.from_bytes(bounded.read(2 if major == 1 else 4), "little")
    if length > _MAX_HEADER:
        raise ValueError(f"an npy header of {length:,} bytes")
    text = bounded.read(length).decode("latin1" if major < 3 else "utf-8")
    header = ast.literal_eval(text.strip())
    if not isinstance(header, dict) or {"descr", "fortran_order", "shape"} - header.keys():
        raise ValueError("malformed npy header")
    return _data(bounded, header["descr"], header["shape"], bool(header["fortran_order"]))


def _data(bounded: Bounded, descr: Any, shape: Any, is_fortran: bool) -> Any:
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError(f"impossible shape {shape!r}")
    if not isinstance(descr, str):
        raise ValueError("structured arrays are not supported")
    if descr.strip("<>|=") in ("O", "O8", "O4"):
        return finished(SafeUnpickler(bounded).load())
    dtype = dtypes.by_name(descr)
    count = 1
    for size in shape:
        count *= size
    if count * dtype.itemsize > bounded.left:
        raise EOFError(f"truncated: the header promises {count * dtype.itemsize:,} bytes of data")
    if not count:
        return np.zeros(shape, dtype)
    flat = np.frombuffer(bounded.read(count * dtype.itemsize), dtype)
    array = flat.reshape(shape, order="F" if is_fortran else "C")
    if dtype.kind == "U" and shape == ():
        return str(array)
    return array if dtype.isnative else array.astype(dtype.newbyteorder("="))
