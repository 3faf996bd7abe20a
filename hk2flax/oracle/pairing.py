"""Choose which units correspond among those that all fit each other."""

from __future__ import annotations

from collections.abc import Sequence

from .evidence import score
from .units import Unit

_FORBIDDEN = -1e6


class Ambiguous(Exception):
    """Two pairings are equally good; the message names the leaves."""


def pair(
    haiku: Sequence[Unit], flax: Sequence[Unit], allowed: Sequence[Sequence[bool]]
) -> list[int]:
    """For each Haiku unit the position of its Flax unit; both lists are in order of execution.

    Order decides, unless names that the author gave agree better with another pairing.
    Raises Ambiguous when nothing decides between two units.
    """
    count = len(haiku)
    if count == 1:
        return [0]
    points = [
        [score(left, right) if fits else _FORBIDDEN for right, fits in zip(flax, row, strict=True)]
        for left, row in zip(haiku, allowed, strict=True)
    ]
    best = _best(points)
    ordered = all(unit.order is not None for unit in (*haiku, *flax))
    straight = list(range(count))
    if ordered and _total(points, straight) >= _total(points, best):
        return straight
    if _total(points, best) < 0:
        raise Ambiguous(_message("these fit only in part", haiku, flax))
    for a in range(count):
        for b in range(a + 1, count):
            swapped = points[a][best[b]] + points[b][best[a]]
            tie = swapped >= points[a][best[a]] + points[b][best[b]]
            if tie and not (ordered and best[a] < best[b]):
                units = [haiku[a], haiku[b]], [flax[best[a]], flax[best[b]]]
                reason = "order and names disagree" if ordered else "neither order nor names decide"
                raise Ambiguous(_message(reason, *units))
    return best


def _total(points: list[list[float]], chosen: Sequence[int]) -> float:
    return sum(row[column] for row, column in zip(points, chosen, strict=True))


def _best(points: list[list[float]]) -> list[int]:
    """The pairing with the most points; among equals one close to the order of execution."""
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    size = len(points)
    distance = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    _, columns = linear_sum_assignment(np.array(points) - distance / (size * size + 1), True)
    return [int(column) for column in columns]


def _message(reason: str, haiku: Sequence[Unit], flax: Sequence[Unit]) -> str:
    lines = [f"  {reason}:", *(f"    Haiku {unit}" for unit in haiku)]
    return "\n".join([*lines, *(f"    Flax  {unit}" for unit in flax)])
