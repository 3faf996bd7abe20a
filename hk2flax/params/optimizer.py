"""Everything in a checkpoint that mirrors the parameters: optimizer moments, EMA copies.

A mirror is any mapping whose keys are Haiku module names and whose leaves are called like theirs;
optax, jaxline and friends put them in any number of places. Moments take only the linear part of
the layout operations; copies of the parameters (EMA, averages, targets) take all of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hk2flax.params.dtypes import repaired
from hk2flax.params.errors import CheckpointError
from hk2flax.params.map import Entry, Map, apply_ops, linear_part
from hk2flax.params.records import Record
from hk2flax.params.tree import as_array, is_leaf, plain, put

_MOMENT = re.compile(
    r"opt|mu|nu|m|v|trace|acc_grads|grad.*|updates|e_g|e_x|nu_max|velocity|momentum", re.IGNORECASE
)
_COPY = re.compile(
    r".*(params|ema|avg|average|polyak|target|weights|best|last|old|slow|fast|x0|z)\d*.*",
    re.IGNORECASE,
)


@dataclass
class Extras:
    """The converted extras, where mirrors were found, and what a person should know."""

    tree: dict[str, Any]
    mirrors: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def convert_extras(extras: dict[str, Any], mapping: Map) -> Extras:
    """Return the extras as plain containers, with every mirror in Flax names and layouts.

    Raises:
        CheckpointError: a mirror whose leaves do not have the parameters' shapes (factored
            moments), that has unknown names beside known ones, or one flat vector of all.
    """
    work = _Walk(mapping)
    tree = {key: work.value(value, (key,)) for key, value in extras.items()}
    return Extras(tree, work.mirrors, work.notes)


class _Walk:
    def __init__(self, mapping: Map) -> None:
        self.mirrors: list[str] = []
        self.notes: list[str] = []
        self.entries: dict[str, dict[str, dict[str, Entry]]] = {"params": {}, "state": {}}
        for entry in mapping.entries:
            self.entries[entry.kind].setdefault(entry.module, {})[entry.name] = entry
        sizes = [int(np.prod(e.shape)) for e in mapping.entries if e.kind == "params"]
        self.total = sum(sizes) if len(sizes) > 1 else -1

    def value(self, value: Any, path: tuple[str, ...]) -> Any:
        if isinstance(value, dict):
            for known in self.entries.values():
                if self.is_mirror(value, known, path):
                    self.mirrors.append("/".join(path))
                    return _carry(value, known, path)
            return {key: self.value(child, (*path, str(key))) for key, child in value.items()}
        if isinstance(value, list | tuple):
            children = (self.value(child, (*path, str(n))) for n, child in enumerate(value))
            return type(value)(children)
        if isinstance(value, Record):
            inner = Record(
                value.cls,
                tuple(self.value(list(value.args), path)),
                self.value(value.fields, path),
                self.value(value.items, path),
                self.value(value.elements, path),
            )
            return plain(inner)
        if isinstance(value, np.ndarray) and value.shape == (self.total,):
            raise CheckpointError(
                "",
                f"{'/'.join(path)} is one vector of all parameters",
                "its order is Haiku's tree order, which the new names change (optax.flatten?); "
                "remove it from the checkpoint and start the optimizer anew",
            )
        return repaired(value) if isinstance(value, np.ndarray) else value

    def is_mirror(
        self, value: dict[Any, Any], known: dict[str, dict[str, Entry]], path: tuple[str, ...]
    ) -> bool:
        unknown, matches = [], 0
        for module, names in value.items():
            if not isinstance(names, dict) or module not in known:
                unknown.append(str(module))
                continue
            for name, leaf in names.items():
                if name not in known[module]:
                    unknown.append(f"{module} {name}")
                elif is_leaf(leaf) or leaf is None or isinstance(leaf, Record):
                    matches += np.shape(leaf) == known[module][name].shape or not unknown
                else:
                    unknown.append(f"{module} {name}")
        if matches and unknown and any("/" in key or " " in key for key in unknown):
            why = f"but these are not in the map: {', '.join(unknown)}"
            raise CheckpointError("", f"{'/'.join(path)} mirrors the parameters", why)
        return bool(matches) and not unknown


def _carry(
    mirror: dict[str, dict[str, Any]], known: dict[str, dict[str, Entry]], path: tuple[str, ...]
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    moment = is_moment(path)
    for module, names in mirror.items():
        for name, leaf in names.items():
            entry = known[module][name]
            for target in entry.targets:
                ops = linear_part(target.ops) if moment else target.ops
                moved = _leaf(leaf, entry, ops, "/".join(path))
                put(result, (target.collection, *target.path), moved)
    return result[next(iter(result))] if len(result) == 1 else result


def is_moment(path: Sequence[str]) -> bool:
    """True where a mirror holds moments or gradients, False where it holds copies of parameters.

    The innermost name that says something decides: optax's EmaState averages updates, while
    ema_params beside params averages the parameters themselves.
    """
    inside = any("opt" in key.lower() for key in path)
    for key in reversed(path):
        if _MOMENT.fullmatch(key) or (inside and key == "ema"):
            return True
        if _COPY.fullmatch(key):
            return False
    return inside


def _leaf(leaf: Any, entry: Entry, ops: Sequence[tuple[Any, ...]], where: str) -> Any:
    if not is_leaf(leaf):
        return plain(leaf)  # None, or optax's MaskedNode
    array = repaired(as_array(leaf), entry.dtype)
    shape = tuple(entry.shape)
    if array.shape == shape:
        return apply_ops(array, ops)
    if not ops and len(entry.targets) == 1:
        return array  # a new name for the same layout: whatever the shape is, it still fits
    if array.shape[1:] == shape and array.ndim:
        return np.stack([apply_ops(part, ops) for part in array])
    raise CheckpointError(
        "",
        f"{where} cannot be converted leaf by leaf",
        f"{entry.module} {entry.name} has shape {array.shape} there where the parameter has "
        f"{shape}, and its layout changes: factored moments (adafactor, Shampoo) do not survive "
        "that; remove it from the checkpoint and start the optimizer anew",
    )
