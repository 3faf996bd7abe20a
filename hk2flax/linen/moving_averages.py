"""Exponential moving averages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax

from .variables import scope_state, store, variable_again


def layer_state(
    module: nn.Module,
    collection: str,
    name: str,
    shape: Sequence[int],
    dtype: Any,
    init: Callable[..., Any],
) -> Any:
    """The entry of a module's state, made where it is missing, as `hk.get_state` does.

    `nn.Module.variable` works in `setup` and compact methods only, not in properties.
    """
    return scope_state(module.scope, collection, name, shape, dtype, init)


def set_layer_state(module: nn.Module, collection: str, name: str, value: Any) -> None:
    """Sets an entry of a module's state as `hk.set_state` does.

    What Haiku's `init` returns is the first value of each entry, so later ones are dropped while
    initialising; linen would return the last.
    """
    if not (module.is_initializing() and module.has_variable(collection, name)):
        store(module.scope, collection, name, value)


class ExponentialMovingAverage(nn.Module):
    """The moving average of the values it is called with (`hk.ExponentialMovingAverage`).

    value: any shape -> the same shape; `batch_stats` holds counter (int32), hidden (the biased
    average) and average. Plain linen has no such layer; `nn.BatchNorm` keeps an average without the
    correction for its zero start.
    """

    decay: Any
    zero_debias: bool = True
    warmup_length: int = 0

    def __post_init__(self) -> None:
        """Refuses the combinations Haiku refuses."""
        if self.warmup_length < 0:
            raise ValueError(f"warmup_length must not be negative, got {self.warmup_length}.")
        if self.warmup_length and self.zero_debias:
            raise ValueError("A warm-up replaces zero-debiasing: set zero_debias=False.")
        super().__post_init__()

    def initialize(self, shape: Sequence[int], dtype: Any = jnp.float32) -> None:
        """Starts hidden and average at zero unless they exist."""
        for name in ("hidden", "average"):
            layer_state(self, "batch_stats", name, shape, dtype, nn.initializers.zeros)

    def __call__(self, value: Any, update_stats: bool = True) -> jax.Array:
        """The average including `value`, which is remembered unless `update_stats` is False."""
        value = jnp.asarray(value)
        start = nn.initializers.constant(-self.warmup_length)
        counter = layer_state(self, "batch_stats", "counter", (), jnp.int32, start) + 1
        zeros = nn.initializers.zeros
        hidden = layer_state(self, "batch_stats", "hidden", value.shape, value.dtype, zeros)

        decay = lax.convert_element_type(self.decay, value.dtype)
        if self.warmup_length > 0:
            decay = lax.select(counter <= 0, jnp.zeros_like(decay), decay)
        one = jnp.ones([], value.dtype)
        hidden = hidden * decay + value * (one - decay)
        average = hidden / (one - jnp.power(decay, counter)) if self.zero_debias else hidden
        if update_stats:
            set_layer_state(self, "batch_stats", "counter", counter)
            set_layer_state(self, "batch_stats", "hidden", hidden)
            set_layer_state(self, "batch_stats", "average", average)
        return average

    @property
    def average(self) -> jax.Array:
        """The average so far."""
        if not self.has_variable("batch_stats", "average"):
            raise ValueError(
                "This moving average has no value yet. Haiku's layers need one training step, or "
                "init with is_training=True, before they can be used for evaluation."
            )
        return variable_again(self.scope, "batch_stats", "average", None, None, jnp.float32).value


def matched_leaves(
    tree: Any, ignore_regex: str, change: Callable[[str, Any], Any], path: str = ""
) -> Any:
    """`change(path, leaf)` for the leaves of nested dicts whose path the regex does not match.

    The leaves that match stay as they are. Plain linen has nothing that works on named parameters.
    """
    if isinstance(tree, Mapping):
        return {
            key: matched_leaves(value, ignore_regex, change, f"{path}/{key}" if path else key)
            for key, value in tree.items()
        }
    return tree if ignore_regex and re.match(ignore_regex, path) else change(path, tree)


class EMAParamsTree(nn.Module):
    """A moving average of every parameter of a tree (`hk.EMAParamsTree`).

    tree: nested dicts of arrays -> the same with averages. The child for the parameter at "a/b/w"
    is a__b__w. Leaves whose path `ignore_regex` matches pass unchanged. Plain linen has no such
    layer.
    """

    decay: Any
    zero_debias: bool = True
    warmup_length: int = 0
    ignore_regex: str = ""

    @nn.compact
    def __call__(self, tree: Any, update_stats: bool = True) -> Any:
        """The averages including `tree`."""

        def average(path: str, value: Any) -> jax.Array:
            ema = ExponentialMovingAverage(
                self.decay,
                self.zero_debias,
                self.warmup_length,
                name=path.replace("/", "__").replace("~", "_tilde_"),
            )
            return ema(value, update_stats)

        return matched_leaves(tree, self.ignore_regex, average)
