"""Mirrors of the parameters on the way back: Flax names to Haiku names, moments unshifted."""

from __future__ import annotations

from typing import Any

from hk2flax.params.errors import CheckpointError
from hk2flax.params.join import join_targets
from hk2flax.params.map import Entry, Map, linear_part
from hk2flax.params.optimizer import Extras, is_moment
from hk2flax.params.tree import as_array, flat_leaves, is_leaf

Path = tuple[str, ...]


def restore_extras(extras: dict[str, Any], mapping: Map) -> Extras:
    """Return the extras with every mirror of a Flax collection in Haiku's two levels.

    Raises:
        CheckpointError: a mirror whose leaves do not have the parameters' shapes.
    """
    walk = _Walk(mapping)
    tree = {key: walk.value(value, (key,)) for key, value in extras.items()}
    return Extras(tree, walk.mirrors)


class _Walk:
    def __init__(self, mapping: Map) -> None:
        self.mirrors: list[str] = []
        self.homes: dict[str, dict[Path, Entry]] = {}
        for entry in mapping.entries:
            for target in entry.targets:
                self.homes.setdefault(target.collection, {})[target.path] = entry

    def value(self, value: Any, path: Path) -> Any:
        if isinstance(value, dict):
            leaves = dict(flat_leaves(value))
            for collection, homes in self.homes.items():
                if leaves and leaves.keys() <= homes.keys():
                    self.mirrors.append("/".join(path))
                    return _restore(leaves, homes, collection, path)
            return {key: self.value(child, (*path, str(key))) for key, child in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.value(child, (*path, str(n))) for n, child in enumerate(value))
        return value


def _restore(
    leaves: dict[Path, Any], homes: dict[Path, Entry], collection: str, path: Path
) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for entry in dict.fromkeys(homes[key] for key in leaves):
        chosen = [target for target in entry.targets if target.collection == collection]
        found = [leaves.get(target.path) for target in chosen]
        place = tree.setdefault(entry.module, {})
        if not all(map(is_leaf, found)):
            place[entry.name] = None
            continue
        arrays = [as_array(leaf, entry.dtype) for leaf in found]
        if len(chosen) == 1 and not chosen[0].ops:
            place[entry.name] = arrays[0]
            continue
        moment = is_moment(path)
        all_ops = [linear_part(target.ops) if moment else target.ops for target in chosen]
        try:
            parts = list(zip(all_ops, arrays, strict=True))
            place[entry.name] = join_targets(entry.shape, parts)
        except ValueError as error:
            what = f"{'/'.join(path)} cannot be converted back"
            raise CheckpointError("", what, f"{entry.label}: {error}") from error
    return tree
