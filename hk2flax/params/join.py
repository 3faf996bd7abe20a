"""Undoing a split: several Flax leaves written back into one Haiku array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hk2flax.params.map import Target
from hk2flax.params.ops import Op, apply_op, check_op, invert, linear_part


def join_targets(shape: Sequence[int], parts: Sequence[tuple[Sequence[Op], Any]]) -> np.ndarray:
    """Return the array of `shape` of which each part (ops, array) is the image under its ops.

    Raises:
        ValueError: elements are not covered, or two parts disagree about one.
    """
    if len(parts) == 1 and not _has_slice(parts[0][0]):
        ops, array = parts[0]
        return invert(array, ops, shape)
    dtypes = {array.dtype for _, array in parts}
    if len(dtypes) != 1:
        raise ValueError(f"its parts have different dtypes: {', '.join(sorted(map(str, dtypes)))}")
    joined = np.zeros(tuple(shape), dtypes.pop())
    known = np.zeros(tuple(shape), bool)
    for ops, array in parts:
        checked = [check_op(op) for op in ops]
        there = _image(known, checked)
        if there.any() and not _same_where(there, _full_image(joined, checked), array):
            raise ValueError("two Flax leaves hold different values for the same Haiku elements")
        _write(joined, checked, array)
        _write(known, list(linear_part(checked)), np.ones(array.shape, bool))
    if not known.all():
        raise ValueError(f"{known.size - int(known.sum())} elements are in no Flax leaf")
    return joined


def covers_all(shape: Sequence[int], targets: Sequence[Target]) -> bool:
    """True when every element of an array of `shape` reaches some target."""
    if any(not _has_slice(target.ops) for target in targets):
        return True
    known = np.zeros(tuple(shape), bool)
    for target in targets:
        ops = [check_op(op) for op in linear_part(target.ops)]
        _write(known, ops, np.ones(tuple(target.shape), bool))
    return bool(known.all())


def _has_slice(ops: Sequence[Op]) -> bool:
    return any(op[0] == "slice" for op in ops)


def _image(array: np.ndarray, ops: list[Op]) -> np.ndarray:
    for op in linear_part(ops):
        array = apply_op(array, op)
    return array


def _full_image(array: np.ndarray, ops: list[Op]) -> np.ndarray:
    for op in ops:
        array = apply_op(array, op)
    return array


def _same_where(mask: np.ndarray, old: np.ndarray, new: np.ndarray) -> bool:
    return old[mask].tobytes() == new[mask].tobytes()


def _write(destination: np.ndarray, ops: list[Op], value: np.ndarray) -> None:
    """Assign so that applying `ops` to `destination` gives `value`."""
    if not ops:
        destination[...] = value
        return
    op, *rest = ops
    if op[0] == "add":  # all other operations only move elements, so it may be undone first
        _write(destination, rest, (value - op[1]).astype(value.dtype))
        return
    view = apply_op(destination, op)
    _write(view, rest, value)
    if not np.shares_memory(view, destination):  # a reshape that numpy had to copy
        destination[...] = view.reshape(destination.shape)
