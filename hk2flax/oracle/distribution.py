"""Compare the distributions of freshly initialised parameters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .checks import Check

# Kolmogorov-Smirnov at a level of 1e-7 per leaf: sqrt(-log(level / 2) / 2).
_KS = math.sqrt(-math.log(1e-7 / 2) / 2)

_SIGMAS = 5.5


def compare_samples(name: str, ours: dict[Any, Any], theirs: dict[Any, Any]) -> Check:
    """One check over all parameters: std, and the whole distribution of the elements.

    ours, theirs: [n, *shape] per leaf. Leaves that are the same under every seed (zeros, ones,
    given arrays) must be equal.
    """
    worst, problems = 0.0, []
    for key in sorted(set(ours) & set(theirs)):
        label = "/".join(key)
        a, b = (np.asarray(each[key], dtype=np.float64) for each in (ours, theirs))
        if _constant(a) or _constant(b):
            if not np.allclose(a[0], b[0], rtol=1e-5, atol=1e-7):
                problems.append(f"{label}: constants differ, or only one side draws")
            continue
        ours_std, theirs_std = float(np.std(a)), float(np.std(b))
        relative = abs(theirs_std / ours_std - 1) if ours_std else float(theirs_std > 0)
        worst = max(worst, relative)
        error = math.hypot(_std_error(a), _std_error(b))
        wide = abs(theirs_std - ours_std) > _SIGMAS * error
        if wide or _distance(a, b) > _KS * math.sqrt(1 / a.size + 1 / b.size):
            problems.append(f"{label}: std {ours_std:.3g} and {theirs_std:.3g}")
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        return Check(name, "differs", None, worst, problems[0] + more)
    return Check(name, "equal", None, worst, "std and distribution of every parameter agree")


def _constant(samples: Any) -> bool:
    return bool(np.all(samples == samples[:1])) and len(samples) > 1


def _std_error(samples: Any) -> float:
    """The standard error of a sample's std, from its fourth moment."""
    centred = samples - np.mean(samples)
    second, fourth = float(np.mean(centred**2)), float(np.mean(centred**4))
    if second == 0:
        return 0.0
    return math.sqrt(max(fourth - second**2, 0.0) / (4 * samples.size * second))


def _distance(ours: Any, theirs: Any) -> float:
    """The largest difference between the two cumulative distributions."""
    a, b = np.sort(ours.ravel()), np.sort(theirs.ravel())
    points = np.concatenate([a, b])
    shares = (np.searchsorted(each, points, side="right") / each.size for each in (a, b))
    first, second = shares
    return float(np.max(np.abs(first - second)))
