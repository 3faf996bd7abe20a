"""How the leaves of one Haiku unit become those of one Flax unit, if they can."""

from __future__ import annotations

import math
from typing import Any

from hk2flax.catalog.model import Leaf, Native
from hk2flax.params.map import Entry, Target
from hk2flax.params.ops import Op, Shape, output_shape

from .known import Known
from .records import LeafRecord
from .units import Unit

KINDS = {"param": "params", "state": "state"}


def fit(haiku: Unit, flax: Unit, known: Known) -> tuple[Entry, ...] | None:
    """Entries for every leaf of the Haiku unit, or None where the units cannot correspond.

    Native layers go by the catalog's leaves; everything else keeps its leaf names ("~" levels
    dropped), as helpers and the user's own modules do. Every Flax leaf must be filled, once.
    """
    for symbol in known.haiku(haiku.classes):
        native = symbol.native
        if native is not None and known.is_native(native, flax.classes):
            return _native(haiku, flax, native) or _same_names(haiku, flax)
    return _same_names(haiku, flax)


def _same_names(haiku: Unit, flax: Unit) -> tuple[Entry, ...] | None:
    homes: dict[tuple[bool, str], LeafRecord] = {}
    for path, leaf in flax.leaves:
        homes[leaf.kind == "params", path] = leaf
    if len(homes) != len(flax.leaves) or len(haiku.leaves) != len(flax.leaves):
        return None
    entries = []
    for path, leaf in haiku.leaves:
        name = "/".join(part for part in path.split("/") if not part.startswith("~"))
        home = homes.pop((leaf.kind == "param", name), None)
        if home is None or home.shape != leaf.shape:
            return None
        entries.append(entry(leaf, (target(home),)))
    return tuple(entries)


def _native(haiku: Unit, flax: Unit, native: Native) -> tuple[Entry, ...] | None:
    homes = {(leaf.kind, path): leaf for path, leaf in flax.leaves}
    entries = []
    for path, leaf in haiku.leaves:
        described = [each for each in native.leaves if _same_path(each.haiku, path)]
        targets = _targets(leaf, described, homes)
        if targets is None:
            return None
        if targets:
            entries.append(entry(leaf, targets))
        elif leaf.kind == "state" or any(_same_path(name, path) for name in native.dropped):
            reason = f"{native.target} keeps no {path.rsplit('/', 1)[-1]}"
            entries.append(entry(leaf, (), reason))
        else:
            return None
    return None if homes else tuple(entries)


def _same_path(described: str, found: str) -> bool:
    """Equal but for "~" levels, which depend on where the module was constructed."""
    return [p for p in described.split("/") if p != "~"] == [
        p for p in found.split("/") if p != "~"
    ]


def _targets(
    leaf: LeafRecord, described: list[Leaf], homes: dict[tuple[str, str], LeafRecord]
) -> tuple[Target, ...] | None:
    """Targets of one Haiku leaf, taken out of `homes`; None when one is missing or misfits."""
    targets = []
    for each in described:
        home = homes.pop((each.collection, each.flax), None)
        if home is None:
            return None
        ops = layout(leaf.shape, home.shape, each.ops)
        if ops is None:
            return None
        targets.append(target(home, ops))
    return tuple(targets)


def layout(shape: Shape, wanted: Shape, ops: tuple[Op, ...]) -> tuple[Op, ...] | None:
    """`ops` as they apply to an array of `shape`, or None where they cannot give `wanted`.

    A stacked layer (layer_stack, nn.scan; vmapped ensembles) has leading axes that the catalog's
    operations do not know; they are kept and the operations move behind them. Dimensions that the
    catalog names ("num_heads") are read off `wanted`.
    """
    for leading in range(len(shape) + 1):
        if shape[:leading] != wanted[:leading]:
            return None
        now, moved = shape, []
        try:
            for op in ops:
                moved.append(_behind(op, now, leading, wanted))
                now = output_shape(now, moved[-1:])
        except ValueError:
            continue
        if now == wanted:
            return tuple(op for op in moved if not _is_noop(op, shape, wanted, moved))
    return None


def _behind(op: Op, shape: Shape, leading: int, wanted: Shape) -> Op:
    """One operation moved behind `leading` axes, with every dimension of a reshape known."""
    name, *rest = op
    if name == "reshape":
        sizes = _sizes(rest[0], shape[leading:], wanted[leading:])
        return (name, (*shape[:leading], *sizes))
    if name == "transpose":
        perm = tuple(axis + leading if axis >= 0 else axis for axis in rest[0])
        return (name, (*range(leading), *perm))
    if name == "squeeze" and not rest:
        axes = tuple(i for i in range(leading, len(shape)) if shape[i] == 1)
        return (name, *axes) if axes else (("reshape", shape))
    if name in ("swap", "squeeze"):
        return (name, *(axis + leading if axis >= 0 else axis for axis in rest))
    if name == "slice":
        return (name, rest[0] + leading if rest[0] >= 0 else rest[0], *rest[1:])
    return op


def _sizes(described: tuple[Any, ...], shape: Shape, wanted: Shape) -> list[int]:
    """The numbers behind -1, "k" and argument names in a reshape (catalog/model.py, Leaf)."""
    sizes: list[int] = []
    for position, each in enumerate(described):
        if each == "k":
            leading = all(other == "k" for other in described[:position])
            index = position if leading else position - len(described)
            if not -len(shape) <= index < len(shape):
                raise ValueError(f"no dimension {index} in {shape}")
            sizes.append(shape[index])
        elif isinstance(each, str):
            if len(wanted) != len(described):
                raise ValueError(f"{described} does not fit {wanted}")
            sizes.append(wanted[position])
        else:
            sizes.append(each)
    known = math.prod(size for size in sizes if size != -1)
    if sizes.count(-1) == 1 and known:
        sizes[sizes.index(-1)] = math.prod(shape) // known
    return sizes


def _is_noop(op: Op, shape: Shape, wanted: Shape, ops: list[Op]) -> bool:
    """A single reshape or squeeze to the shape that is there already."""
    return len(ops) == 1 and shape == wanted and op[0] in ("reshape", "squeeze")


def entry(leaf: LeafRecord, targets: tuple[Target, ...], reason: str = "") -> Entry:
    """The map's entry of a Haiku leaf."""
    kind = KINDS[leaf.kind]
    return Entry(kind, leaf.module, leaf.name, leaf.shape, leaf.dtype, targets, reason)


def target(leaf: LeafRecord, ops: tuple[Op, ...] = ()) -> Target:
    """The map's target for a Flax leaf."""
    return Target(leaf.kind, leaf.keys, leaf.shape, ops)
