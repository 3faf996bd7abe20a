"""Compare arrays: numpy only, no program is run here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .checks import Check

# Relative to the largest value of a leaf; the second to the largest value of all leaves, for
# leaves that are zero but for rounding (the gradient of an attention key's bias).
_TOLERANCE = {
    "float64": (1e-10, 1e-12),
    "complex128": (1e-10, 1e-12),
    "float32": (1e-5, 1e-6),
    "complex64": (1e-5, 1e-6),
    "float16": (4e-3, 1e-3),
    "bfloat16": (3e-2, 8e-3),
}
_EXACT = ("int", "uint", "bool", "string")


@dataclass(frozen=True)
class Pair:
    """Two arrays that should be equal, under a name for messages."""

    name: str
    ours: Any
    theirs: Any


def compare(name: str, pairs: Iterable[Pair], loosen: float = 1.0, slack: float = 0.0) -> Check:
    """One check over all pairs: dtypes, shapes and values; NaN equals NaN, integers exactly.

    loosen: factor on the tolerance (10 for gradients). slack: what values may differ by besides.
    """
    found = list(pairs)
    if not found:
        return Check(name, "skipped", detail="there are none")
    overall = max((_magnitude(pair.ours) for pair in found), default=0.0)
    worst_abs, worst_rel, bitwise, tolerances = 0.0, 0.0, True, set()
    problems = []
    for pair in found:
        ours, theirs = np.asarray(pair.ours), np.asarray(pair.theirs)
        if ours.shape != theirs.shape:
            problems.append(f"{pair.name}: shape {ours.shape} and {theirs.shape}")
            continue
        if ours.dtype != theirs.dtype:
            problems.append(f"{pair.name}: dtype {ours.dtype} and {theirs.dtype}")
        if ours.dtype == theirs.dtype and ours.tobytes() == theirs.tobytes():
            continue
        bitwise = False
        largest, scale = _distance(ours, theirs)
        rel, abs_part = _tolerance(ours, loosen)
        worst_abs = max(worst_abs, largest)
        worst_rel = max(worst_rel, largest / scale if scale else float(largest > 0))
        tolerances.add(rel)
        if not largest <= rel * scale + abs_part * overall + slack:
            problems.append(f"{pair.name}: differs by {largest:.3g} at magnitude {scale:.3g}")
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        return Check(name, "differs", worst_abs, worst_rel, problems[0] + more)
    within = f"within {max(tolerances):.0e} of each leaf's magnitude" if tolerances else "exact"
    return Check(name, "equal", worst_abs, worst_rel, "bitwise" if bitwise else within)


def rounding(values: Iterable[Any], loosen: float) -> float:
    """What is rounding in the smallest of these arrays, by the largest value of all."""
    found = [np.asarray(value) for value in values]
    parts = [_tolerance(array, loosen)[1] for array in found]
    return max(parts, default=0.0) * max(map(_magnitude, found), default=0.0)


def _magnitude(value: Any) -> float:
    array = np.asarray(value)
    if array.dtype.kind in "biuSUO" or not array.size:
        return 0.0
    return float(np.max(np.abs(_finite(array)), initial=0.0))


def _finite(array: Any) -> Any:
    wide = _wide(array)
    return np.where(np.isfinite(wide), wide, 0)


def _wide(array: Any) -> Any:
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def _distance(ours: Any, theirs: Any) -> tuple[float, float]:
    """(largest difference, magnitude); infinite where NaN or infinity meets something else."""
    a, b = _wide(ours), _wide(theirs)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):
        difference = np.where(same, 0.0, np.abs(a - b))
    difference = np.where(np.isnan(difference), np.inf, difference)
    return float(np.max(difference, initial=0.0)), float(np.max(np.abs(_finite(ours)), initial=0.0))


def _tolerance(array: Any, loosen: float) -> tuple[float, float]:
    name = array.dtype.name
    if name.startswith(_EXACT):
        return 0.0, 0.0
    rel, absolute = _TOLERANCE.get(name, (0.3, 0.1))  # the 8-bit floats
    return rel * loosen, absolute * loosen
