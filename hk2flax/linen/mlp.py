"""A multi-layer perceptron."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax

from .dropout import dropout
from .linear import Linear


class MLP(nn.Module):
    """Linear layers with an activation between them (`hk.nets.MLP`).

    inputs [..., input_size] -> [..., output_sizes[-1]]; children linear_0, linear_1, ... Dropout
    comes before the activation, with one key a layer split from `rng`. Plain linen has no such
    layer.
    """

    output_sizes: Sequence[int]
    w_init: Callable[..., jax.Array] | None = None
    b_init: Callable[..., jax.Array] | None = None
    with_bias: bool = True
    activation: Callable[[jax.Array], jax.Array] = jax.nn.relu
    activate_final: bool = False

    def __post_init__(self) -> None:
        """Keeps the sizes of a generator."""
        if not self.with_bias and self.b_init is not None:
            raise ValueError("MLP: b_init must not be set with with_bias=False.")
        self.output_sizes = tuple(self.output_sizes)
        super().__post_init__()

    def setup(self) -> None:
        """Creates the layers."""
        self.layers = [
            Linear(size, self.with_bias, self.w_init, self.b_init, name=f"linear_{index}")
            for index, size in enumerate(self.output_sizes)
        ]

    @property
    def output_size(self) -> int | None:
        """The size of the last layer."""
        return self.output_sizes[-1] if self.output_sizes else None

    def __call__(
        self, inputs: jax.Array, dropout_rate: float | None = None, rng: Any = None
    ) -> jax.Array:
        """Runs the layers."""
        if (dropout_rate is None) != (rng is None):
            raise ValueError("MLP: dropout needs both dropout_rate and rng.")
        if isinstance(rng, int):
            rng = jax.random.PRNGKey(rng)
        out = inputs
        for index, layer in enumerate(self.layers):
            out = layer(out)
            if index < len(self.layers) - 1 or self.activate_final:
                if dropout_rate is not None:
                    rng, key = jax.random.split(rng)
                    out = dropout(key, dropout_rate, out)
                out = self.activation(out)
        return out

    @nn.nowrap
    def reverse(self, activate_final: bool | None = None, name: str | None = None) -> MLP:
        """A new MLP with the sizes in reverse order, from the output back to the input.

        The sizes of the inputs are those of the weights, so this MLP must have been called.
        """
        sizes: list[int] = []
        for layer in reversed(self.layers):
            if not layer.has_variable("params", "w"):
                raise ValueError("MLP: reverse() needs an MLP that has been called.")
            sizes.append(layer.get_variable("params", "w").shape[0])
        return MLP(
            tuple(sizes),
            self.w_init,
            self.b_init,
            self.with_bias,
            self.activation,
            self.activate_final if activate_final is None else activate_final,
            name=f"{self.name or 'mlp'}_reversed" if name is None else name,
        )
