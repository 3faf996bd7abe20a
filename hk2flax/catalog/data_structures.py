"""haiku.data_structures: taking parameter trees apart and putting them together."""

from __future__ import annotations

from .build import symbol
from .model import Symbol

_FILTERING = "haiku/_src/filtering.py"
_NAMES = (
    "Haiku's functions run on a nested Flax tree without an error and take sub-trees for leaves. "
    "The helper walks the nested tree and gives `module/name` paths; names in predicates change "
    "(`w` becomes `kernel`)."
)


def _function(name: str, signature: str, note: str, source: str = _FILTERING) -> Symbol:
    path = f"data_structures.{name}"
    return symbol(path, "function", signature, helper=path, note=note, source=source)


SYMBOLS = (
    _function("filter", "predicate, structure", _NAMES),
    _function("map", "fn, structure", _NAMES),
    _function("partition", "predicate, structure", _NAMES),
    _function("partition_n", "fn, structure, n", _NAMES),
    _function("traverse", "structure", _NAMES),
    _function("merge", "*structures, check_duplicates=False", "Joins nested trees."),
    _function("is_subset", "*, subset, superset", "Compares the paths of nested trees."),
    _function(
        "to_haiku_dict",
        "structure",
        "A plain dict of dicts, as Flax uses it.",
        "haiku/_src/data_structures.py",
    ),
    _function(
        "to_immutable_dict",
        "mapping",
        "`flax.core.freeze`; Flax works with plain dicts since 0.7.",
        "haiku/_src/data_structures.py",
    ),
    _function(
        "to_mutable_dict",
        "mapping",
        "`flax.core.unfreeze`; Flax works with plain dicts since 0.7.",
        "haiku/_src/data_structures.py",
    ),
    _function(
        "tree_size",
        "tree",
        "`sum(x.size for x in jax.tree.leaves(tree))`.",
        "haiku/_src/utils.py",
    ),
    _function(
        "tree_bytes",
        "tree",
        "`sum(x.nbytes for x in jax.tree.leaves(tree))`.",
        "haiku/_src/utils.py",
    ),
)
