"""The arguments a program is called with, and variations of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from .errors import OracleError
from .importing import where


@dataclass(frozen=True)
class Inputs:
    """Positional and keyword arguments: arrays and plain values, in pytrees."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def call(function: Any, spec: str, root: Path) -> Inputs:
    """Call --inputs.

    Raises OracleError when it raises or does not return (args, kwargs).
    """
    try:
        value = function()
    except Exception as error:
        raise OracleError(f"--inputs {spec} fails: {where(error, root)}") from error
    if (
        isinstance(value, tuple)
        and len(value) == 2
        and isinstance(value[0], tuple | list)
        and isinstance(value[1], Mapping)
    ):
        return Inputs(tuple(value[0]), dict(value[1]))
    raise OracleError(f"--inputs {spec} must return (args, kwargs), a tuple and a dict")


def is_array(value: Any) -> bool:
    """Whether a leaf is an array; Python numbers stay plain values, so that they stay static."""
    return isinstance(value, np.ndarray | np.generic | jax.Array)


def arrays(inputs: Inputs) -> list[Any]:
    """The array leaves in order, as they are."""
    leaves = jax.tree_util.tree_leaves((inputs.args, inputs.kwargs))
    return [leaf for leaf in leaves if is_array(leaf)]


def with_arrays(inputs: Inputs, replacements: list[Any]) -> Inputs:
    """The same structure with other arrays in the same places."""
    leaves, structure = jax.tree_util.tree_flatten((inputs.args, inputs.kwargs))
    remaining = iter(replacements)
    changed = [next(remaining) if is_array(leaf) else leaf for leaf in leaves]
    args, kwargs = jax.tree_util.tree_unflatten(structure, changed)
    return Inputs(args, kwargs)


def with_values(inputs: Inputs, values: list[np.ndarray[Any, Any]]) -> Inputs:
    """The same structure with the other side's values, so that random inputs are equal too.

    Raises OracleError when number or shapes differ from the own ones.
    """
    own = arrays(inputs)
    shapes = [to_numpy(each).shape for each in own]
    if shapes != [value.shape for value in values]:
        given = [value.shape for value in values]
        raise OracleError(f"--inputs gives arrays of shapes {shapes} here, {given} in the source")
    return with_arrays(
        inputs, [_like(each, value) for each, value in zip(own, values, strict=True)]
    )


def _like(own: Any, value: np.ndarray[Any, Any]) -> Any:
    """`value` as the kind of array that `own` is: numpy, jax or typed random key."""
    if not isinstance(own, jax.Array):
        return value
    if _is_key(own):
        return jax.random.wrap_key_data(jax.numpy.asarray(value), impl=jax.random.key_impl(own))
    return jax.numpy.asarray(value)


def _is_key(value: Any) -> bool:
    return isinstance(value, jax.Array) and jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key)


def to_numpy(value: Any) -> np.ndarray[Any, Any]:
    """An array as numpy; typed random keys as their data."""
    if _is_key(value):
        value = jax.random.key_data(value)
    return np.asarray(value)


def doubled(inputs: Inputs) -> Inputs | None:
    """The inputs with twice as many rows, or None when the arrays share no leading axis.

    The second half is the first in reverse order, so that rows that mix show.
    """
    found = arrays(inputs)
    sizes = {array.shape[0] if array.ndim else None for array in found}
    if len(sizes) != 1 or None in sizes or any(_is_key(array) for array in found):
        return None
    kinds = [np if isinstance(array, np.ndarray) else jax.numpy for array in found]
    return with_arrays(
        inputs,
        [kind.concatenate([array, array[::-1]]) for kind, array in zip(kinds, found, strict=True)],
    )
