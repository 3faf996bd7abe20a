"""Spectral normalisation."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax

from .initializers import RandomNormal
from .moving_averages import layer_state, matched_leaves, set_layer_state
from .variables import variable_again


def unit_length(x: jax.Array, eps: float) -> jax.Array:
    """The vector at length one; linen guards a zero vector in another way."""
    return x * lax.rsqrt((x * x).sum(keepdims=True) + eps)


class SpectralNorm(nn.Module):
    """Divides a matrix by its largest singular value (`hk.SpectralNorm`).

    value [..., columns] -> the same shape; leading axes count as rows. `state` holds u0 [1,
    columns], the estimate that every call improves by `n_steps` of power iteration, and sigma.
    `nn.SpectralNorm` wraps a layer instead of a value, normalises all its kernels and has another
    epsilon.
    """

    eps: float = 1e-4
    n_steps: int = 1

    def __call__(
        self, value: Any, update_stats: bool = True, error_on_non_matrix: bool = False
    ) -> jax.Array:
        """The normalised value; `update_stats` remembers the better estimate."""
        value = jnp.asarray(value)
        if value.ndim < 2 or (value.ndim > 2 and error_on_non_matrix):
            raise ValueError(f"SpectralNorm needs a matrix, the value has shape {value.shape}.")
        matrix = value.reshape(-1, value.shape[-1])

        columns = matrix.shape[-1]
        u0 = layer_state(self, "state", "u0", (1, columns), matrix.dtype, RandomNormal())
        for _ in range(self.n_steps):
            v0 = unit_length(jnp.matmul(u0, matrix.T), self.eps)
            u0 = unit_length(jnp.matmul(v0, matrix), self.eps)
        u0, v0 = lax.stop_gradient(u0), lax.stop_gradient(v0)
        sigma = jnp.matmul(jnp.matmul(v0, matrix), u0.T)[0, 0]
        if update_stats:
            set_layer_state(self, "state", "u0", u0)
            set_layer_state(self, "state", "sigma", sigma)
        return (matrix / sigma).reshape(value.shape)

    @property
    def u0(self) -> jax.Array:
        """The estimate of the first right singular vector."""
        return variable_again(self.scope, "state", "u0", None, None, jnp.float32).value

    @property
    def sigma(self) -> jax.Array:
        """The estimate of the largest singular value, one before the first update."""
        return layer_state(self, "state", "sigma", (), jnp.float32, nn.initializers.ones)


class SNParamsTree(nn.Module):
    """Spectral normalisation of every parameter of a tree (`hk.SNParamsTree`).

    tree: nested dicts of matrices -> the same, normalised. The child for the parameter at "a/b/w"
    is a__b__w. Leaves whose path `ignore_regex` matches pass unchanged; vectors that do not match
    raise. Plain linen has no such layer.
    """

    eps: float = 1e-4
    n_steps: int = 1
    ignore_regex: str = ""

    @nn.compact
    def __call__(self, tree: Any, update_stats: bool = True) -> Any:
        """The normalised tree."""

        def normalise(path: str, value: Any) -> jax.Array:
            name = path.replace("/", "__").replace("~", "_tilde")
            return SpectralNorm(self.eps, self.n_steps, name=name)(value, update_stats)

        return matched_leaves(tree, self.ignore_regex, normalise)
