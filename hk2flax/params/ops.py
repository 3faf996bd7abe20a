"""Layout operations between a Haiku leaf and a Flax leaf, forwards and backwards.

An operation is a tuple, as in `hk2flax.catalog.model.Leaf.ops`:

    ("reshape", shape)        -1 is computed; "k" keeps the input's dimension at that index
    ("transpose", perm)       ("swap", axis, axis)
    ("squeeze",)              drops every dimension of size 1; ("squeeze", axis, ...) those named
    ("slice", axis, start, stop)
    ("add", number)           the only affine one; all others just move elements

Nothing here imports numpy: arrays are used through their own methods, so numpy and jax arrays
both work, and shapes can be computed without any array.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

Op = tuple[Any, ...]
Shape = tuple[int, ...]

_LENGTHS = {"reshape": (2,), "transpose": (2,), "swap": (3,), "slice": (4,), "add": (2,)}


def is_affine(op: Op) -> bool:
    """True for operations that are not linear: optimizer moments must not take them."""
    return op[0] == "add"


def linear_part(ops: Sequence[Op]) -> tuple[Op, ...]:
    """Return the operations without the affine ones (moments scale and move, they never shift)."""
    return tuple(op for op in ops if not is_affine(op))


def check_op(op: Any) -> Op:
    """Return `op` with lists made tuples.

    Raises:
        ValueError: it is none of the operations above.
    """
    if not isinstance(op, list | tuple) or not op or not isinstance(op[0], str):
        raise ValueError(f"not a layout operation: {op!r}")
    name, *rest = op
    args = [tuple(arg) if isinstance(arg, list | tuple) else arg for arg in rest]
    known = name == "squeeze" or (name in _LENGTHS and len(op) in _LENGTHS[name])
    if not known:
        raise ValueError(
            f"not a layout operation: {op!r} (known: reshape, transpose, swap, squeeze, slice, add)"
        )
    if name in ("reshape", "transpose"):
        good = isinstance(args[0], tuple) and all(
            _is_int(n) or (name == "reshape" and n == "k") for n in args[0]
        )
    elif name == "add":
        good = isinstance(args[0], int | float) and not isinstance(args[0], bool)
    else:
        good = all(map(_is_int, args))
    if not good:
        raise ValueError(f"arguments of the wrong type in the layout operation {op!r}")
    return (name, *args)


def output_shape(shape: Sequence[int], ops: Sequence[Op]) -> Shape:
    """Return the shape that an array of `shape` has after `ops`.

    Raises:
        ValueError: an operation does not fit the shape.
    """
    now = tuple(shape)
    for op in ops:
        now = _step_shape(now, check_op(op))
    return now


def apply_ops(array: Any, ops: Sequence[Op]) -> Any:
    """Apply `ops` to an array in order; views are returned where numpy can give them.

    Raises:
        ValueError: an operation does not fit the array's shape.
    """
    for op in ops:
        array = apply_op(array, check_op(op))
    return array


def apply_op(array: Any, op: Op) -> Any:
    """Apply one checked operation."""
    shape = _step_shape(tuple(array.shape), op)
    name = op[0]
    if name in ("reshape", "squeeze"):
        return array.reshape(shape)
    if name == "transpose":
        return array.transpose(op[1])
    if name == "swap":
        return array.swapaxes(op[1], op[2])
    if name == "slice":
        index = [slice(None)] * len(array.shape)
        index[op[1]] = slice(op[2], op[3])
        return array[tuple(index)]
    return (array + op[1]).astype(array.dtype)


def invert(array: Any, ops: Sequence[Op], shape: Sequence[int]) -> Any:
    """Undo `ops`: return the array of `shape` whose image under `ops` is `array`.

    Raises:
        ValueError: there is a "slice" that drops elements (join the parts with
            `hk2flax.params.mapping.convert_back`), or a shape does not fit.
    """
    checked = [check_op(op) for op in ops]
    shapes = [tuple(shape)]
    for op in checked:
        shapes.append(_step_shape(shapes[-1], op))
    if tuple(array.shape) != shapes[-1]:
        raise ValueError(f"shape {tuple(array.shape)} where {shapes[-1]} is expected")
    for op, before in zip(reversed(checked), reversed(shapes[:-1]), strict=True):
        array = _undo(array, op, before)
    return array


def _undo(array: Any, op: Op, before: Shape) -> Any:
    name = op[0]
    if name in ("reshape", "squeeze"):
        return array.reshape(before)
    if name == "transpose":
        inverse = [0] * len(before)
        for position, axis in enumerate(op[1]):
            inverse[axis] = position
        return array.transpose(inverse)
    if name == "swap":
        return array.swapaxes(op[1], op[2])
    if name == "slice":
        if tuple(array.shape) != before:
            raise ValueError(f"{op!r} keeps only a part: it cannot be undone alone")
        return array
    return (array - op[1]).astype(array.dtype)


def _step_shape(shape: Shape, op: Op) -> Shape:
    name, rank = op[0], len(shape)
    if name == "reshape":
        return _reshaped(shape, op[1])
    if name == "transpose":
        if sorted(axis % rank if rank else axis for axis in op[1]) != list(range(rank)):
            raise ValueError(f"transpose {op[1]} does not fit shape {shape}")
        return tuple(shape[axis] for axis in op[1])
    if name == "add":
        return shape
    if name == "squeeze" and len(op) == 1:
        return tuple(n for n in shape if n != 1)
    axes = op[1:2] if name == "slice" else op[1:]
    if any(not -rank <= axis < rank for axis in axes):
        raise ValueError(f"{name} {op[1:]} names an axis that shape {shape} does not have")
    sizes = list(shape)
    if name == "swap":
        sizes[op[1]], sizes[op[2]] = sizes[op[2]], sizes[op[1]]
    elif name == "squeeze":
        gone = {axis % rank for axis in axes}
        if any(shape[axis] != 1 for axis in gone):
            raise ValueError(f"squeeze {op[1:]} meets a dimension that is not 1 in {shape}")
        return tuple(n for axis, n in enumerate(shape) if axis not in gone)
    else:
        if not 0 <= op[2] < op[3] <= sizes[op[1]]:
            raise ValueError(f"slice {op[2]}:{op[3]} does not fit axis {op[1]} of shape {shape}")
        sizes[op[1]] = op[3] - op[2]
    return tuple(sizes)


def _reshaped(shape: Shape, wanted: Sequence[Any]) -> Shape:
    if any(n == "k" and index >= len(shape) for index, n in enumerate(wanted)):
        raise ValueError(f"reshape {tuple(wanted)} keeps a dimension that {shape} does not have")
    sizes = [shape[index] if n == "k" else n for index, n in enumerate(wanted)]
    total = math.prod(shape)
    known = math.prod(n for n in sizes if n != -1)
    if sizes.count(-1) == 1 and known and total % known == 0:
        sizes[sizes.index(-1)] = total // known
    if -1 in sizes or math.prod(sizes) != total:
        raise ValueError(f"reshape {tuple(wanted)} does not fit shape {shape}")
    return tuple(sizes)


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
