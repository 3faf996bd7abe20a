"""Trees of parameters and state as flat dicts of numpy arrays, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from .exchange import Flat, Key
from .inputs import to_numpy
from .records import Side
from .tracing import leaves


def flatten(side: Side, params: Any, state: Any) -> Flat:
    """Leaves by ("params" or "state", module, name) in Haiku, (collection, *path) in Flax."""
    return {_key(side, path): to_numpy(leaf) for path, leaf in leaves(_joined(side, params, state))}


def substitute(side: Side, params: Any, state: Any, values: Flat) -> tuple[Any, Any]:
    """The trees with the leaves that `values` names replaced; other leaves stay.

    Raises KeyError for an abstract leaf that is not named.
    """

    def pick(path: Key, old: Any) -> Any:
        key = _key(side, path)
        if key not in values and isinstance(old, jax.ShapeDtypeStruct):
            raise KeyError(f"no value for {'/'.join(key)}")
        return jax.numpy.asarray(values[key]) if key in values else old

    tree = _mapped(_joined(side, params, state), pick, ())
    new_params = tree.pop("params")
    return new_params, (tree["state"] if side == "source" else tree)


def _joined(side: Side, params: Any, state: Any) -> dict[str, Any]:
    return {"params": params, "state": state} if side == "source" else {"params": params, **state}


def _key(side: Side, path: Key) -> Key:
    return (path[0], path[1], "/".join(path[2:])) if side == "source" else path


def _mapped(tree: Any, pick: Callable[[Key, Any], Any], path: Key) -> Any:
    if isinstance(tree, Mapping):
        return {key: _mapped(value, pick, (*path, str(key))) for key, value in tree.items()}
    inner, structure = jax.tree_util.tree_flatten(tree)
    names = [name for name, _ in leaves(tree, path)]
    changed = [pick(name, leaf) for name, leaf in zip(names, inner, strict=True)]
    return jax.tree_util.tree_unflatten(structure, changed)


def output_arrays(value: Any) -> list[Any]:
    """The arrays and numbers of an output in order; attributes of unregistered objects count.

    Strings, None and functions have nothing to compare.
    """
    found: list[Any] = []
    for leaf in jax.tree_util.tree_leaves(value):
        if isinstance(leaf, jax.Array | np.ndarray | np.generic | bool | int | float | complex):
            found.append(leaf)
        elif hasattr(leaf, "__dict__") and not callable(leaf):
            found += output_arrays(dict(sorted(vars(leaf).items())))
    return found
