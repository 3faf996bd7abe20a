"""Trees of plain data: what counts as a leaf, walking, flattening, plain containers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from hk2flax.params.records import Record

Path = tuple[str, ...]


def is_leaf(value: Any) -> bool:
    """True for numbers and arrays of numbers; text is none."""
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind not in "USOM"
    return isinstance(value, int | float | complex)


def as_array(value: Any, dtype: str = "") -> np.ndarray:
    """Return a leaf as an array; Python numbers take `dtype` where one is given."""
    if isinstance(value, np.ndarray | np.generic):
        return np.asarray(value)
    return np.asarray(value, dtype=dtype or None)


def flat_leaves(tree: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield (path, value) for everything in a tree that is no container; lists by index."""
    if isinstance(tree, dict):
        for key, child in tree.items():
            yield from flat_leaves(child, (*path, str(key)))
    elif isinstance(tree, list | tuple):
        for number, child in enumerate(tree):
            yield from flat_leaves(child, (*path, str(number)))
    elif isinstance(tree, Record):
        yield from flat_leaves(plain(tree), path)
    else:
        yield path, tree


def plain(value: Any) -> Any:
    """Return `value` with records made dicts (fields known), tuples or lists.

    A record with fields becomes a dict by field name, as `flax.serialization.to_state_dict` does
    for the namedtuples of optax; one without anything becomes {}.
    """
    if isinstance(value, dict):
        return {key: plain(child) for key, child in value.items()}
    if isinstance(value, list):
        return [plain(child) for child in value]
    if isinstance(value, tuple):
        return tuple(plain(child) for child in value)
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    if not isinstance(value, Record):
        return value
    if value.elements:
        return [plain(child) for child in value.elements]
    if value.fields or value.items:
        both = {**value.fields, **{str(key): child for key, child in value.items.items()}}
        return {key: plain(child) for key, child in both.items()}
    return tuple(plain(child) for child in value.args) if value.args else {}


def map_arrays(function: Callable[[np.ndarray], Any], value: Any) -> Any:
    """Return the tree with `function` applied to every array; records stay records."""
    if isinstance(value, np.ndarray):
        return function(value)
    if isinstance(value, dict):
        return {key: map_arrays(function, child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map_arrays(function, child) for child in value)
    if isinstance(value, Record):
        parts = (value.args, value.fields, value.items, value.elements)
        return Record(value.cls, *(map_arrays(function, part) for part in parts))
    return value


def put(tree: dict[str, Any], path: Path, value: Any) -> None:
    """Set `value` at `path`, making dicts on the way.

    Raises:
        ValueError: something is there already, or a leaf lies on the way.
    """
    node = tree
    for key in path[:-1]:
        node = node.setdefault(key, {})
        if not isinstance(node, dict):
            raise ValueError(f"{'/'.join(path)}: {key} is a leaf and a module")
    if path[-1] in node:
        raise ValueError(f"{'/'.join(path)}: filled twice")
    node[path[-1]] = value
