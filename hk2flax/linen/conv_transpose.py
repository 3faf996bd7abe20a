"""Transposed convolutions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .conv import conv_dimension_numbers, masked, with_batch_axis
from .initializers import TruncatedNormal
from .pad import get_channel_index, replicate


def padding_for_output(
    input_size: int, output_size: int, kernel: int, stride: int, padding: str
) -> tuple[int, int]:
    """Padding of one dimension that gives `output_size`, as `output_shape` asks in Haiku.

    `nn.ConvTranspose` cannot be told the output shape.
    """
    if padding not in ("SAME", "VALID"):
        raise ValueError(f"output_shape goes with padding 'SAME' or 'VALID', not {padding!r}.")
    trimmed = kernel if padding == "VALID" else 1
    expected = (output_size - trimmed + stride) // stride
    if input_size != expected:
        raise ValueError(
            f"An output of size {output_size} comes from an input of {expected}, not {input_size}."
        )
    spread = (input_size - 1) * stride
    cut = 0 if padding == "VALID" else max(0, spread + kernel - output_size) // 2
    before = kernel - 1 - cut
    return before, output_size + kernel - 1 - (spread + 1) - before


class ConvNDTranspose(nn.Module):
    """A transposed convolution over `num_spatial_dims` dimensions (`hk.ConvNDTranspose`).

    inputs [batch, space..., channels] (or without batch, or with channels first) -> the same with
    `output_channels`; parameters w [kernel..., output_channels, channels] and b. `nn.ConvTranspose`
    swaps the last two kernel axes, computes fans from the swapped shape, and has neither
    `output_shape` nor channels first.
    """

    num_spatial_dims: int
    output_channels: int
    kernel_shape: Any
    stride: Any = 1
    output_shape: Any = None
    padding: Any = "SAME"
    with_bias: bool = True
    w_init: Callable[..., jax.Array] | None = None
    b_init: Any = None
    data_format: str = "channels_last"
    mask: jax.Array | None = None

    def __post_init__(self) -> None:
        """Haiku's values of the arguments, which subclasses may read."""
        n = self.num_spatial_dims
        self.kernel_shape = replicate(self.kernel_shape, n, "kernel_shape")
        self.stride = replicate(self.stride, n, "stride")
        if self.output_shape is not None:
            self.output_shape = replicate(self.output_shape, n, "output_shape")
        self.b_init = self.b_init or nn.initializers.zeros
        self.channel_index = get_channel_index(self.data_format)
        self.dimension_numbers = conv_dimension_numbers(n, self.channel_index, transpose=True)
        super().__post_init__()

    @nn.compact
    def __call__(self, inputs: jax.Array, *, precision: Any = None) -> jax.Array:
        """Convolves the inputs."""
        inputs = jnp.asarray(inputs)
        n, outputs = self.num_spatial_dims, self.output_channels
        x = with_batch_axis(inputs, n)
        channels = x.shape[self.channel_index]
        kernel, stride = self.kernel_shape, self.stride
        fan_in = np.prod((*kernel, channels))  # the kernel ends in (out, in), so not shape[:-1]
        w_init = self.w_init or TruncatedNormal(1.0 / np.sqrt(fan_in))
        w = self.param("w", w_init, (*kernel, outputs, channels), x.dtype)

        padding = self.padding
        if self.output_shape is not None:
            sizes = x.shape[2:] if self.channel_index == 1 else x.shape[1:-1]
            padding = tuple(
                padding_for_output(i, o, k, s, self.padding)
                for i, o, k, s in zip(sizes, self.output_shape, kernel, stride, strict=True)
            )
        out = lax.conv_transpose(
            x,
            masked(w, self.mask),
            strides=stride,
            padding=padding,
            dimension_numbers=self.dimension_numbers,
            precision=precision,
        )
        if self.with_bias:
            b_shape = (outputs,) if self.channel_index == -1 else (outputs,) + (1,) * n
            b = self.param("b", self.b_init, b_shape, x.dtype)
            out = out + jnp.broadcast_to(b, out.shape)
        return out[0] if inputs.ndim == n + 1 else out


class Conv1DTranspose(ConvNDTranspose):
    """Over one dimension (`hk.Conv1DTranspose`); see `ConvNDTranspose` for what linen lacks."""

    num_spatial_dims: int = dataclasses.field(default=1, init=False)
    data_format: str = "NWC"


class Conv2DTranspose(ConvNDTranspose):
    """Over two dimensions (`hk.Conv2DTranspose`); see `ConvNDTranspose` for what linen lacks."""

    num_spatial_dims: int = dataclasses.field(default=2, init=False)
    data_format: str = "NHWC"


class Conv3DTranspose(ConvNDTranspose):
    """Over three dimensions (`hk.Conv3DTranspose`); see `ConvNDTranspose` for what linen lacks."""

    num_spatial_dims: int = dataclasses.field(default=3, init=False)
    data_format: str = "NDHWC"
