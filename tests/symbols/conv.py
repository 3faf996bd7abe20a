"""Convolutions."""

from __future__ import annotations

import numpy as np

from tests.symbols.inputs import normal
from tests.symbols.proof import Proof

FORMATS = {1: "NCW", 2: "NCHW", 3: "NCDHW"}
# By number of dimensions; channels first and no number of its own beside another.
LAST = {1: normal(2, 9, 6), 2: normal(2, 7, 5, 6), 3: normal(2, 5, 4, 3, 6)}
PADDINGS = ("valid", "same", "full", "causal", "reverse_causal")


def inputs(count: int) -> dict[str, np.ndarray]:
    """`x`, `first` with its channels first, and a mask for a kernel of 2s and 4 features."""
    return {
        "x": LAST[count],
        "first": np.moveaxis(LAST[count], -1, 1),
        "mask": np.arange(2**count * 24, dtype=np.float32).reshape(*(2,) * count, 6, 4) % 3 / 2,
    }


def each(count: int, *numbers: int) -> str:
    """The first numbers as a tuple, one for each dimension."""
    return repr(numbers[:count])


def native(layer: str, n: int) -> tuple[str, ...]:
    """Every argument in plain linen; `layer` ends where the output channels follow."""
    return (
        f"{layer}4, 3)(x)",
        f"{layer}output_channels=3, kernel_shape={each(n, 1, 2, 3)}, stride=2, name='conv')(x)",
        f"{layer}4, 3, stride={each(n, 2, 1, 2)}, padding='VALID', with_bias=False)(x)",
        f"{layer}4, 2, rate={each(n, 1, 2, 1)}, padding=(1, 2), b_init=jnp.ones)(x)",
        f"{layer}4, 2, mask=mask, w_init=hk.initializers.RandomNormal(2.0))(x)",
        f"{layer}6, 3, feature_group_count=3, data_format='channels_last')(x)",
        f"{layer}4, 2, padding={[(0, 2), (1, 0), (1, 1)][:n]})(x[0])",
    )


def helper(layer: str, n: int) -> tuple[str, ...]:
    """What plain linen cannot say."""
    first = FORMATS[n]
    return (
        f"{layer}4, 2, mask=mask, data_format='{first}')(first)",
        f"{layer}4, 3, 2, padding=hk.pad.causal, data_format='channels_first')(first)",
        f"{layer}3, 3, rate=2, feature_group_count=3, data_format='{first}')(first[0])",
        f"{layer}4, 3, padding=[hk.pad.same])(x)",
        f"{layer}4, 3)(x, precision='highest')",
    )


MORE_IN_TWO_DIMENSIONS = Proof(
    native=(
        "hk.Conv2D(4, [3], padding=[(1, 2)])(x)",
        "hk.Conv2D(4, 3, padding='same', stride=3)(x)",
        "hk.Conv2D(4, 3, padding='valid', rate=2)(x)",
        "hk.Conv2D(4, 3, data_format='N...C', w_init=None, b_init=None, mask=None)(x)",
        "hk.Conv2D(4, (9, 9))(x)",
        "hk.Conv2D(4, 1, padding=((0, 0), (3, 0)), stride=(1, 2))(x)",
    ),
    helper=(
        *(f"hk.Conv2D(4, 3, rate=2, padding=hk.pad.{name})(x)" for name in PADDINGS),
        "hk.Conv2D(4, 3, padding=(hk.pad.causal, hk.pad.full))(x)",
        "hk.Conv2D(4, 3, padding=lambda k: (k, 1))(x)",
        "hk.Conv2D(4, 3, 2, padding='VALID', data_format='NC...', with_bias=False)(first)",
        """
        size, rest, padding = [3, 2], (2,), (1, 2)
        return hk.Conv2D(4, size)(x), hk.Conv2D(4, (3, *rest), padding=padding)(x)
        """,
    ),
)


def proof(layer: str, count: int, more: Proof = Proof()) -> Proof:  # noqa: B008 - frozen
    return Proof(
        native=native(layer, count) + more.native,
        helper=helper(layer, count) + more.helper,
        inputs=inputs(count),
    )


PROOFS = {
    "haiku.Conv1D": proof("hk.Conv1D(", 1),
    "haiku.Conv2D": proof("hk.Conv2D(", 2, MORE_IN_TWO_DIMENSIONS),
    "haiku.Conv3D": proof("hk.Conv3D(", 3),
    "haiku.ConvND": proof(
        "hk.ConvND(2, ",
        2,
        Proof(
            native=(
                "hk.ConvND(num_spatial_dims=1, output_channels=4, kernel_shape=3, padding=(2, 0))("
                "x[0])",
            ),
            helper=("hk.ConvND(x.ndim - 2, 4, 3)(x)",),
        ),
    ),
}
