"""Recurrent cores made of other cores."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from .recurrent import RNNCore


class IdentityCore(RNNCore):
    """Hands on its inputs and its empty state (`hk.IdentityCore`); linen has no such cell."""

    def __call__(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        """Returns what it gets."""
        return inputs, state

    @nn.nowrap
    def initial_state(self, batch_size: int | None) -> tuple[()]:
        """Nothing."""
        return ()


def as_prefix(flags: jax.Array, state: jax.Array) -> jax.Array:
    """Reset flags with ones added on the right, so that they broadcast over the state.

    `nn` has no reset of recurrent state.
    """
    if flags.shape != state.shape[: flags.ndim]:
        raise ValueError(f"Reset flags {flags.shape} do not fit a state of shape {state.shape}.")
    return flags.reshape(flags.shape + (1,) * (state.ndim - flags.ndim))


class ResetCore(RNNCore):
    """A core that starts afresh where it is told to (`hk.ResetCore`).

    inputs (x, flags): where a flag is true the state is replaced by the initial one before the
    step. The flags are one array for all states or a tree like the state. Plain linen has no such
    cell.
    """

    core: RNNCore

    def __call__(self, inputs: tuple[Any, Any], state: Any) -> tuple[Any, Any]:
        """One step."""
        x, flags = jax.tree.map(jnp.asarray, tuple(inputs))
        state = jax.tree.map(jnp.asarray, state)
        if jax.tree_util.treedef_is_leaf(jax.tree.structure(flags)):
            flags = jax.tree.map(lambda _: flags, state)
        flags = jax.tree.map(as_prefix, flags, state)
        batch_size = jax.tree.leaves(x)[0].shape[0] if self.is_batched(state) else None
        fresh = self.initial_state(batch_size)
        fresh = jax.tree.map(lambda old, new: new.astype(old.dtype), state, fresh)
        return self.core(x, jax.tree.map(jnp.where, flags, fresh, state))

    @nn.nowrap
    def initial_state(self, batch_size: int | None) -> Any:
        """That of the core inside."""
        return self.core.initial_state(batch_size)

    @nn.nowrap
    def is_batched(self, state: Any) -> bool:
        """Whether the state has the shape of one with a batch axis."""
        leaves = jax.tree.leaves(state)
        batched = jax.tree.leaves(self.initial_state(batch_size=1))
        shapes = zip(batched, leaves, strict=False)
        return bool(leaves) and all(b.shape[1:] == s.shape[1:] for b, s in shapes)


class DeepRNN(RNNCore):
    """Cores and functions stacked on each other (`hk.DeepRNN`).

    The state is a tuple with one entry for each layer that is an `RNNCore`. With skip connections
    every core also sees the inputs, and the outputs of all are joined. Plain linen stacks no cells.
    """

    layers: Sequence[Callable[..., Any]]
    skip_connections: bool = dataclasses.field(default=False, init=False)

    def __call__(self, inputs: Any, state: Sequence[Any]) -> tuple[Any, tuple[Any, ...]]:
        """One step of every layer."""
        current, outputs, next_states = inputs, [], []
        states = iter(state)
        for index, layer in enumerate(self.layers):
            if self.skip_connections and index > 0:
                current = join_skips(inputs, current)
            if isinstance(layer, RNNCore):
                current, next_state = layer(current, next(states))
                outputs.append(current)
                next_states.append(next_state)
            else:
                current = layer(current)
        if self.skip_connections:
            current = jax.tree.map(lambda *each: jnp.concatenate(each, axis=-1), *outputs)
        return current, tuple(next_states)

    @nn.nowrap
    def initial_state(self, batch_size: int | None) -> tuple[Any, ...]:
        """One state for each core."""
        cores = (layer for layer in self.layers if isinstance(layer, RNNCore))
        return tuple(core.initial_state(batch_size) for core in cores)


def join_skips(inputs: Any, current: Any) -> Any:
    """The inputs joined with the output of the layer before; None stays None, as in Haiku.

    Linen has no stacked cells.
    """

    def join(x: Any, *others: Any) -> Any:
        return None if x is None else jnp.concatenate((x, *others), axis=-1)

    return jax.tree.map(join, inputs, current, is_leaf=lambda x: x is None)


class DeepRNNWithSkips(DeepRNN):
    """The core `deep_rnn_with_skip_connections` returns; linen has no stacked cells."""

    skip_connections: bool = dataclasses.field(default=True, init=False)

    def __post_init__(self) -> None:
        """Refuses layers that are no cores."""
        if not all(isinstance(layer, RNNCore) for layer in self.layers):
            raise ValueError("Skip connections need every layer to be an RNNCore.")
        super().__post_init__()


def deep_rnn_with_skip_connections(
    layers: Sequence[RNNCore], name: str | None = None
) -> DeepRNNWithSkips:
    """Stacked cores that all see the inputs (`hk.deep_rnn_with_skip_connections`).

    Plain linen stacks no cells.
    """
    return DeepRNNWithSkips(layers, name=name)
