"""Inputs that many proofs use, drawn by numpy, which has nothing to compile."""

from __future__ import annotations

import numpy as np


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    """Standard normal values."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


INPUTS = {
    "row": normal(6),
    "rows": normal(5, 6),
    "sequence": normal(2, 9, 6),
    "image": normal(2, 9, 8, 6),
    "volume": normal(2, 5, 6, 5, 6),
    "number": normal(),
    "ids": np.array([[0, 3, 2], [6, 1, 3]], np.int32),
}
