"""Root mean square normalisation."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax

from .batch_norm import check_affine
from .layer_norm import absolute_axes, affine_shape, axes_field


class RMSNorm(nn.Module):
    """Divides by the root mean square over `axis` (`hk.RMSNorm`).

    inputs: any shape -> the same; the parameter scale varies along `param_axis`, by default the
    last axis. `nn.RMSNorm` has another epsilon, multiplies in another order and computes bfloat16
    inputs in float32.
    """

    axis: int | Sequence[int] | slice
    eps: float = 1e-5
    scale_init: Any = None
    create_scale: bool = True
    param_axis: Any = dataclasses.field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Makes the axes hashable, refuses what Haiku refuses and fills in its defaults."""
        check_affine(self.create_scale, False, self.scale_init, None, "constructor")
        self.axis = axes_field(self.axis)
        self.param_axis = axes_field(-1 if self.param_axis is None else self.param_axis)
        self.scale_init = self.scale_init or nn.initializers.ones
        super().__post_init__()

    @nn.compact
    def __call__(self, inputs: jax.Array) -> jax.Array:
        """Normalises the inputs."""
        inputs = jnp.asarray(inputs)
        axes = absolute_axes(self.axis, inputs.ndim)
        scale: Any = 1.0
        if self.create_scale:
            shape = affine_shape(self.param_axis, inputs.shape)
            scale = self.param("scale", self.scale_init, shape, inputs.dtype)
            scale = jnp.broadcast_to(scale, inputs.shape)
        mean_squared = jnp.mean(jnp.square(inputs), axis=axes, keepdims=True)
        mean_squared = jnp.broadcast_to(mean_squared, inputs.shape)
        return inputs * scale * lax.rsqrt(mean_squared + self.eps)
