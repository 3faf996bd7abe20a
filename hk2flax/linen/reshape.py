"""Reshaping layers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp


class BatchApply(nn.Module):
    """Applies a function with the first `num_dims` axes made one (`hk.BatchApply`).

    `nn.BatchApply` is no module: a module that is given to it in a constructor is not seen.
    """

    f: Callable[..., Any]
    num_dims: int = 2

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Merges the axes of all arrays, applies, and splits those of the results."""
        return nn.BatchApply(self.f, self.num_dims)(*args, **kwargs)


class Reshape(nn.Module):
    """Reshapes all but the first `preserve_dims` axes, or the last -`preserve_dims` (`hk.Reshape`).

    An input with no further axes passes unchanged, where a plain reshape would add one; an empty
    batch works, where a plain reshape cannot infer the -1. Linen has no such layer.
    """

    output_shape: Sequence[int]
    preserve_dims: int = 1

    def __post_init__(self) -> None:
        """Refuses the shapes Haiku refuses."""
        if self.preserve_dims == 0:
            raise ValueError("Reshape: preserve_dims must not be zero.")
        self.output_shape = tuple(self.output_shape)
        if self.output_shape.count(-1) > 1:
            raise ValueError(f"Reshape: -1 can occur once only, got {self.output_shape}.")
        super().__post_init__()

    def __call__(self, inputs: jax.Array) -> jax.Array:
        """Reshapes the inputs."""
        if inputs.ndim <= self.preserve_dims:
            return inputs
        kept, replaced = inputs.shape[: self.preserve_dims], inputs.shape[self.preserve_dims :]
        known = abs(math.prod(self.output_shape))
        wanted = (math.prod(replaced) // known if d == -1 else d for d in self.output_shape)
        return jnp.reshape(inputs, (*kept, *wanted))


class Flatten(Reshape):
    """Flattens all but `preserve_dims` axes (`hk.Flatten`); see `Reshape` for what linen lacks."""

    output_shape: Sequence[int] = dataclasses.field(default=(-1,), init=False)
