"""Depthwise convolutions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax

from .conv import conv_dimension_numbers
from .initializers import default_weight_init
from .pad import get_channel_index, replicate


class DepthwiseConvND(nn.Module):
    """A convolution of each channel by itself (the base of `hk.DepthwiseConv1D`, 2D and 3D).

    inputs [batch, space..., channels] -> [batch, space..., channel_multiplier * channels];
    parameters w [kernel..., 1, channel_multiplier * channels] and b. `nn.Conv` needs the channels
    of the input at construction and has no channels first.
    """

    channel_multiplier: int
    kernel_shape: Any
    stride: Any = 1
    rate: int | Sequence[int] = 1
    padding: Any = "SAME"
    with_bias: bool = True
    w_init: Callable[..., jax.Array] | None = None
    b_init: Any = None
    data_format: str = "channels_last"
    num_spatial_dims: int = dataclasses.field(default=0, init=False)

    def __post_init__(self) -> None:
        """Haiku's values of the arguments, which subclasses may read."""
        n = self.num_spatial_dims
        self.kernel_shape = replicate(self.kernel_shape, n, "kernel_shape")
        self.stride = replicate(self.stride, n, "stride")
        self.b_init = self.b_init or nn.initializers.zeros
        super().__post_init__()

    @nn.compact
    def __call__(self, inputs: jax.Array) -> jax.Array:
        """Convolves the inputs."""
        n = self.num_spatial_dims
        channel_index = get_channel_index(self.data_format)
        channels = inputs.shape[channel_index]
        outputs = self.channel_multiplier * channels
        w_shape = (*self.kernel_shape, 1, outputs)
        w = self.param("w", self.w_init or default_weight_init(w_shape), w_shape, inputs.dtype)
        out = lax.conv_general_dilated(
            inputs,
            w,
            window_strides=self.stride,
            padding=self.padding,
            lhs_dilation=(1,) * n,
            rhs_dilation=replicate(self.rate, n, "rate"),
            dimension_numbers=conv_dimension_numbers(n, channel_index, transpose=False),
            feature_group_count=channels,
        )
        if self.with_bias:
            # Haiku writes two ones whatever the rank, so channels first with a bias means 2-D.
            b_shape = (outputs,) if channel_index == -1 else (outputs, 1, 1)
            b = self.param("b", self.b_init, b_shape, inputs.dtype)
            out = out + jnp.broadcast_to(b, out.shape)
        return out


class DepthwiseConv1D(DepthwiseConvND):
    """Over one dimension (`hk.DepthwiseConv1D`); see `DepthwiseConvND` for what linen lacks."""

    data_format: str = "NWC"
    num_spatial_dims: int = dataclasses.field(default=1, init=False)


class DepthwiseConv2D(DepthwiseConvND):
    """Over two dimensions (`hk.DepthwiseConv2D`); see `DepthwiseConvND` for what linen lacks."""

    data_format: str = "NHWC"
    num_spatial_dims: int = dataclasses.field(default=2, init=False)


class DepthwiseConv3D(DepthwiseConvND):
    """Over three dimensions (`hk.DepthwiseConv3D`); see `DepthwiseConvND` for what linen lacks."""

    data_format: str = "NDHWC"
    num_spatial_dims: int = dataclasses.field(default=3, init=False)


class SeparableDepthwiseConv2D(nn.Module):
    """A depthwise convolution down, then one across (`hk.SeparableDepthwiseConv2D`).

    inputs [batch, height, width, channels] -> [..., channel_multiplier * channels]; children
    depthwise_conv2_d and depthwise_conv2_d_1. Plain linen has no such layer.
    """

    channel_multiplier: int
    kernel_shape: int | Sequence[int]
    stride: int | Sequence[int] = 1
    padding: Any = "SAME"
    with_bias: bool = True
    w_init: Callable[..., jax.Array] | None = None
    b_init: Callable[..., jax.Array] | None = None
    data_format: str = "NHWC"

    @nn.compact
    def __call__(self, inputs: jax.Array) -> jax.Array:
        """Convolves the inputs along the height, then along the width."""
        height, width = replicate(self.kernel_shape, 2, "kernel_shape")
        shared: dict[str, Any] = dict(
            padding=self.padding, w_init=self.w_init, data_format=self.data_format
        )
        down = DepthwiseConv2D(
            self.channel_multiplier,
            (height, 1),
            stride=self.stride,
            with_bias=False,
            name="depthwise_conv2_d",
            **shared,
        )
        across = DepthwiseConv2D(
            1,
            (1, width),
            with_bias=self.with_bias,
            b_init=self.b_init,
            name="depthwise_conv2_d_1",
            **shared,
        )
        return across(down(inputs))
