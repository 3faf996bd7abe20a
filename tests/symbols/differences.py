"""What tells two dicts of arrays apart."""

from __future__ import annotations

import numpy as np


def differences(what: str, expected: dict, found: dict, tolerance: float = 0.0) -> list[str]:
    """One line for each leaf that only one has, or that is further apart than `tolerance`.

    The tolerance is relative to the largest number of an array, and at least to a hundredth of the
    largest of all: a gradient that is zero but for rounding (of the biases of keys in attention)
    has no scale of its own.
    """
    problems = [f"{what}: only in Haiku {key}" for key in expected.keys() - found.keys()]
    problems += [f"{what}: not in Haiku {key}" for key in found.keys() - expected.keys()]
    least = max((largest(value) for value in expected.values()), default=0.0) / 100
    for key in expected.keys() & found.keys():
        gap = difference(expected[key], found[key], tolerance, least)
        problems += [f"{what} {key}: {gap}"] if gap else []
    return sorted(problems)


def different_shapes(what: str, expected: dict, found: dict) -> list[str]:
    """As `differences`, looking at shapes and dtypes only."""
    texts = [
        {k: f"{v.dtype}{list(v.shape)}" for k, v in each.items()} for each in (expected, found)
    ]
    return differences(what, *texts)


def largest(value) -> float:
    """The largest finite number of an array; 0 for a text."""
    if isinstance(value, str) or not np.size(value):
        return 0.0
    value = np.asarray(value)
    numbers = np.abs(value if np.iscomplexobj(value) else value.astype(np.float64))
    return float(np.max(np.where(np.isfinite(numbers), numbers, 0.0)))


def difference(a, b, tolerance: float, least: float) -> str:
    """What tells two arrays (or texts) apart, or ""."""
    if isinstance(a, str):
        return "" if a == b else f"{b!r}, Haiku {a!r}"
    a, b = np.asarray(a), np.asarray(b)
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        return f"{b.dtype}{list(b.shape)}, Haiku {a.dtype}{list(a.shape)}"
    if not a.size:
        return ""
    a, b = (v if np.iscomplexobj(v) else v.astype(np.float64) for v in (a, b))
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        return f"NaN in {np.isnan(b).sum()} places, Haiku {np.isnan(a).sum()}"
    with np.errstate(invalid="ignore"):
        gap = np.where(a == b, 0.0, np.abs(np.nan_to_num(a) - np.nan_to_num(b))).max()
    scale = max(largest(a), least)
    return "" if gap <= tolerance * scale else f"off by {gap:.2g} at {scale:.2g}"


def sorted_values(flat: dict) -> dict:
    """Every array with its numbers sorted."""
    return {key: np.sort(np.asarray(v), None).reshape(v.shape) for key, v in flat.items()}
