"""Linear and bias layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from .initializers import default_weight_init


class Linear(nn.Module):
    """`inputs @ w + b` over the last axis (`hk.Linear`).

    inputs [..., input_size] -> [..., output_size]; parameters w [input_size, output_size] and b
    [output_size] in the dtype of the inputs. `nn.Dense` keeps float32 parameters for any input,
    takes `precision` at construction only and promotes mixed dtypes before multiplying, not after.
    """

    output_size: int
    with_bias: bool = True
    w_init: Callable[..., jax.Array] | None = None
    b_init: Any = None

    def __post_init__(self) -> None:
        """Fills in Haiku's default, which subclasses may read."""
        self.b_init = self.b_init or nn.initializers.zeros
        super().__post_init__()

    @property
    def input_size(self) -> int | None:
        """The size of the last axis of the inputs, None before the first call."""
        return (
            self.get_variable("params", "w").shape[0] if self.has_variable("params", "w") else None
        )

    @nn.compact
    def __call__(self, inputs: jax.Array, *, precision: Any = None) -> jax.Array:
        """Multiplies by the weights and adds the bias."""
        inputs = jnp.asarray(inputs)
        if not inputs.shape:
            raise ValueError("Linear: the input must not be a scalar.")
        w_shape = (inputs.shape[-1], self.output_size)
        w = self.param("w", self.w_init or default_weight_init(w_shape), w_shape, inputs.dtype)
        out = jnp.dot(inputs, w, precision=precision)
        if self.with_bias:
            b = self.param("b", self.b_init, (self.output_size,), inputs.dtype)
            out = out + jnp.broadcast_to(b, out.shape)
        return out


def bias_shape(input_shape: Sequence[int], bias_dims: Sequence[int] | None) -> tuple[int, ...]:
    """The shape of a bias that varies along `bias_dims` and nowhere else (`hk.Bias`).

    Leading ones are dropped, `None` means all but the batch axis. Plain linen has no such rule.
    """
    if bias_dims is None:
        return tuple(input_shape[1:])
    rank = len(input_shape)
    shape = [1] * rank
    for given in bias_dims:
        axis = given % rank if given < 0 else given
        if axis == 0:
            raise ValueError("Bias: the batch axis cannot have a bias of its own.")
        if axis >= rank:
            raise ValueError(f"Bias: axis {given} does not exist in an input of rank {rank}.")
        shape[axis] = input_shape[axis]
    start = next((axis for axis in range(1, rank) if shape[axis] != 1), rank)
    return tuple(shape[start:])


class Bias(nn.Module):
    """Adds a learned bias, optionally times `multiplier` (`hk.Bias`).

    inputs [batch, ...] -> the same shape; parameter b of shape `bias_shape(inputs.shape,
    bias_dims)`. Plain linen has no bias layer.
    """

    output_size: Sequence[int] | None = None
    bias_dims: Sequence[int] | None = None
    b_init: Any = None

    def __post_init__(self) -> None:
        """Fills in Haiku's default, which subclasses may read."""
        self.b_init = self.b_init or nn.initializers.zeros
        super().__post_init__()

    @nn.compact
    def __call__(self, inputs: jax.Array, multiplier: Any = None) -> jax.Array:
        """Adds the bias to the inputs."""
        if inputs.ndim < 2:
            raise ValueError(f"Bias: rank 2 or more is needed, the input has shape {inputs.shape}.")
        if self.output_size is not None and tuple(self.output_size) != inputs.shape[1:]:
            raise ValueError(f"Bias: input {inputs.shape} does not end in {self.output_size}.")
        shape = bias_shape(inputs.shape, self.bias_dims)
        b = self.param("b", self.b_init, shape, inputs.dtype)
        b = jnp.broadcast_to(b, inputs.shape)
        return inputs + (b if multiplier is None else b * multiplier)
