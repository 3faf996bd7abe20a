"""Multi-head attention."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from .initializers import VarianceScaling
from .linear import Linear


class MultiHeadAttention(nn.Module):
    """Attention with several heads (`hk.MultiHeadAttention`).

    query [..., T', D_q], key [..., T, D_k], value [..., T, D_v] -> [..., T', model_size]; mask of
    the rank of the logits [..., heads or 1, T', T]; children query, key, value and linear.
    `nn.MultiHeadDotProductAttention` has no size of its own for values, takes its widths from the
    input, keeps the heads apart in its kernels and scales and masks in another order.
    """

    num_heads: int
    key_size: int
    w_init_scale: Any = None
    w_init: Any = dataclasses.field(default=None, kw_only=True)
    with_bias: bool = dataclasses.field(default=True, kw_only=True)
    b_init: Callable[..., jax.Array] | None = dataclasses.field(default=None, kw_only=True)
    value_size: Any = dataclasses.field(default=None, kw_only=True)
    model_size: Any = dataclasses.field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Fills in the sizes and refuses to guess an initialiser, as Haiku does."""
        if (self.w_init is None) == (self.w_init_scale is None):
            raise ValueError("MultiHeadAttention: give either w_init or w_init_scale.")
        if self.w_init is None:
            self.w_init, self.w_init_scale = VarianceScaling(self.w_init_scale), None
        self.value_size = self.value_size or self.key_size
        self.model_size = self.model_size or self.key_size * self.num_heads
        super().__post_init__()

    @nn.compact
    def __call__(
        self, query: jax.Array, key: jax.Array, value: jax.Array, mask: jax.Array | None = None
    ) -> jax.Array:
        """Attends from the query to the values."""
        query_heads = self._linear_projection(query, self.key_size, "query")
        key_heads = self._linear_projection(key, self.key_size, "key")
        value_heads = self._linear_projection(value, self.value_size, "value")

        logits = jnp.einsum("...thd,...Thd->...htT", query_heads, key_heads)
        logits = logits / np.sqrt(self.key_size).astype(key.dtype)
        if mask is not None:
            if mask.ndim != logits.ndim:
                raise ValueError(f"The mask has rank {mask.ndim}, the logits have {logits.ndim}.")
            logits = jnp.where(mask, logits, -1e30)
        weights: Any = jax.nn.softmax(logits)
        attended = jnp.einsum("...htT,...Thd->...thd", weights, value_heads)
        attended = attended.reshape(*query.shape[:-1], -1)
        options = dict(with_bias=self.with_bias, w_init=self.w_init, b_init=self.b_init)
        return Linear(self.model_size, name="linear", **options)(attended)

    @nn.nowrap
    def _linear_projection(
        self, x: jax.Array, head_size: int, name: str | None = None
    ) -> jax.Array:
        """The heads [..., heads, head_size] of an input; subclasses may call this."""
        options = dict(with_bias=self.with_bias, w_init=self.w_init, b_init=self.b_init)
        projected = Linear(self.num_heads * head_size, name=name, **options)(x)
        return projected.reshape(*x.shape[:-1], self.num_heads, head_size)
