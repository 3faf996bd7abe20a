"""Pair the leaves of two records: a pure function, no jax needed.

Rewriting keeps the order of execution, so units pair in order of their first leaf; each pair must
fit (classes, leaf names, shapes after the layout operations). Names that the author gave must not
speak for another pairing: where they do, they win if they single one out, else it is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hk2flax.catalog.model import Symbol
from hk2flax.params.map import Map

from .errors import AlignmentError
from .fit import fit
from .known import Known
from .pairing import Ambiguous, pair
from .records import Record
from .units import Unit, units

_SHOWN = 12


def align(source: Record, target: Record, symbols: Iterable[Symbol] = ()) -> Map:
    """The map between two records.

    Raises AlignmentError, naming the leaves of both sides, when some have no counterpart or when
    several pairings are possible and neither order nor names decide.
    """
    known = Known(tuple(symbols), source.user_classes)
    haiku, flax = units(source, known), units(target, known)
    rows, columns = _signatures(haiku), _signatures(flax)
    fitting = {
        (r, c)
        for r, (i, *_) in rows.items()
        for c, (j, *_) in columns.items()
        if fit(haiku[i], flax[j], known) is not None
    }
    partners: dict[int, int] = {}
    problems = []
    for left, right in _components(rows, columns, fitting):
        members = sorted(i for r in left for i in rows[r])
        homes = sorted(j for c in right for j in columns[c])
        if len(members) != len(homes):
            problems.append(_mismatch([haiku[i] for i in members], [flax[j] for j in homes]))
            continue
        row_of = {i: r for r in left for i in rows[r]}
        column_of = {j: c for c in right for j in columns[c]}
        allowed = [[(row_of[i], column_of[j]) in fitting for j in homes] for i in members]
        try:
            chosen = pair([haiku[i] for i in members], [flax[j] for j in homes], allowed)
        except Ambiguous as error:
            problems.append(str(error))
            continue
        partners |= {members[a]: homes[b] for a, b in enumerate(chosen)}
    if problems:
        raise AlignmentError(
            "the leaves of the two programs do not pair up:\n" + "\n".join(problems)
        )
    pairs = [fit(haiku[i], flax[partners[i]], known) or () for i in range(len(haiku))]
    return Map(tuple(entry for entries in pairs for entry in entries))


def _signatures(found: Sequence[Unit]) -> dict[int, list[int]]:
    """Units that fit the same partners, by a running number: same class, leaf paths and shapes."""
    numbers: dict[object, int] = {}
    members: dict[int, list[int]] = {}
    for position, unit in enumerate(found):
        shapes = tuple(sorted((path, leaf.kind, leaf.shape) for path, leaf in unit.leaves))
        number = numbers.setdefault((unit.classes, shapes), len(numbers))
        members.setdefault(number, []).append(position)
    return members


def _components(
    rows: dict[int, list[int]], columns: dict[int, list[int]], fitting: set[tuple[int, int]]
) -> list[tuple[set[int], set[int]]]:
    """Signatures that are connected through fits: (Haiku side, Flax side)."""
    components = []
    free_rows, free_columns = set(rows), set(columns)
    while free_rows or free_columns:
        left = {min(free_rows)} if free_rows else set()
        right = set() if left else {min(free_columns)}
        size = 0
        while size != len(left) + len(right):
            size = len(left) + len(right)
            right |= {c for r, c in fitting if r in left}
            left |= {r for r, c in fitting if c in right}
        free_rows -= left
        free_columns -= right
        components.append((left, right))
    return components


def _mismatch(haiku: Sequence[Unit], flax: Sequence[Unit]) -> str:
    """Say what is too many on which side."""
    if not flax:
        return "\n".join(["  in Haiku only:", *_listed(haiku)])
    if not haiku:
        return "\n".join(["  in Flax only:", *_listed(flax)])
    return "\n".join(
        [
            f"  {len(haiku)} in Haiku:",
            *_listed(haiku),
            f"  but {len(flax)} in Flax:",
            *_listed(flax),
        ]
    )


def _listed(found: Sequence[Unit]) -> list[str]:
    lines = [f"    {unit}" for unit in found[:_SHOWN]]
    return [*lines, f"    ... and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else lines
