"""Make init return given parameters, so that initial state can be compared."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from .records import Side


@contextlib.contextmanager
def preset(side: Side, values: Mapping[tuple[str, ...], Any]) -> Iterator[None]:
    """Replace the initialisers inside the block.

    values: parameters by (module, name) in Haiku, by path in Flax. Where the shape differs (one
    layer of a stack) the program's own initialiser runs.
    """
    with _haiku(values) if side == "source" else _flax(values):
        yield


@contextlib.contextmanager
def _haiku(values: Mapping[tuple[str, ...], Any]) -> Iterator[None]:
    from haiku._src import base

    def create(following: Any, shape: Any, dtype: Any, init: Any, context: Any) -> Any:
        value = following(shape, dtype, init)
        bundle = (context.lifted_prefix_name or "") + context.module_name
        return _replacement(values.get((bundle, context.name)), value)

    with base.param_creator_stack(create):
        yield


@contextlib.contextmanager
def _flax(values: Mapping[tuple[str, ...], Any]) -> Iterator[None]:
    from flax.core.scope import Scope

    create = Scope.param

    def param(self: Any, name: str, init_fn: Any, *args: Any, **kwargs: Any) -> Any:
        def given(*init_args: Any, **init_kwargs: Any) -> Any:
            value = init_fn(*init_args, **init_kwargs)
            return _replacement(values.get((*self.path, name)), value)

        return create(self, name, given, *args, **kwargs)

    Scope.param = param  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        Scope.param = create  # type: ignore[method-assign]


def _replacement(given: Any, value: Any) -> Any:
    if given is None or np.shape(given) != np.shape(value):
        return value
    return jnp.asarray(given, dtype=value.dtype)
