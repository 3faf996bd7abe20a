"""Initial values that cost nothing to compile, for seeing which initialiser stands where.

A draw becomes a short formula of its key, shape and bounds. Two programs that call the same
distribution with the same key, shape, dtype and bounds still get the same values, and those that
do not get others. `test_initial_distributions.py` does without.
"""

from __future__ import annotations

import contextlib
import types
from collections.abc import Iterator

import jax
import jax.numpy as jnp
from jax._src.nn import initializers as jax_initializers

_NAMES = ("uniform", "normal", "truncated_normal")


@contextlib.contextmanager
def cheap_draws() -> Iterator[None]:
    """Replace the draws that initialisers make; restored afterwards."""
    saved = {name: getattr(jax.random, name) for name in _NAMES}
    inner = jax_initializers.random

    def uniform(key, shape=(), dtype=float, minval=0.0, maxval=1.0, **_):
        if jnp.issubdtype(dtype, jnp.complexfloating):
            return saved["uniform"](key, shape, dtype, minval, maxval)
        return _spread(key, shape, dtype, minval, maxval)

    def normal(key, shape=(), dtype=float, **_):
        if jnp.issubdtype(dtype, jnp.complexfloating):
            return saved["normal"](key, shape, dtype)
        return _spread(key, shape, dtype, -1.7, 1.7)

    def truncated_normal(key, lower, upper, shape=None, dtype=float, **_):
        if shape is None:
            shape = jnp.broadcast_shapes(jnp.shape(lower), jnp.shape(upper))
        return _spread(key, shape, dtype, lower, upper)

    changed = {"uniform": uniform, "normal": normal, "truncated_normal": truncated_normal}
    jax_initializers.random = types.SimpleNamespace(**{**vars(inner), **changed})
    for name, function in changed.items():
        setattr(jax.random, name, function)
    try:
        yield
    finally:
        jax_initializers.random = inner
        for name, function in saved.items():
            setattr(jax.random, name, function)


def _spread(key, shape, dtype, low, high):
    """Values between two bounds, the fractional parts of a fast wave that the key shifts."""
    if jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        key = jax.random.key_data(key)
    shift = jnp.sum(key % 9973).astype(jnp.float32)
    count = 1
    for size in shape:
        count *= size
    wave = jnp.sin(jnp.arange(count, dtype=jnp.float32) * 12.9898 + shift) * 437.585
    return (low + (high - low) * (wave - jnp.floor(wave)).reshape(shape)).astype(dtype)
