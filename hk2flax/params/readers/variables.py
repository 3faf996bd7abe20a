"""A Flax variables tree from whatever a file holds, for the way back."""

from __future__ import annotations

from typing import Any

from hk2flax.params.keys import split_flax
from hk2flax.params.readers.loaded import Loaded
from hk2flax.params.tree import flat_leaves, is_leaf, plain

COLLECTIONS = ("params", "batch_stats", "state")


def flax_variables(loaded: Loaded) -> dict[str, Any]:
    """Return {"params": {...}, ...}; a bare parameter tree is put under "params".

    Raises:
        ValueError: it is no dict, or holds no arrays.
    """
    tree = split_flax(loaded.tree) if loaded.is_flat else plain(loaded.tree)
    if not isinstance(tree, dict) or not any(is_leaf(leaf) for _, leaf in flat_leaves(tree)):
        raise ValueError("it holds no dict of arrays")
    if "params" in tree or any(name in tree for name in COLLECTIONS):
        return tree
    loaded.notes.append('there is no "params" in the file: the whole tree was taken for it')
    return {"params": tree}
