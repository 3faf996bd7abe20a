"""Depthwise convolutions; linen has nothing that learns the number of channels from its input."""

from __future__ import annotations

import numpy as np

from tests.symbols.conv import FORMATS, LAST, each
from tests.symbols.proof import Proof


def proof(layer: str, n: int, *more: str) -> Proof:
    first = FORMATS[n]
    cases = (
        f"{layer}(1, 3)(x)",
        f"{layer}(channel_multiplier=2, kernel_shape={each(n, 3, 2, 1)}, name='deep')(x)",
        f"{layer}(2, 2, stride=2, padding='VALID', with_bias=False)(x)",
        f"{layer}(2, 3, padding={((1, 1), (0, 2), (2, 0))[:n]}, b_init=jnp.ones)(x)",
        f"{layer}(2, 2, w_init=hk.initializers.RandomNormal())(x)",
        f"{layer}(2, 3, with_bias=False, data_format='{first}')(first)",
    )
    if n == 2:  # Haiku's bias has three dimensions, which no other number of channels-first has
        cases += (f"{layer}(2, 3, data_format='channels_first')(first)",)
    inputs = {"x": LAST[n], "first": np.moveaxis(LAST[n], -1, 1)}
    return Proof(helper=(*cases, *more), inputs=inputs)


PROOFS = {
    "haiku.DepthwiseConv1D": proof("hk.DepthwiseConv1D", 1, "hk.DepthwiseConv1D(2, 3, rate=3)(x)"),
    "haiku.DepthwiseConv2D": proof(
        "hk.DepthwiseConv2D", 2, "hk.DepthwiseConv2D(2, 3, rate=(1, 2))(x)"
    ),
    "haiku.DepthwiseConv3D": proof(
        "hk.DepthwiseConv3D", 3, "hk.DepthwiseConv3D(2, 2, rate=(1, 2, 1))(x)"
    ),
    "haiku.SeparableDepthwiseConv2D": proof(
        "hk.SeparableDepthwiseConv2D",
        2,
        "hk.SeparableDepthwiseConv2D(2, (3, 2), (2, 1), padding='VALID')(x)",
        "hk.SeparableDepthwiseConv2D(2, 3, (1, 2))(x)",
    ),
}
