"""Residual networks."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from .batch_norm import BatchNorm
from .conv import Conv2D
from .linear import Linear
from .pool import max_pool
from .residual import BlockGroup, BlockV1, BlockV2


def resnet_config(bottleneck: bool, blocks: Sequence[int], first_projects: bool) -> dict[str, Any]:
    """An entry of `ResNet.CONFIGS`; linen has no residual networks."""
    widths = (256, 512, 1024, 2048) if bottleneck else (64, 128, 256, 512)
    return {
        "blocks_per_group": tuple(blocks),
        "bottleneck": bottleneck,
        "channels_per_group": widths,
        "use_projection": (first_projects, True, True, True),
    }


RESNET_CONFIGS = {
    18: resnet_config(False, (2, 2, 2, 2), False),
    34: resnet_config(False, (3, 4, 6, 3), False),
    50: resnet_config(True, (3, 4, 6, 3), True),
    101: resnet_config(True, (3, 4, 23, 3), True),
    152: resnet_config(True, (3, 8, 36, 3), True),
    200: resnet_config(True, (3, 24, 36, 3), True),
}


class ResNet(nn.Module):
    """A residual network (`hk.nets.ResNet`).

    inputs [batch, height, width, channels] -> logits [batch, num_classes]; children initial_conv,
    block_group_0 to block_group_3, logits, and initial_batchnorm or, in version 2, final_batchnorm.
    Linen has no residual networks.
    """

    CONFIGS = RESNET_CONFIGS
    BlockGroup = BlockGroup
    BlockV1 = BlockV1
    BlockV2 = BlockV2

    blocks_per_group: Sequence[int]
    num_classes: int
    bn_config: Mapping[str, Any] | None = None
    resnet_v2: bool = False
    bottleneck: bool = True
    channels_per_group: Sequence[int] = (256, 512, 1024, 2048)
    use_projection: Sequence[bool] = (True, True, True, True)
    logits_config: Mapping[str, Any] | None = None
    initial_conv_config: Mapping[str, Any] | None = None
    strides: Sequence[int] = (1, 2, 2, 2)

    def setup(self) -> None:
        """Creates the layers."""
        for name in ("blocks_per_group", "channels_per_group", "strides"):
            if len(getattr(self, name)) != 4:
                raise ValueError(f"ResNet: {name} must have length 4, got {getattr(self, name)}.")
        bn_config: dict[str, Any] = {
            "decay_rate": 0.9,
            "eps": 1e-5,
            "create_scale": True,
            "create_offset": True,
        }
        bn_config.update(self.bn_config or {})
        first: dict[str, Any] = {
            "output_channels": 64,
            "kernel_shape": 7,
            "stride": 2,
            "with_bias": False,
        }
        first.update(
            {"padding": "SAME", "name": "initial_conv", **(self.initial_conv_config or {})}
        )
        last: dict[str, Any] = {
            "w_init": nn.initializers.zeros,
            "name": "logits",
            **(self.logits_config or {}),
        }

        self.initial_conv = Conv2D(**first)
        if not self.resnet_v2:
            self.initial_batchnorm = BatchNorm(**bn_config)
        self.block_groups = [
            BlockGroup(
                channels=self.channels_per_group[index],
                num_blocks=self.blocks_per_group[index],
                stride=stride,
                bn_config=bn_config,
                resnet_v2=self.resnet_v2,
                bottleneck=self.bottleneck,
                use_projection=self.use_projection[index],
                name=f"block_group_{index}",
            )
            for index, stride in enumerate(self.strides)
        ]
        if self.resnet_v2:
            self.final_batchnorm = BatchNorm(**bn_config)
        self.logits = Linear(self.num_classes, **last)

    def __call__(
        self, inputs: jax.Array, is_training: bool, test_local_stats: bool = False
    ) -> jax.Array:
        """Runs the network."""
        mode = (is_training, test_local_stats)
        out = self.initial_conv(inputs)
        if not self.resnet_v2:
            out = jax.nn.relu(self.initial_batchnorm(out, *mode))
        out = max_pool(out, (1, 3, 3, 1), (1, 2, 2, 1), "SAME")
        for group in self.block_groups:
            out = group(out, *mode)
        if self.resnet_v2:
            out = jax.nn.relu(self.final_batchnorm(out, *mode))
        return self.logits(jnp.mean(out, axis=(1, 2)))


class NumberedResNet(ResNet):
    """A residual network with the configuration of its `depth`; linen has none."""

    depth = 18

    blocks_per_group: Any = dataclasses.field(default=None, init=False)
    bottleneck: Any = dataclasses.field(default=None, init=False)
    channels_per_group: Any = dataclasses.field(default=None, init=False)
    use_projection: Any = dataclasses.field(default=None, init=False)

    def __post_init__(self) -> None:
        """Looks the configuration up."""
        for field, value in self.CONFIGS[self.depth].items():
            setattr(self, field, value)
        super().__post_init__()


class ResNet18(NumberedResNet):
    """With 18 layers (`hk.nets.ResNet18`); linen has no residual networks."""

    depth = 18


class ResNet34(NumberedResNet):
    """With 34 layers (`hk.nets.ResNet34`); linen has no residual networks."""

    depth = 34


class ResNet50(NumberedResNet):
    """With 50 layers (`hk.nets.ResNet50`); linen has no residual networks."""

    depth = 50


class ResNet101(NumberedResNet):
    """With 101 layers (`hk.nets.ResNet101`); linen has no residual networks."""

    depth = 101


class ResNet152(NumberedResNet):
    """With 152 layers (`hk.nets.ResNet152`); linen has no residual networks."""

    depth = 152


class ResNet200(NumberedResNet):
    """With 200 layers (`hk.nets.ResNet200`); linen has no residual networks."""

    depth = 200
