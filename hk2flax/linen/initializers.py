"""Haiku's initialisers in Flax style: `init(key, shape, dtype)`.

With the same key each draws the same values as the Haiku initialiser of the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


def Constant(constant: Any) -> Callable[..., jax.Array]:
    """A constant, broadcast to the shape (`hk.initializers.Constant`).

    Plain linen's `constant` is equal for numbers; this one keeps Haiku's broadcasting of arrays.
    """

    def init(key: Any, shape: Sequence[int], dtype: Any = jnp.float32) -> jax.Array:
        return jnp.broadcast_to(jnp.asarray(constant), tuple(shape)).astype(dtype)

    return init


def RandomNormal(stddev: Any = 1.0, mean: Any = 0.0) -> Callable[..., jax.Array]:
    """A normal distribution (`hk.initializers.RandomNormal`).

    Plain linen's `normal` has no mean and another default deviation.
    """

    def init(key: Any, shape: Sequence[int], dtype: Any = jnp.float32) -> jax.Array:
        shift = lax.convert_element_type(mean, dtype)
        scale = lax.convert_element_type(stddev, dtype)
        return shift + scale * jax.random.normal(key, tuple(shape), dtype)

    return init


def TruncatedNormal(
    stddev: Any = 1.0, mean: Any = 0.0, lower: Any = -2.0, upper: Any = 2.0
) -> Callable[..., jax.Array]:
    """A normal distribution cut at `lower` and `upper` (`hk.initializers.TruncatedNormal`).

    `stddev` is that of the uncut distribution. Complex dtypes draw both parts; `stddev` scales
    each. Plain linen's `truncated_normal` has no mean and no complex dtypes.
    """

    def init(key: Any, shape: Sequence[int], dtype: Any = jnp.float32) -> jax.Array:
        real = jnp.finfo(dtype).dtype
        shift = lax.convert_element_type(mean, dtype)
        scale = lax.convert_element_type(stddev, real)
        if not jnp.issubdtype(dtype, jnp.complexfloating):
            return (
                scale * jax.random.truncated_normal(key, lower, upper, tuple(shape), real) + shift
            )
        parts = jax.random.truncated_normal(key, lower, upper, (2, *shape), real)
        return scale * (parts[0] + 1j * parts[1]) + shift

    return init


def RandomUniform(minval: Any = 0.0, maxval: Any = 1.0) -> Callable[..., jax.Array]:
    """A uniform distribution over `[minval, maxval)` (`hk.initializers.RandomUniform`).

    Plain linen's `uniform` always starts at zero.
    """

    def init(key: Any, shape: Sequence[int], dtype: Any = jnp.float32) -> jax.Array:
        return jax.random.uniform(key, tuple(shape), dtype, minval, maxval)

    return init


def fans(shape: Sequence[int], fan_in_axes: Sequence[int] | None = None) -> tuple[Any, Any]:
    """Haiku's fan-in and fan-out of a weight of this shape.

    Plain linen refuses ranks below two; Haiku also ignores `fan_in_axes` up to rank two.
    """
    if len(shape) < 2:
        size = shape[0] if shape else 1
        return size, size
    if len(shape) == 2:
        return shape[0], shape[1]
    if fan_in_axes is not None:
        inside = [shape[i] for i in fan_in_axes]
        outside = [size for i, size in enumerate(shape) if i not in fan_in_axes]
        return np.prod(inside), np.prod(outside)
    receptive_field = np.prod(shape[:-2])
    return shape[-2] * receptive_field, shape[-1] * receptive_field


def VarianceScaling(
    scale: float = 1.0,
    mode: str = "fan_in",
    distribution: str = "truncated_normal",
    fan_in_axes: Sequence[int] | None = None,
) -> Callable[..., jax.Array]:
    """Variance `scale / fan`, fan chosen by `mode` (`hk.initializers.VarianceScaling`).

    Plain linen's `variance_scaling` refuses ranks below two, takes its axes differently and differs
    by a rounding step.
    """
    if scale < 0.0:
        raise ValueError(f"VarianceScaling: scale must not be negative, got {scale}.")
    if mode not in ("fan_in", "fan_out", "fan_avg"):
        raise ValueError(f"VarianceScaling: unknown mode {mode!r}.")
    distribution = distribution.lower()
    if distribution not in ("normal", "truncated_normal", "uniform"):
        raise ValueError(f"VarianceScaling: unknown distribution {distribution!r}.")

    def init(key: Any, shape: Sequence[int], dtype: Any = jnp.float32) -> jax.Array:
        fan_in, fan_out = fans(shape, fan_in_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[mode]
        variance = scale / max(1.0, fan)
        if distribution == "uniform":
            limit = np.sqrt(3.0 * variance)
            return RandomUniform(-limit, limit)(key, shape, dtype)
        stddev = np.sqrt(variance)
        if distribution == "normal":
            return RandomNormal(stddev)(key, shape, dtype)
        # The deviation of a standard normal cut at +-2, rounded to the dtype as Haiku does.
        return TruncatedNormal(stddev / np.asarray(0.87962566103423978, dtype))(key, shape, dtype)

    return init


def UniformScaling(scale: float = 1.0) -> Callable[..., jax.Array]:
    """Uniform with variance `scale**2 / fan_in` (`hk.initializers.UniformScaling`).

    Plain linen's `variance_scaling` differs by a rounding step and refuses rank one.
    """

    def init(key: Any, shape: Sequence[int], dtype: Any = jnp.float32) -> jax.Array:
        limit = np.sqrt(3 / np.prod(shape[:-1])) * scale
        return RandomUniform(-limit, limit)(key, shape, dtype)

    return init


def Orthogonal(scale: float = 1.0, axis: int = -1) -> Callable[..., jax.Array]:
    """A random orthogonal matrix whose output dimension is `axis` (`hk.initializers.Orthogonal`).

    Plain linen's `orthogonal` gives the transpose of Haiku's values for square shapes.
    """

    def init(key: Any, shape: Sequence[int], dtype: Any = jnp.float32) -> jax.Array:
        if len(shape) < 2:
            raise ValueError(f"Orthogonal: at least two dimensions are needed, got {shape}.")
        rows = shape[axis]
        columns = int(np.prod(shape)) // rows
        tall = (max(rows, columns), min(rows, columns))
        q, r = jnp.linalg.qr(jax.random.normal(key, tall, dtype))
        q *= jnp.sign(jnp.diag(r))  # makes the distribution uniform over orthogonal matrices
        if rows < columns:
            q = q.T
        others = [size for i, size in enumerate(shape) if i != axis % len(shape)]
        q = jnp.moveaxis(q.reshape(rows, *others), 0, axis)
        return lax.convert_element_type(scale, dtype) * q

    return init


def Identity(gain: Any = 1.0) -> Callable[..., jax.Array]:
    """The identity in the last two dimensions, times `gain` (`hk.initializers.Identity`).

    Plain linen has no identity initialiser.
    """

    def init(key: Any, shape: Sequence[int], dtype: Any = jnp.float32) -> jax.Array:
        if len(shape) < 2:
            raise ValueError(f"Identity: at least two dimensions are needed, got {shape}.")
        eye = jnp.broadcast_to(jnp.eye(shape[-2], shape[-1], dtype=dtype), tuple(shape))
        return lax.convert_element_type(gain, dtype) * eye

    return init


def default_weight_init(shape: Sequence[int]) -> Callable[..., jax.Array]:
    """What `hk.Linear` and the convolutions use without `w_init`; all but the last axis are fan-in.

    Plain linen's `lecun_normal` corrects the deviation for the cut and is 1.14 times wider.
    """
    return TruncatedNormal(1.0 / np.sqrt(np.prod(shape[:-1])))
