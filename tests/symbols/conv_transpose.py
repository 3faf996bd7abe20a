"""Transposed convolutions."""

from __future__ import annotations

import numpy as np

from tests.symbols.conv import FORMATS, LAST, each
from tests.symbols.proof import Proof


def inputs(count: int) -> dict[str, np.ndarray]:
    """As for convolutions; the mask has Haiku's order of channels, (..., out, in)."""
    return {
        "x": LAST[count],
        "first": np.moveaxis(LAST[count], -1, 1),
        "mask": np.arange(2**count * 24, dtype=np.float32).reshape(*(2,) * count, 4, 6) % 3 / 2,
    }


def native(layer: str, n: int) -> tuple[str, ...]:
    return (
        f"{layer}6, 3)(x)",
        f"{layer}output_channels=4, kernel_shape={each(n, 3, 2, 1)}, stride=2, name='up')(x)",
        f"{layer}3, 2, stride={each(n, 2, 1, 3)}, padding='VALID', with_bias=False)(x)",
        f"{layer}4, 3, 3, b_init=jnp.ones, data_format='channels_last')(x)",
        f"{layer}4, 2, padding='same')(x)",
        f"{layer}4, 2, padding={[(1, 2), (0, 1), (2, 2)][:n]}, mask=None, output_shape=None)(x[0])",
        f"{layer}4, 1, w_init=hk.initializers.RandomUniform(0.0, 0.5))(x)",
    )


def helper(layer: str, n: int) -> tuple[str, ...]:
    first, sizes = FORMATS[n], LAST[n].shape[1:-1]
    odd = tuple(2 * size - 1 for size in sizes)
    whole = tuple(2 * size + 1 for size in sizes)
    return (
        f"{layer}4, 2, mask=mask)(x)",
        f"{layer}4, 2, 2, mask=mask, data_format='{first}')(first)",
        f"{layer}4, 3, stride=2, output_shape={odd})(x)",
        f"{layer}4, 3, 2, output_shape={whole}, padding='VALID', data_format='{first}')(first)",
        f"{layer}4, 3, data_format='channels_first')(first[0])",
        f"{layer}4, 3, w_init=hk.initializers.VarianceScaling(1.0, 'fan_out'))(x)",
        f"{layer}4, 3)(x, precision='highest')",
    )


def proof(layer: str, count: int, more: Proof = Proof()) -> Proof:  # noqa: B008 - frozen
    return Proof(
        native=native(layer, count) + more.native,
        helper=helper(layer, count) + more.helper,
        inputs=inputs(count),
    )


PROOFS = {
    "haiku.Conv1DTranspose": proof("hk.Conv1DTranspose(", 1),
    "haiku.Conv2DTranspose": proof("hk.Conv2DTranspose(", 2),
    "haiku.Conv3DTranspose": proof("hk.Conv3DTranspose(", 3),
    "haiku.ConvNDTranspose": proof(
        "hk.ConvNDTranspose(2, ",
        2,
        Proof(
            native=(
                "hk.ConvNDTranspose(num_spatial_dims=1, output_channels=4, "
                "kernel_shape=3, stride=2)(x[0])",
            )
        ),
    ),
}
