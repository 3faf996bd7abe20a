"""Random functions that are given their key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp


def dropout(
    rng: jax.Array, rate: Any, x: jax.Array, broadcast_dims: Sequence[int] = ()
) -> jax.Array:
    """Sets a share `rate` of the entries to zero and scales up the rest (`hk.dropout`).

    `nn.Dropout` takes no traced rate, folds the key of its stream and answers rate 1 with zeros.
    """
    try:
        if rate < 0 or rate >= 1:
            raise ValueError(f"dropout: the rate must be in [0, 1), got {rate}.")
        if rate == 0.0:
            return x
    except jax.errors.ConcretizationTypeError:
        pass  # a traced rate cannot be checked
    dims = [axis % x.ndim for axis in broadcast_dims]
    shape = [1 if axis in dims else size for axis, size in enumerate(x.shape)]
    keep_rate = 1.0 - rate
    keep = jnp.broadcast_to(jax.random.bernoulli(rng, keep_rate, shape), x.shape)
    return keep * x / keep_rate


def one_hot(x: jax.Array, num_classes: int, dtype: Any = jnp.float32) -> jax.Array:
    """Indices [...] as unit vectors [..., num_classes] (`hk.one_hot`); linen has none."""
    return jax.nn.one_hot(x, num_classes).astype(dtype)


def multinomial(rng: jax.Array, logits: jax.Array, num_samples: int) -> jax.Array:
    """Samples [..., num_samples] from logits [..., categories] (`hk.multinomial`).

    Linen has no such function, and `jax.random.categorical` puts the samples first.
    """
    if num_samples == 1:
        return jax.random.categorical(rng, logits)[..., None]
    shape = (num_samples, *logits.shape[:-1])
    return jnp.moveaxis(jax.random.categorical(rng, logits, shape=shape), 0, -1)
