"""Embedding lookup."""

from __future__ import annotations

import enum
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax

from .initializers import TruncatedNormal
from .variables import scope_parameter


class EmbedLookupStyle(enum.Enum):
    """How `Embed` finds a row (`hk.EmbedLookupStyle`).

    Plain linen only indexes, so it needs no such choice.
    """

    ARRAY_INDEX = 1
    ONE_HOT = 2


class Embed(nn.Module):
    """A table of vectors looked up by integer ids (`hk.Embed`).

    ids [...] -> [..., embed_dim]; parameter embeddings [vocab_size, embed_dim], float32 or in the
    dtype of `embedding_matrix`. `nn.Embed` answers ids outside the table with NaN where Haiku
    clamps them, draws other initial values and cannot look up by one-hot product.
    """

    vocab_size: Any = None
    embed_dim: Any = None
    embedding_matrix: Any = None
    w_init: Any = None
    lookup_style: str | EmbedLookupStyle = "ARRAY_INDEX"
    precision: Any = lax.Precision.HIGHEST

    def __post_init__(self) -> None:
        """Takes the table's size from `embedding_matrix`, where given, and Haiku's default."""
        if self.embedding_matrix is not None:
            sizes = tuple(jnp.shape(self.embedding_matrix))
            if (self.vocab_size or sizes[0], self.embed_dim or sizes[1]) != sizes:
                raise ValueError(
                    f"Embed: embedding_matrix has shape {sizes}, but vocab_size={self.vocab_size} "
                    f"and embed_dim={self.embed_dim}."
                )
            self.vocab_size, self.embed_dim = sizes
        elif not (self.vocab_size and self.embed_dim):
            raise ValueError("Embed: give vocab_size and embed_dim, or embedding_matrix.")
        self.w_init = self.w_init or TruncatedNormal()
        super().__post_init__()

    @property
    def embeddings(self) -> jax.Array:
        """The table; a property, since Haiku asks for the parameter whenever it is used."""
        w_init = self.w_init
        if self.embedding_matrix is not None:
            matrix = jnp.asarray(self.embedding_matrix)

            def w_init(key: Any, shape: Any, dtype: Any) -> jax.Array:
                return matrix

        shape = (self.vocab_size, self.embed_dim)
        return scope_parameter(self.scope, "embeddings", shape, jnp.float32, w_init)

    def __call__(
        self,
        ids: Any,
        lookup_style: str | EmbedLookupStyle | None = None,
        precision: Any = None,
    ) -> jax.Array:
        """Looks up a vector for each id."""
        ids = jnp.asarray(ids)
        if not jnp.issubdtype(ids.dtype, jnp.integer):
            raise ValueError(f"Embed: ids must be integers, got {ids.dtype}.")
        style = lookup_style or self.lookup_style
        if isinstance(style, str):
            style = getattr(EmbedLookupStyle, style.upper())
        if style == EmbedLookupStyle.ARRAY_INDEX:
            return jnp.asarray(self.embeddings)[(ids,)]
        one_hot_ids = jax.nn.one_hot(ids, self.vocab_size)
        precision = self.precision if precision is None else precision
        return jnp.dot(one_hot_ids, self.embeddings, precision=precision)
