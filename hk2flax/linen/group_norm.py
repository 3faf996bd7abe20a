"""Group normalisation."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax

from .batch_norm import check_affine
from .layer_norm import AxisSlice, axes_field
from .pad import get_channel_index


class GroupNorm(nn.Module):
    """Normalises each example over groups of channels and `axis` (`hk.GroupNorm`).

    x [batch, ..., channels] or channels first -> the same shape; parameters scale and offset have
    one value a channel. `nn.GroupNorm` has another epsilon, number of groups and variance by
    default, needs the channels among its axes, and multiplies in another order.
    """

    groups: int
    axis: Any = dataclasses.field(default_factory=functools.partial(slice, 1, None))
    create_scale: bool = True
    create_offset: bool = True
    eps: float = 1e-5
    scale_init: Any = None
    offset_init: Any = None
    data_format: str = "channels_last"

    def __post_init__(self) -> None:
        """Makes the axes hashable, refuses what Haiku refuses and fills in its defaults."""
        flags = (self.create_scale, self.create_offset)
        check_affine(*flags, self.scale_init, self.offset_init, "constructor")
        self.axis = axes_field(self.axis)
        self.scale_init = self.scale_init or nn.initializers.ones
        self.offset_init = self.offset_init or nn.initializers.zeros
        self.channel_index = get_channel_index(self.data_format)
        super().__post_init__()

    def grouped(self, shape: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shape with the channels split into groups, and the axes to reduce in it.

        Haiku shifts the axes of the input to those of the split shape but leaves negative ones as
        they are, so -2 means the axis of the groups.
        """
        rank = len(shape)
        axes = self.axis
        if isinstance(axes, AxisSlice):
            axes = tuple(range(rank)[slice(*axes)])
        if self.channel_index == -1:
            split = (self.groups, shape[-1] // self.groups)
            axes = tuple(a + 1 if a == rank - 1 else a for a in axes)
            return (-1, *shape[1:-1], *split), axes
        split = (self.groups, shape[1] // self.groups)
        return (-1, *split, *shape[2:]), tuple(a if a == 0 else a + 1 for a in axes)

    @nn.compact
    def __call__(
        self, x: jax.Array, scale: jax.Array | None = None, offset: jax.Array | None = None
    ) -> jax.Array:
        """Normalises the inputs."""
        check_affine(self.create_scale, self.create_offset, scale, offset, "call")
        channels = x.shape[self.channel_index]
        if channels % self.groups != 0:
            raise ValueError(f"{channels} channels cannot be divided into {self.groups} groups.")
        shape = (channels,) if self.channel_index == -1 else (channels,) + (1,) * (x.ndim - 2)
        if self.create_scale:
            scale = self.param("scale", self.scale_init, shape, x.dtype)
        if self.create_offset:
            offset = self.param("offset", self.offset_init, shape, x.dtype)

        grouped_shape, axes = self.grouped(x.shape)
        groups = x.reshape(grouped_shape)
        mean = jnp.mean(groups, axes, keepdims=True)
        var = jnp.var(groups, axes, keepdims=True)
        out = ((groups - mean) * lax.rsqrt(var + self.eps)).reshape(-1, *x.shape[1:])
        if scale is not None:
            out = out * lax.broadcast_to_rank(scale, out.ndim)
        if offset is not None:
            out = out + lax.broadcast_to_rank(offset, out.ndim)
        return out
