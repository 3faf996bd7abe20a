"""A chain of layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn


class Sequential(nn.Module):
    """Calls the layers one after the other (`hk.Sequential`).

    Extra arguments go to the first layer. `nn.Sequential` spreads tuples and dicts over the
    arguments of the next layer where Haiku hands them on as one object, and refuses an empty chain.
    """

    layers: Sequence[Callable[..., Any]]

    def __post_init__(self) -> None:
        """Keeps the layers of a generator."""
        self.layers = tuple(self.layers)
        super().__post_init__()

    @nn.compact  # a layer may be a function that makes modules
    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Runs the chain."""
        out = inputs
        for i, layer in enumerate(self.layers):
            out = layer(out, *args, **kwargs) if i == 0 else layer(out)
        return out
