"""What every reader returns, and the errors that broken files raise."""

from __future__ import annotations

import lzma
import pickle
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Any

# What parsing hostile or broken bytes may raise; all become one CheckpointError.
BROKEN: tuple[type[Exception], ...] = (
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    OverflowError,
    MemoryError,
    RecursionError,
    NotImplementedError,
    SyntaxError,
)


@dataclass
class Loaded:
    """A file's contents as plain data: dict, list, tuple, Record, numpy arrays, scalars.

    format: "npz", "npy", "pickle", "msgpack", "safetensors" or "orbax".
    is_flat: the tree is one level of joined keys ("params/Block_0/Dense_0/kernel").
    """

    tree: Any
    format: str
    is_flat: bool = False
    notes: list[str] = field(default_factory=list)
