"""Weights of the Haiku program that show every difference, and their way through the map."""

from __future__ import annotations

from typing import Any

import numpy as np

from hk2flax.params.map import Map
from hk2flax.params.ops import apply_ops, linear_part

from .exchange import Key


def randomised(values: dict[Key, Any]) -> dict[Key, Any]:
    """Fresh weights with constant leaves (zero biases, unit scales) made to vary.

    Leaves that an initialiser drew stay, so that the network keeps its scale.
    """
    random = np.random.RandomState(0)
    changed = {}
    for key, value in values.items():
        array = np.asarray(value)
        if _is_float(array) and (array.size == 1 or np.all(array == array.flat[:1])):
            noise = 0.1 * random.standard_normal(array.shape)
            array = (array.astype(np.float64) + noise).astype(array.dtype)
        changed[key] = array
    return changed


def carried(mapping: Map, values: dict[Key, Any], linear: bool = False) -> dict[Key, Any]:
    """Haiku leaves as Flax leaves, by (collection, *path); leaves not in `values` are left out.

    linear: leave out constants that a layout adds, as gradients and moments need.
    """
    found = {}
    for entry in mapping.entries:
        key = (entry.kind, entry.module, entry.name)
        if key not in values:
            continue
        for target in entry.targets:
            ops = linear_part(target.ops) if linear else target.ops
            found[target.collection, *target.path] = apply_ops(np.asarray(values[key]), ops)
    return found


def _is_float(array: Any) -> bool:
    # bfloat16 and its kin are of kind "V" to numpy (ml_dtypes).
    return array.dtype.kind == "f" or "float" in array.dtype.name
