"""MobileNet V1."""

from __future__ import annotations

from collections.abc import Sequence

import flax.linen as nn
import jax
import jax.numpy as jnp

from .batch_norm import BatchNorm
from .conv import Conv2D
from .depthwise import DepthwiseConv2D
from .linear import Linear


class MobileNetV1Block(nn.Module):
    """A depthwise, then a pointwise convolution (the block of `hk.nets.MobileNetV1`).

    inputs [batch, height, width, channels] -> [..., channels]. Linen has no such block.
    """

    channels: int
    stride: int
    use_bn: bool = True

    @nn.compact
    def __call__(self, inputs: jax.Array, is_training: bool) -> jax.Array:
        """Runs the block."""
        with_bias = not self.use_bn
        out = DepthwiseConv2D(
            1,
            3,
            self.stride,
            padding=((1, 1), (1, 1)),
            with_bias=with_bias,
            name="depthwise_conv",
        )(inputs)
        if self.use_bn:
            out = BatchNorm(True, True, 0.999, name="batch_norm")(out, is_training)
        out = jax.nn.relu(out)
        out = Conv2D(
            output_channels=self.channels,
            kernel_shape=1,
            padding="VALID",
            with_bias=with_bias,
            name="pointwise_conv",
        )(out)
        if self.use_bn:
            out = BatchNorm(True, True, 0.999, name="batch_norm_1")(out, is_training)
        return jax.nn.relu(out)


class MobileNetV1(nn.Module):
    """A small network for images (`hk.nets.MobileNetV1`).

    inputs [batch, height, width, channels] -> logits [batch, num_classes]; children conv2_d,
    batch_norm, mobile_net_v1_block, mobile_net_v1_block_1, ... and logits. Linen has no such
    network.
    """

    strides: Sequence[int] = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
    channels: Sequence[int] = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
    num_classes: int = 1000
    use_bn: bool = True

    @nn.compact
    def __call__(self, inputs: jax.Array, is_training: bool) -> jax.Array:
        """Runs the network."""
        first = Conv2D(32, 3, 2, padding="VALID", with_bias=not self.use_bn, name="conv2_d")
        out = first(inputs)
        if self.use_bn:
            out = BatchNorm(True, True, 0.999, name="batch_norm")(out, is_training)
        out = jax.nn.relu(out)
        blocks = zip(self.channels, self.strides, strict=True)
        for index, (channels, stride) in enumerate(blocks):
            name = "mobile_net_v1_block" + (f"_{index}" if index else "")
            out = MobileNetV1Block(channels, stride, self.use_bn, name=name)(out, is_training)
        return Linear(self.num_classes, name="logits")(jnp.mean(out, axis=(1, 2)))
