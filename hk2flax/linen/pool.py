"""Pooling."""

from __future__ import annotations

from collections.abc import Sequence

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


def window_dimensions(
    x: jax.Array, size: int | Sequence[int], channel_axis: int | None
) -> tuple[int, ...]:
    """A window or stride with one entry for each axis, as `hk.max_pool` reads it.

    A number is for all axes but the first and the channels; a short sequence is for the last axes.
    Linen wants exactly the spatial axes.
    """
    if not isinstance(size, int):
        if len(size) > x.ndim:
            raise ValueError(f"The window {size} has more axes than the input {x.shape}.")
        return (1,) * (x.ndim - len(size)) + tuple(size)
    if channel_axis and abs(channel_axis) >= x.ndim:
        raise ValueError(f"There is no channel axis {channel_axis} in {x.shape}.")
    if channel_axis and channel_axis < 0:
        channel_axis += x.ndim
    return (1, *(1 if axis == channel_axis else size for axis in range(1, x.ndim)))


def check_pool_padding(padding: str) -> None:
    """Refuses what Haiku refuses; linen also takes explicit pairs."""
    if padding not in ("SAME", "VALID"):
        raise ValueError(f"Pooling pads 'SAME' or 'VALID', not {padding!r}.")


def max_pool(
    value: jax.Array,
    window_shape: int | Sequence[int],
    strides: int | Sequence[int],
    padding: str,
    channel_axis: int | None = -1,
) -> jax.Array:
    """The largest value of each window (`hk.max_pool`).

    `nn.max_pool` pools the spatial axes of channels-last images only, with stride 1 by default.
    """
    check_pool_padding(padding)
    value = jnp.asarray(value)
    window = window_dimensions(value, window_shape, channel_axis)
    steps = window_dimensions(value, strides, channel_axis)
    return lax.reduce_window(value, -jnp.inf, lax.max, window, steps, padding)


def avg_pool(
    value: jax.Array,
    window_shape: int | Sequence[int],
    strides: int | Sequence[int],
    padding: str,
    channel_axis: int | None = -1,
) -> jax.Array:
    """The mean of each window, over the entries inside the array (`hk.avg_pool`).

    `nn.avg_pool` counts the padding by default and returns float32 for bfloat16 where it does not.
    """
    check_pool_padding(padding)
    value = jnp.asarray(value)
    window = window_dimensions(value, window_shape, channel_axis)
    steps = window_dimensions(value, strides, channel_axis)
    total = lax.reduce_window(value, 0.0, lax.add, window, steps, padding)
    if padding == "VALID":
        return total / np.prod(window)
    counted = [1 if w == 1 else size for size, w in zip(value.shape, window, strict=True)]
    ones = jnp.ones(counted, value.dtype)
    return total / lax.reduce_window(ones, 0.0, lax.add, window, steps, padding)


class MaxPool(nn.Module):
    """`max_pool` as a layer (`hk.MaxPool`); linen has pooling functions only."""

    window_shape: int | Sequence[int]
    strides: int | Sequence[int]
    padding: str
    channel_axis: int | None = -1

    def __call__(self, value: jax.Array) -> jax.Array:
        """Pools the value."""
        return max_pool(value, self.window_shape, self.strides, self.padding, self.channel_axis)


class AvgPool(nn.Module):
    """`avg_pool` as a layer (`hk.AvgPool`); linen has pooling functions only."""

    window_shape: int | Sequence[int]
    strides: int | Sequence[int]
    padding: str
    channel_axis: int | None = -1

    def __call__(self, value: jax.Array) -> jax.Array:
        """Pools the value."""
        return avg_pool(value, self.window_shape, self.strides, self.padding, self.channel_axis)
