"""``hk.data_structures`` for the nested trees of Flax."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import flax
import jax
import jax.numpy as jnp


class data_structures:
    """The functions of ``hk.data_structures``, called in the same way.

    Haiku's own run on a nested tree without an error, but take sub-trees for leaves. Callbacks
    get the path of the module with slashes (``~`` for the top), the name of the leaf, the leaf.
    """

    @staticmethod
    def traverse(structure: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """Yield module, name and value of every leaf, sorted by module and name."""
        for module, name, _, value in named_leaves(structure):
            yield module, name, value

    @staticmethod
    def map(fn: Callable[[str, str, Any], Any], structure: Mapping[str, Any]) -> dict[str, Any]:
        """Return the tree of ``fn(module, name, value)``."""
        leaves = named_leaves(structure)
        return from_paths({path: fn(module, name, value) for module, name, path, value in leaves})

    @staticmethod
    def partition_n(
        fn: Callable[[str, str, Any], int], structure: Mapping[str, Any], n: int
    ) -> tuple[dict[str, Any], ...]:
        """Split a tree into ``n``; ``fn(module, name, value)`` returns which a leaf goes to."""
        parts: list[dict[tuple[str, ...], Any]] = [{} for _ in range(n)]
        for module, name, path, value in named_leaves(structure):
            i = fn(module, name, value)
            if not 0 <= i < n:
                raise ValueError(f"{i} is not in the range of {n} parts.")
            parts[i][path] = value
        return tuple(from_paths(part) for part in parts)

    @staticmethod
    def partition(
        predicate: Callable[[str, str, Any], bool], structure: Mapping[str, Any]
    ) -> tuple[dict[str, Any], ...]:
        """Split a tree into the leaves for which a predicate holds and the others."""
        return data_structures.partition_n(lambda *leaf: int(not predicate(*leaf)), structure, 2)

    @staticmethod
    def filter(
        predicate: Callable[[str, str, Any], bool], structure: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the leaves for which a predicate holds."""
        return data_structures.partition(predicate, structure)[0]

    @staticmethod
    def merge(*structures: Mapping[str, Any], check_duplicates: bool = False) -> dict[str, Any]:
        """Join trees; the last one wins.

        Raises:
            ValueError: with ``check_duplicates``, two leaves differ in shape or type.
        """
        merged: dict[tuple[str, ...], Any] = {}
        for structure in structures:
            for _, _, path, value in named_leaves(structure):
                if check_duplicates and path in merged and kind(merged[path]) != kind(value):
                    raise ValueError(f"{'/'.join(path)} is there twice, with different shapes.")
                merged[path] = value
        return from_paths(merged)

    @staticmethod
    def is_subset(*, subset: Mapping[str, Any], superset: Mapping[str, Any]) -> bool:
        """Say whether all paths of one tree are in another."""
        small, large = ({path for _, _, path, _ in named_leaves(t)} for t in (subset, superset))
        return small <= large

    @staticmethod
    def to_haiku_dict(structure: Mapping[str, Any]) -> dict[str, Any]:
        """Return a copy made of plain dicts."""
        return flax.core.unfreeze(jax.tree.map(lambda leaf: leaf, structure))

    @staticmethod
    def to_mutable_dict(mapping: Mapping[str, Any]) -> dict[str, Any]:
        """Return a copy made of plain dicts."""
        return data_structures.to_haiku_dict(mapping)

    @staticmethod
    def to_immutable_dict(mapping: Mapping[str, Any]) -> flax.core.FrozenDict:
        """Return a frozen copy."""
        return flax.core.freeze(mapping)

    @staticmethod
    def tree_size(tree: Any) -> int:
        """Return the number of elements of all leaves."""
        return sum(jnp.size(leaf) for leaf in jax.tree.leaves(tree))

    @staticmethod
    def tree_bytes(tree: Any) -> int:
        """Return the number of bytes of all leaves."""
        return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def named_leaves(
    structure: Mapping[str, Any],
) -> list[tuple[str, str, tuple[str, ...], Any]]:
    """Return module, name, path and value of every leaf, sorted by module and name."""
    flat = flax.traverse_util.flatten_dict(structure)
    leaves = [("/".join(path[:-1]) or "~", path[-1], path, value) for path, value in flat.items()]
    return sorted(leaves, key=lambda leaf: leaf[:2])


def from_paths(leaves: Mapping[tuple[str, ...], Any]) -> dict[str, Any]:
    """Return the nested dict with leaves at some paths."""
    return flax.traverse_util.unflatten_dict(leaves)


def kind(leaf: Any) -> tuple[Any, Any]:
    """Return shape and type of an array, None for other leaves."""
    return getattr(leaf, "shape", None), getattr(leaf, "dtype", None)
