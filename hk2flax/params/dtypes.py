"""dtypes by name, including the ones numpy does not know, and repair of dtypes a format lost.

numpy writes a bfloat16 array to npy/npz as raw 2-byte items ("|V2"), float8 and int4 as "|V1"
(several dtypes look alike), and float8_e5m2 as "<f1", which numpy itself cannot read back.
Measured with numpy 2.4 and ml_dtypes 0.6.
"""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

EXTENDED = tuple(
    name
    for name in (
        "bfloat16",
        "float8_e3m4",
        "float8_e4m3",
        "float8_e4m3b11fnuz",
        "float8_e4m3fn",
        "float8_e4m3fnuz",
        "float8_e5m2",
        "float8_e5m2fnuz",
        "float8_e8m0fnu",
        "float6_e2m3fn",
        "float6_e3m2fn",
        "float4_e2m1fn",
        "int4",
        "uint4",
        "int2",
        "uint2",
    )
    if hasattr(ml_dtypes, name)
)


def by_name(name: str) -> np.dtype[Any]:
    """Return the dtype called `name` ("float32", "<f4", "bfloat16").

    Raises:
        ValueError: there is no such dtype, or it holds Python objects or named fields.
    """
    if name in EXTENDED:
        return np.dtype(getattr(ml_dtypes, name))
    if name in ("<f1", "|f1", "f1"):
        return np.dtype(ml_dtypes.float8_e5m2)
    try:
        dtype = np.dtype(name)
    except (TypeError, ValueError, SyntaxError) as error:
        raise ValueError(f"unknown dtype {name!r}") from error
    if dtype.hasobject or dtype.names or dtype.subdtype:
        raise ValueError(f"dtype {name!r} is not a plain number type")
    return dtype


def is_lost(dtype: np.dtype[Any]) -> bool:
    """True for the raw bytes ("|V2", "|V1") that numpy leaves of a dtype it does not know."""
    return dtype.kind == "V" and dtype not in _KNOWN


def repaired(array: np.ndarray, hint: str = "") -> np.ndarray:
    """Return `array` with the dtype that its file lost.

    `hint` is the dtype the map expects, if there is a map. Without it two bytes mean bfloat16 (the
    only 2-byte type numpy loses); one byte is ambiguous.

    Raises:
        ValueError: the dtype cannot be known.
    """
    if not is_lost(array.dtype):
        return array
    if hint in EXTENDED and by_name(hint).itemsize == array.dtype.itemsize:
        return array.view(by_name(hint))
    if array.dtype.itemsize == 2:
        return array.view(ml_dtypes.bfloat16)
    raise ValueError(
        f"stored as raw {array.dtype.str}: the file does not say which dtype (float8 variants and "
        "int4 look alike); give a map, whose dtype then decides"
    )


_KNOWN = {by_name(name) for name in EXTENDED}
