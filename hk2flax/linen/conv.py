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
    kernel_shape: int | Sequence[int]
    stride: int | Sequence[int] = 1
    rate: int | Sequence[int] = 1
    padding: Any = "SAME"
    with_bias: bool = True
    w_init: Callable[..., jax.Array] | None = None
    b_init: Callable[..., jax.Array] | None = None
    data_format: str = "channels_last"
    mask: jax.Array | None = None
    feature_group_count: int = 1

    @nn.compact
    def __call__(self, inputs: jax.Array, *, precision: Any = None) -> jax.Array:
        """Convolves the inputs."""
        inputs = jnp.asarray(inputs)
        n, groups, outputs = self.num_spatial_dims, self.feature_group_count, self.output_channels
        x = with_batch_axis(inputs, n)
        channel_index = get_channel_index(self.data_format)
        channels = x.shape[channel_index]
        if channels % groups != 0:
            raise ValueError(f"{channels} channels cannot be divided into {groups} groups.")

        kernel, rate = (
            replicate(self.kernel_shape, n, "kernel_shape"),
            replicate(self.rate, n, "rate"),
        )
        w_shape = (*kernel, channels // groups, outputs)
        w = self.param("w", self.w_init or default_weight_init(w_shape), w_shape, x.dtype)
        padding: Any
        if isinstance(self.padding, str):
            padding = self.padding.upper()
        elif is_padfn(self.padding):
            padding = create_from_padfn(self.padding, kernel, rate, n)
        else:
            padding = create_from_tuple(self.padding, n)
        out = lax.conv_general_dilated(
            x,
            masked(w, self.mask),
            window_strides=replicate(self.stride, n, "stride"),
            padding=padding,
            lhs_dilation=(1,) * n,
            rhs_dilation=rate,
            dimension_numbers=conv_dimension_numbers(n, channel_index, transpose=False),
            feature_group_count=groups,
            precision=precision,
        )
        if self.with_bias:
            b_shape = (outputs,) if channel_index == -1 else (outputs,) + (1,) * n
            b = self.param("b", self.b_init or nn.initializers.zeros, b_shape, x.dtype)
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
