"""Group leaves into units: what one module owns, or one layer with the modules inside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .known import Known
from .records import Frame, LeafRecord, Record


@dataclass(frozen=True)
class Unit:
    """The leaves that correspond as a whole.

    module: full name. leaves: by path relative to the module ("w", "~/mean_ema/average").
    chain: frames down to the unit; classes: those of its own frame, or of the root.
    order: of its first leaf, None when none of its creations was seen.
    """

    module: str
    chain: tuple[Frame, ...]
    classes: tuple[str, ...]
    leaves: tuple[tuple[str, LeafRecord], ...]
    order: int | None

    def __str__(self) -> str:
        """As "encoder/linear (b, w)"; the root shows as "the root"."""
        return f"{self.module or 'the root'} ({', '.join(str(r) for _, r in self.leaves)})"


def units(record: Record, known: Known) -> list[Unit]:
    """The units of a record in order of their first leaf."""
    composite = known.composite_in_haiku if record.side == "source" else known.composite_in_flax
    grouped: dict[str, list[tuple[int, LeafRecord]]] = {}
    for leaf in record.leaves:
        depth = _depth(leaf, composite)
        name = leaf.chain[depth - 1].name if depth < len(leaf.chain) else leaf.module
        grouped.setdefault(name, []).append((depth, leaf))
    return [_unit(name, found, record.root) for name, found in grouped.items()]


def _depth(leaf: LeafRecord, composite: Callable[[tuple[str, ...]], bool]) -> int:
    """How many frames of the leaf's chain belong to the unit's name."""
    for position, frame in enumerate(leaf.chain):
        if composite(frame.classes):
            return position + 1
    return len(leaf.chain)


def _unit(name: str, found: list[tuple[int, LeafRecord]], root: tuple[str, ...]) -> Unit:
    depth, first = found[0]
    chain = first.chain[:depth]
    orders = [leaf.order for _, leaf in found if leaf.order is not None]
    return Unit(
        module=name,
        chain=chain,
        classes=chain[-1].classes if chain else root,
        leaves=tuple((_relative(name, leaf), leaf) for _, leaf in found),
        order=min(orders, default=None),
    )


def _relative(name: str, leaf: LeafRecord) -> str:
    inner = leaf.module[len(name) :].lstrip("/") if leaf.module != name else ""
    return f"{inner}/{leaf.name}" if inner else leaf.name
