"""Batch normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .moving_averages import ExponentialMovingAverage
from .pad import get_channel_index


def check_affine(
    create_scale: bool, create_offset: bool, scale: Any, offset: Any, where: str
) -> None:
    """Refuses a scale or offset where it would be ignored, or one too many, as Haiku does.

    Plain linen has no scale or offset at call time.
    """
    filled_in = (None, nn.initializers.ones, nn.initializers.zeros)
    for name, created, given in (("scale", create_scale, scale), ("offset", create_offset, offset)):
        if where == "call" and created and given is not None:
            raise ValueError(f"`{name}` cannot be passed at call time with create_{name}=True.")
        if where == "constructor" and not created and given not in filled_in:
            raise ValueError(f"`{name}_init` cannot be set with create_{name}=False.")


class BatchNorm(nn.Module):
    """Normalises over the batch, or by moving averages (`hk.BatchNorm`).

    inputs [..., channels] -> the same shape; parameters scale and offset keep the rank, with ones
    along the reduced axes; children mean_ema and var_ema. `nn.BatchNorm` starts its averages at 0
    and 1 and never corrects for that, clamps the variance, names `axis` the axes it keeps, and
    computes statistics of bfloat16 inputs in float32.
    """

    create_scale: bool
    create_offset: bool
    decay_rate: float
    eps: float = 1e-5
    scale_init: Any = None
    offset_init: Any = None
    axis: Sequence[int] | None = None
    cross_replica_axis: str | Sequence[str] | None = None
    cross_replica_axis_index_groups: Sequence[Sequence[int]] | None = None
    data_format: str = "channels_last"

    def __post_init__(self) -> None:
        """Refuses the combinations Haiku refuses and fills in its defaults."""
        flags = (self.create_scale, self.create_offset)
        check_affine(*flags, self.scale_init, self.offset_init, "constructor")
        if self.cross_replica_axis is None and self.cross_replica_axis_index_groups is not None:
            raise ValueError("cross_replica_axis_index_groups need a cross_replica_axis.")
        self.scale_init = self.scale_init or nn.initializers.ones
        self.offset_init = self.offset_init or nn.initializers.zeros
        self.channel_index = get_channel_index(self.data_format)
        super().__post_init__()

    def setup(self) -> None:
        """Creates the averages here so that `bn.mean_ema.average` can be read."""
        self.mean_ema = ExponentialMovingAverage(self.decay_rate)
        self.var_ema = ExponentialMovingAverage(self.decay_rate)

    @nn.compact
    def __call__(
        self,
        inputs: jax.Array,
        is_training: bool,
        test_local_stats: bool = False,
        scale: Any = None,
        offset: Any = None,
    ) -> jax.Array:
        """Normalises; training updates the averages, evaluation reads them."""
        check_affine(self.create_scale, self.create_offset, scale, offset, "call")
        channels = self.channel_index % inputs.ndim
        axis = self.axis
        if axis is None:
            axis = tuple(i for i in range(inputs.ndim) if i != channels)

        if is_training or test_local_stats:
            mean = jnp.mean(inputs, axis, keepdims=True)
            mean_of_squares = jnp.mean(jnp.square(inputs), axis, keepdims=True)
            if self.cross_replica_axis:
                groups = self.cross_replica_axis_index_groups
                mean, mean_of_squares = (
                    lax.pmean(value, self.cross_replica_axis, axis_index_groups=groups)
                    for value in (mean, mean_of_squares)
                )
            var = mean_of_squares - jnp.square(mean)
        else:
            mean = self.mean_ema.average.astype(inputs.dtype)
            var = self.var_ema.average.astype(inputs.dtype)
        if is_training:
            self.mean_ema(mean)
            self.var_ema(var)

        # Negative entries of `axis` reduce without making a one here: Haiku's rule.
        shape = tuple(1 if i in axis else size for i, size in enumerate(inputs.shape))
        if self.create_scale:
            scale = self.param("scale", self.scale_init, shape, inputs.dtype)
        elif scale is None:
            scale = np.ones([], inputs.dtype)
        if self.create_offset:
            offset = self.param("offset", self.offset_init, shape, inputs.dtype)
        elif offset is None:
            offset = np.zeros([], inputs.dtype)
        inv = scale * lax.rsqrt(var + lax.convert_element_type(self.eps, var.dtype))
        return (inputs - mean) * inv + offset
