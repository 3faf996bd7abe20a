"""The blocks of residual networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax

from .batch_norm import BatchNorm
from .conv import Conv2D


def block_convolutions(
    channels: int, stride: int | Sequence[int], bottleneck: bool
) -> tuple[Conv2D, ...]:
    """The convolutions of a residual block, conv_0 and on; linen has no residual blocks."""
    inner = channels // 4 if bottleneck else channels
    shapes: list[tuple[int, int, Any]] = [(inner, 3, stride), (inner, 3, 1)]
    if bottleneck:
        shapes = [(inner, 1, 1), (inner, 3, stride), (channels, 1, 1)]
    return tuple(
        Conv2D(*shape, with_bias=False, name=f"conv_{index}") for index, shape in enumerate(shapes)
    )


class BlockV1(nn.Module):
    """Convolution, normalisation, activation (`hk.nets.ResNet.BlockV1`).

    inputs [batch, height, width, channels]. Linen has no residual blocks.
    """

    channels: int
    stride: int | Sequence[int]
    use_projection: bool
    bn_config: Mapping[str, Any]
    bottleneck: bool

    def setup(self) -> None:
        """Creates the layers."""
        config: dict[str, Any] = {"create_scale": True, "create_offset": True, "decay_rate": 0.999}
        config.update(self.bn_config)
        if self.use_projection:
            self.proj_conv = Conv2D(
                self.channels, 1, self.stride, with_bias=False, name="shortcut_conv"
            )
            self.proj_batchnorm = BatchNorm(**config, name="shortcut_batchnorm")
        convolutions = block_convolutions(self.channels, self.stride, self.bottleneck)
        norms = [BatchNorm(**config, name="batchnorm_0"), BatchNorm(**config, name="batchnorm_1")]
        if self.bottleneck:  # starts as the identity
            zeros = nn.initializers.zeros
            norms.append(BatchNorm(**config, scale_init=zeros, name="batchnorm_2"))
        self.layers = tuple(zip(convolutions, norms, strict=True))

    def __call__(self, inputs: jax.Array, is_training: bool, test_local_stats: bool) -> jax.Array:
        """Runs the block."""
        mode = (is_training, test_local_stats)
        out = shortcut = inputs
        if self.use_projection:
            shortcut = self.proj_batchnorm(self.proj_conv(shortcut), *mode)
        for index, (convolution, norm) in enumerate(self.layers):
            out = norm(convolution(out), *mode)
            if index < len(self.layers) - 1:
                out = jax.nn.relu(out)
        return jax.nn.relu(out + shortcut)


class BlockV2(nn.Module):
    """Normalisation, activation, convolution (`hk.nets.ResNet.BlockV2`).

    inputs [batch, height, width, channels]; the projection sees the activated inputs. Linen has no
    residual blocks.
    """

    channels: int
    stride: int | Sequence[int]
    use_projection: bool
    bn_config: Mapping[str, Any]
    bottleneck: bool

    def setup(self) -> None:
        """Creates the layers."""
        config: dict[str, Any] = {"create_scale": True, "create_offset": True, **self.bn_config}
        if self.use_projection:
            self.proj_conv = Conv2D(
                self.channels, 1, self.stride, with_bias=False, name="shortcut_conv"
            )
        self.layers = tuple(
            (convolution, BatchNorm(**config, name=f"batchnorm_{index}"))
            for index, convolution in enumerate(
                block_convolutions(self.channels, self.stride, self.bottleneck)
            )
        )

    def __call__(self, inputs: jax.Array, is_training: bool, test_local_stats: bool) -> jax.Array:
        """Runs the block."""
        out = shortcut = inputs
        for index, (convolution, norm) in enumerate(self.layers):
            out = jax.nn.relu(norm(out, is_training, test_local_stats))
            if index == 0 and self.use_projection:
                shortcut = self.proj_conv(out)
            out = convolution(out)
        return out + shortcut


class BlockGroup(nn.Module):
    """Blocks of one width; the first may stride and project (`hk.nets.ResNet.BlockGroup`).

    Linen has no residual blocks.
    """

    channels: int
    num_blocks: int
    stride: int | Sequence[int]
    bn_config: Mapping[str, Any]
    resnet_v2: bool
    bottleneck: bool
    use_projection: bool

    def setup(self) -> None:
        """Creates the blocks."""
        block = BlockV2 if self.resnet_v2 else BlockV1
        self.blocks = [
            block(
                channels=self.channels,
                stride=1 if index else self.stride,
                use_projection=index == 0 and self.use_projection,
                bn_config=self.bn_config,
                bottleneck=self.bottleneck,
                name=f"block_{index}",
            )
            for index in range(self.num_blocks)
        ]

    def __call__(self, inputs: jax.Array, is_training: bool, test_local_stats: bool) -> jax.Array:
        """Runs the blocks."""
        out = inputs
        for block in self.blocks:
            out = block(out, is_training, test_local_stats)
        return out
