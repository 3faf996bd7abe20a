"""Layer and instance normalisation."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .batch_norm import check_affine
from .pad import get_channel_index


class AxisSlice(NamedTuple):
    """A `slice` of axes that can be hashed, which the fields of a linen module have to be."""

    start: int | None
    stop: int | None
    step: int | None


def axes_field(axis: int | Sequence[int] | slice) -> tuple[Any, ...]:
    """Axes as a module can keep them: a tuple, or an `AxisSlice` for a slice linen cannot hash."""
    if isinstance(axis, AxisSlice):
        return axis
    if isinstance(axis, slice):
        return AxisSlice(axis.start, axis.stop, axis.step)
    return (axis,) if isinstance(axis, int) else tuple(axis)


def absolute_axes(axis: Any, rank: int) -> tuple[int, ...]:
    """The axes of an `axes_field` counted from the front, sorted; linen takes no slices."""
    if isinstance(axis, AxisSlice):
        return tuple(range(rank)[slice(*axis)])
    return tuple(sorted({a % rank for a in axis}))


def affine_shape(param_axis: tuple[Any, ...], shape: Sequence[int]) -> tuple[int, ...]:
    """The shape of scale and offset: [channels] for the last axis, else full rank with ones.

    Linen keeps the named axes only.
    """
    axes = absolute_axes(param_axis, len(shape))
    if axes == (len(shape) - 1,):
        return (shape[-1],)
    return tuple(size if i in axes else 1 for i, size in enumerate(shape))


class LayerNorm(nn.Module):
    """Normalises each example over `axis` (`hk.LayerNorm`).

    inputs: any shape -> the same; parameters scale and offset vary along `param_axis`, by default
    the last axis. `nn.LayerNorm` has another epsilon and a faster, less exact variance by default,
    takes no slices, and computes statistics of bfloat16 inputs in float32.
    """

    axis: int | Sequence[int] | slice
    create_scale: bool
    create_offset: bool
    eps: float = 1e-5
    scale_init: Any = None
    offset_init: Any = None
    use_fast_variance: bool = False
    param_axis: Any = dataclasses.field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Makes the axes hashable, refuses what Haiku refuses and fills in its defaults."""
        flags = (self.create_scale, self.create_offset)
        check_affine(*flags, self.scale_init, self.offset_init, "constructor")
        self.axis = axes_field(self.axis)
        self.param_axis = axes_field(-1 if self.param_axis is None else self.param_axis)
        self.scale_init = self.scale_init or nn.initializers.ones
        self.offset_init = self.offset_init or nn.initializers.zeros
        super().__post_init__()

    @nn.compact
    def __call__(self, inputs: jax.Array, scale: Any = None, offset: Any = None) -> jax.Array:
        """Normalises the inputs."""
        check_affine(self.create_scale, self.create_offset, scale, offset, "call")
        inputs = jnp.asarray(inputs)
        axes = absolute_axes(self.axis, inputs.ndim)
        mean = jnp.mean(inputs, axis=axes, keepdims=True)
        if self.use_fast_variance:
            var = jnp.mean(jnp.square(inputs), axis=axes, keepdims=True) - jnp.square(mean)
        else:
            var = jnp.var(inputs, axis=axes, keepdims=True)

        shape = affine_shape(self.param_axis, inputs.shape)
        if self.create_scale:
            scale = self.param("scale", self.scale_init, shape, inputs.dtype)
        elif scale is None:
            scale = np.ones([], inputs.dtype)
        if self.create_offset:
            offset = self.param("offset", self.offset_init, shape, inputs.dtype)
        elif offset is None:
            offset = np.zeros([], inputs.dtype)
        inv = scale * lax.rsqrt(var + lax.convert_element_type(self.eps, var.dtype))
        return inv * (inputs - mean) + offset


class InstanceNorm(LayerNorm):
    """Normalises each example and channel over space (`hk.InstanceNorm`).

    inputs [batch, space..., channels] or channels first -> the same shape; scale and offset have
    one value a channel. `nn.InstanceNorm` has the other defaults of `nn.LayerNorm`, too.
    """

    axis: Any = dataclasses.field(default=None, init=False)
    use_fast_variance: bool = dataclasses.field(default=False, init=False)
    param_axis: Any = dataclasses.field(default=None, init=False)
    data_format: str = "channels_last"

    def __post_init__(self) -> None:
        """Finds the spatial axes."""
        self.param_axis = get_channel_index(self.data_format)
        self.axis = slice(1, -1) if self.param_axis == -1 else slice(2, None)
        super().__post_init__()
