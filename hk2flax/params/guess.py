"""A map from names alone, by the catalog's rules: honest about what it cannot know.

What a rewrite with default options produces, as far as names tell: layers that Haiku named
("linear", "conv2_d_1") become linen's automatic names ("Dense_0", "Conv_1"), "~" levels go, names
that an author or a class of their own gave stay. The names of the author's own classes in linen,
their order of creation and unusual layouts are not in a checkpoint: tracing knows them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hk2flax.params.checkpoint import Checkpoint
from hk2flax.params.errors import CheckpointError
from hk2flax.params.map import Entry, Map, Target, output_shape

_WORDS = re.compile(r"((?<=[a-z0-9])[A-Z]|(?!^)[A-Z](?=[a-z]))")
_AVERAGES = ("average", "hidden", "counter")


@dataclass(frozen=True)
class Layer:
    """A Haiku layer as a rewrite writes it: linen class, leaves by Haiku path, dropped leaves.

    Without leaves its helper keeps Haiku's leaf names.
    """

    target: str
    leaves: dict[str, Any]
    dropped: frozenset[str] = frozenset()


def guess_map(
    checkpoint: Checkpoint, symbols: Iterable[Any] | None = None
) -> tuple[Map, list[str]]:
    """Return a map for the checkpoint and one line for every leaf, saying how it was placed.

    symbols: `hk2flax.catalog.model.Symbol`s; the catalog's when left out.

    Raises:
        CheckpointError: two leaves would get one name; only a traced map can tell them apart.
    """
    if symbols is None:
        from hk2flax.catalog import SYMBOLS

        symbols = SYMBOLS.values()
    layers = layers_by_name(symbols)
    written = _written_names(checkpoint)
    entries, lines = [], []
    for (kind, module, name), array in checkpoint.leaves():
        target, dropped = _place(kind, module, name, array.shape, layers, written)
        label = f"{module} {name}"
        targets = () if dropped else (target,)
        reason = "linen keeps no such value" if dropped else ""
        entries.append(Entry(kind, module, name, array.shape, array.dtype.name, targets, reason))
        lines.append(f"{label} -> {'(dropped)' if dropped else target.label}")
    mapping = Map(tuple(entries), source="guessed from names", target="guessed from names")
    if problems := mapping.problems():
        why = "\n  ".join(["a map from tracing is needed (--source, --target)", *problems])
        raise CheckpointError("", "names alone do not say where leaves go", why)
    return mapping, lines


def snake_case(name: str) -> str:
    """Return Haiku's automatic module name for a class (haiku._src.utils.camel_to_snake)."""
    return _WORDS.sub(r"_\1", name).lower()


def layers_by_name(symbols: Iterable[Any]) -> dict[str, Layer]:
    """Return the catalog's layers by the module name that Haiku gives them."""
    found: dict[str, Layer] = {}
    for symbol in symbols:
        if symbol.kind != "layer" or ".nets." in symbol.name:
            continue
        name, native = symbol.name.rsplit(".", 1)[-1], symbol.native
        if native is not None and native.is_exact and native.leaves:
            leaves = {_bare(leaf.haiku): leaf for leaf in native.leaves}
            dropped = frozenset(map(_bare, getattr(native, "dropped", ())))
            target = native.target.rsplit(".", 1)[-1]
            found[snake_case(name)] = Layer(target, leaves, dropped)
        elif symbol.helper:
            found[snake_case(name)] = Layer(symbol.helper, {})
    return found


def _place(
    kind: str,
    module: str,
    name: str,
    shape: tuple[int, ...],
    layers: dict[str, Layer],
    written: set[tuple[str, ...]],
) -> tuple[Target, bool]:
    parts = _bare(module).split("/") if _bare(module) else []
    for position, part in enumerate(parts):
        base, number = _numbered(part)
        layer = layers.get(base)
        below = "/".join((*parts[position + 1 :], name))
        if layer is None:
            continue
        if below in layer.dropped:
            return Target(kind, ("dropped",), shape), True
        leaf = layer.leaves.get(below)
        if layer.leaves and leaf is None:
            continue
        is_written = (*parts[:position], base) in written
        if is_written and base == "linear" and _numbered(parts[position - 1])[0] == "mlp":
            break  # hk.nets.MLP: its helper keeps Haiku's names
        try:
            ops = leaf.ops if leaf else ()
            placed = output_shape(shape, ops)
        except (ValueError, TypeError):
            continue  # the layout depends on an argument (num_heads) that no checkpoint holds
        if placed == shape and all(op[0] == "reshape" for op in ops):
            ops = ()
        own = leaf.flax.split("/") if leaf else below.split("/")
        title = part if is_written else f"{layer.target}_{number}"
        collection = leaf.collection if leaf else _collection(kind, below)
        return Target(collection, (*parts[:position], title, *own), placed, ops), False
    return Target(_collection(kind, name), (*parts, name), shape), False


def _written_names(checkpoint: Checkpoint) -> set[tuple[str, ...]]:
    """Return (parent..., base) of every series with a "_0": people number so, Haiku does not."""
    found = set()
    for (_, module, _), _ in checkpoint.leaves():
        parts = _bare(module).split("/")
        for position, part in enumerate(parts):
            if part.endswith("_0"):
                found.add((*parts[:position], part[:-2]))
    return found


def _numbered(part: str) -> tuple[str, int]:
    """Split "linear_1" into ("linear", 1); without a number it is the first, 0."""
    base, _, digits = part.rpartition("_")
    if base and digits.isdecimal() and (digits == "0" or not digits.startswith("0")):
        return base, int(digits)
    return part, 0


def _collection(kind: str, path: str) -> str:
    if kind == "params":
        return "params"
    return "batch_stats" if path.rsplit("/", 1)[-1] in _AVERAGES else "state"


def _bare(path: str) -> str:
    return "/".join(part for part in path.split("/") if not part.startswith("~"))
