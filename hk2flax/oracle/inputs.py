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


def arrays(inputs: Inputs) -> list[np.ndarray[Any, Any]]:
    """The array leaves as numpy, in order."""
    leaves = jax.tree_util.tree_leaves((inputs.args, inputs.kwargs))
    return [to_numpy(leaf) for leaf in leaves if is_array(leaf)]


def with_arrays(inputs: Inputs, replacements: list[Any]) -> Inputs:
    """The same structure with other arrays.

    Raises OracleError when their number or shapes differ from the own ones.
    """
    leaves, structure = jax.tree_util.tree_flatten((inputs.args, inputs.kwargs))
    own = [np.shape(leaf) for leaf in leaves if is_array(leaf)]
    given = [np.shape(each) for each in replacements]
    if own != given:
        raise OracleError(f"--inputs gives arrays of shapes {own} here and {given} in the source")
    remaining = iter(replacements)
    changed = [next(remaining) if is_array(leaf) else leaf for leaf in leaves]
    args, kwargs = jax.tree_util.tree_unflatten(structure, changed)
    return Inputs(args, kwargs)


def to_numpy(value: Any) -> np.ndarray[Any, Any]:
    """An array as numpy; typed random keys as their data."""
    if isinstance(value, jax.Array) and jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key):
        value = jax.random.key_data(value)
    return np.asarray(value)
