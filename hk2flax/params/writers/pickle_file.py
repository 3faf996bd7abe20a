"""A pickle of plain dicts and numpy arrays: what Haiku code loads (the way back only)."""

from __future__ import annotations

import pickle
from typing import Any, BinaryIO

import numpy as np


def write_pickle(tree: dict[str, Any], stream: BinaryIO, *, haiku: bool = True) -> list[str]:
    """Write the tree: the bare params when there is nothing else, as Haiku users save them."""
    whole = tree["params"] if haiku and set(tree) == {"params"} else tree
    pickle.dump(_contiguous(whole), stream, protocol=4)
    return []


def _contiguous(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _contiguous(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_contiguous(child) for child in value)
    return np.asarray(value, order="C") if isinstance(value, np.ndarray) else value
