"""How the leaves of one Haiku unit become those of one Flax unit, if they can."""

from __future__ import annotations

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
        now = shape[leading:]
        concrete: list[Op] = []
        try:
            for position, op in enumerate(ops):
                later = ops[position + 1 :]
                concrete.append(_concrete(op, now, wanted[leading:], later))
                now = output_shape(now, concrete[-1:])
        except ValueError:
            continue
        if now == wanted[leading:]:
            if shape == wanted and [op[0] for op in concrete] in (["reshape"], ["squeeze"]):
                return ()
            return tuple(behind(op, shape[:leading]) for op in concrete)
    return None


def _concrete(op: Op, shape: Shape, wanted: Shape, later: tuple[Op, ...]) -> Op:
    """The operation on an array of `shape` with nothing left open; `wanted` is after `later`."""
    if op == ("squeeze",):
        axes = tuple(i for i, size in enumerate(shape) if size == 1)
        return ("squeeze", *axes) if axes else ("reshape", shape)
    if op[0] != "reshape":
        return op
    sizes = list(op[1])
    if any(isinstance(size, str) and size != "k" for size in sizes):
        for following in reversed(later):
            wanted = _before(following, wanted)
        if len(wanted) != len(sizes):
            raise ValueError(f"{op} does not fit {wanted}")
        sizes = [
            wanted[i] if isinstance(size, str) and size != "k" else size
            for i, size in enumerate(sizes)
        ]
    return ("reshape", output_shape(shape, [("reshape", tuple(sizes))]))


def _before(op: Op, shape: Shape) -> Shape:
    """The shape that `op` turned into `shape`, for operations that only permute."""
    if op[0] == "transpose":
        return tuple(shape[op[1].index(axis)] for axis in range(len(shape)))
    if op[0] in ("swap", "add"):
        return output_shape(shape, [op])
    raise ValueError(f"cannot see through {op}")


def behind(op: Op, leading: Shape) -> Op:
    """The operation moved behind leading axes that it leaves alone."""
    count = len(leading)
    name, *rest = op
    if not count or name == "add":
        return op
    if name == "reshape":
        return (name, (*leading, *rest[0]))
    if name == "transpose":
        return (name, (*range(count), *(axis + count for axis in rest[0])))
    axes = rest[:1] if name == "slice" else rest
    moved = tuple(axis + count if axis >= 0 else axis for axis in axes)
    return (name, *moved, *rest[len(moved) :])


def entry(leaf: LeafRecord, targets: tuple[Target, ...], reason: str = "") -> Entry:
    """The map's entry of a Haiku leaf."""
    kind = KINDS[leaf.kind]
    return Entry(kind, leaf.module, leaf.name, leaf.shape, leaf.dtype, targets, reason)


def target(leaf: LeafRecord, ops: tuple[Op, ...] = ()) -> Target:
    """The map's target for a Flax leaf."""
    return Target(leaf.kind, leaf.keys, leaf.shape, ops)
