"""Convolutions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax

from .initializers import default_weight_init
from .pad import create_from_padfn, create_from_tuple, get_channel_index, is_padfn, replicate


def conv_dimension_numbers(
    num_spatial_dims: int, channel_index: int, transpose: bool
) -> lax.ConvDimensionNumbers:
    """Where image and kernel keep batch, channels and space; Haiku's transposed kernels end in
    (out, in), all others in (in, out). Plain linen knows channels-last images only.
    """
    rank = num_spatial_dims + 2
    channels_last = (0, rank - 1, *range(1, rank - 1))
    image = channels_last if channel_index == -1 else tuple(range(rank))
    features = (rank - 2, rank - 1) if transpose else (rank - 1, rank - 2)
    return lax.ConvDimensionNumbers(image, (*features, *range(rank - 2)), image)


def with_batch_axis(inputs: jax.Array, num_spatial_dims: int) -> jax.Array:
    """Adds the batch axis a convolution needs; refuses any other rank, which linen would merge."""
    if inputs.ndim not in (num_spatial_dims + 1, num_spatial_dims + 2):
        raise ValueError(
            f"A convolution over {num_spatial_dims} dimensions needs an input of rank "
            f"{num_spatial_dims + 1} or {num_spatial_dims + 2}, got shape {inputs.shape}."
        )
    return inputs[None] if inputs.ndim == num_spatial_dims + 1 else inputs


def masked(w: jax.Array, mask: jax.Array | None) -> jax.Array:
    """The kernel times its mask; linen does not check that their shapes agree."""
    if mask is None:
        return w
    if mask.shape != w.shape:
        raise ValueError(f"The mask has shape {mask.shape}, the weights have shape {w.shape}.")
    return w * mask


class ConvND(nn.Module):
    """A convolution over `num_spatial_dims` dimensions (`hk.ConvND`).

    inputs [batch, space..., channels] (or without batch, or with channels first) -> the same with
    `output_channels`; parameters w [kernel..., channels / groups, output_channels] and b. `nn.Conv`
    reads an integer kernel as rank 1, pairs and functions of padding differently, has no channels
    first and keeps float32 parameters for any input.
    """

    num_spatial_dims: int
    output_channels: int
    kernel_shape: Any
    stride: Any = 1
    rate: int | Sequence[int] = 1
    padding: Any = "SAME"
    with_bias: bool = True
    w_init: Callable[..., jax.Array] | None = None
    b_init: Any = None
    data_format: str = "channels_last"
    mask: jax.Array | None = None
    feature_group_count: int = 1

    def __post_init__(self) -> None:
        """Haiku's values of the arguments, which subclasses may read."""
        n = self.num_spatial_dims
        self.kernel_shape = replicate(self.kernel_shape, n, "kernel_shape")
        self.stride = replicate(self.stride, n, "stride")
        self.lhs_dilation, self.kernel_dilation = (1,) * n, replicate(self.rate, n, "rate")
        self.b_init = self.b_init or nn.initializers.zeros
        self.channel_index = get_channel_index(self.data_format)
        self.dimension_numbers = conv_dimension_numbers(n, self.channel_index, transpose=False)
        if isinstance(self.padding, str):
            self.padding = self.padding.upper()
        elif is_padfn(self.padding):
            sizes = self.kernel_shape, self.kernel_dilation
            self.padding = create_from_padfn(self.padding, *sizes, n)
        else:
            self.padding = create_from_tuple(self.padding, n)
        super().__post_init__()

    @nn.compact
    def __call__(self, inputs: jax.Array, *, precision: Any = None) -> jax.Array:
        """Convolves the inputs."""
        inputs = jnp.asarray(inputs)
        n, groups, outputs = self.num_spatial_dims, self.feature_group_count, self.output_channels
        x = with_batch_axis(inputs, n)
        channels = x.shape[self.channel_index]
        if channels % groups != 0:
            raise ValueError(f"{channels} channels cannot be divided into {groups} groups.")

        w_shape = (*self.kernel_shape, channels // groups, outputs)
        w = self.param("w", self.w_init or default_weight_init(w_shape), w_shape, x.dtype)
        out = lax.conv_general_dilated(
            x,
            masked(w, self.mask),
            window_strides=self.stride,
            padding=self.padding,
            lhs_dilation=self.lhs_dilation,
            rhs_dilation=self.kernel_dilation,
            dimension_numbers=self.dimension_numbers,
            feature_group_count=groups,
            precision=precision,
        )
        if self.with_bias:
            b_shape = (outputs,) if self.channel_index == -1 else (outputs,) + (1,) * n
            b = self.param("b", self.b_init, b_shape, x.dtype)
            out = out + jnp.broadcast_to(b, out.shape)
        return out[0] if inputs.ndim == n + 1 else out


class Conv1D(ConvND):
    """A convolution over one dimension (`hk.Conv1D`); see `ConvND` for what `nn.Conv` lacks."""

    num_spatial_dims: int = dataclasses.field(default=1, init=False)
    data_format: str = "NWC"


class Conv2D(ConvND):
    """A convolution over two dimensions (`hk.Conv2D`); see `ConvND` for what `nn.Conv` lacks."""

    num_spatial_dims: int = dataclasses.field(default=2, init=False)
    data_format: str = "NHWC"


class Conv3D(ConvND):
    """A convolution over three dimensions (`hk.Conv3D`); see `ConvND` for what `nn.Conv` lacks."""

    num_spatial_dims: int = dataclasses.field(default=3, init=False)
    data_format: str = "NDHWC"
