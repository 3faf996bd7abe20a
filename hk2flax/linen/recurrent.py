"""Recurrent cores, called as `outputs, next_state = core(inputs, prev_state)`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from .initializers import VarianceScaling
from .linear import Linear


class RNNCore(nn.Module):
    """The base class of recurrent cores (`hk.RNNCore`).

    `nn.RNNCellBase` takes and returns the state first and makes it from a key and a shape.
    """

    def __call__(self, inputs: Any, prev_state: Any) -> tuple[Any, Any]:
        """One step: outputs and the next state."""
        raise NotImplementedError

    def initial_state(self, batch_size: int | None) -> Any:
        """The state before the first step, without a batch axis where `batch_size` is None."""
        raise NotImplementedError


def zero_state(batch_size: int | None, shape: Sequence[int]) -> jax.Array:
    """Zeros [batch, *shape], or [*shape] without a batch; float32 for any input, as in Haiku.

    Linen's `initialize_carry` wants a key and the shape of the input.
    """
    return jnp.zeros(tuple(shape) if batch_size is None else (batch_size, *shape))


class VanillaRNN(RNNCore):
    """`relu(linear(inputs) + linear_1(state))` (`hk.VanillaRNN`).

    inputs [batch, input_size] and state [batch, hidden_size] -> (state, state). `nn.SimpleCell`
    uses tanh and has one bias where Haiku has two, which then learns at another speed.
    """

    hidden_size: int
    double_bias: bool = True

    @nn.compact
    def __call__(self, inputs: jax.Array, prev_state: jax.Array) -> tuple[jax.Array, jax.Array]:
        """One step."""
        from_input = Linear(self.hidden_size, name="linear")
        from_state = Linear(self.hidden_size, with_bias=self.double_bias, name="linear_1")
        out = jax.nn.relu(from_input(jnp.asarray(inputs)) + from_state(jnp.asarray(prev_state)))
        return out, out

    @nn.nowrap
    def initial_state(self, batch_size: int | None) -> jax.Array:
        """Zeros."""
        return zero_state(batch_size, (self.hidden_size,))


class LSTMState(NamedTuple):
    """The state of an LSTM (`hk.LSTMState`); linen's carry is the plain pair (cell, hidden)."""

    hidden: jax.Array
    cell: jax.Array


def lstm_step(gates: jax.Array, cell: jax.Array) -> tuple[jax.Array, LSTMState]:
    """Output and next state from the gates (i, g, f, o); Haiku adds one to f before its sigmoid.

    Linen has no constant there and no joint gates.
    """
    i, g, f, o = jnp.split(gates, 4, axis=-1)
    next_cell = jax.nn.sigmoid(f + 1) * cell + jax.nn.sigmoid(i) * jnp.tanh(g)
    hidden = jax.nn.sigmoid(o) * jnp.tanh(next_cell)
    return hidden, LSTMState(hidden, next_cell)


class LSTM(RNNCore):
    """Long short-term memory (`hk.LSTM`).

    inputs [batch, input_size] or [input_size], state of two [batch, hidden_size] -> (hidden,
    state); one child linear for all gates. `nn.LSTMCell` splits the kernel by gate and source,
    initialises the parts differently, lacks the one on the forget gate and orders the state
    differently.
    """

    hidden_size: int

    @nn.compact
    def __call__(self, inputs: jax.Array, prev_state: LSTMState) -> tuple[jax.Array, LSTMState]:
        """One step."""
        inputs = jnp.asarray(inputs)
        if inputs.ndim not in (1, 2):
            raise ValueError(f"LSTM: the input must have rank 1 or 2, it has shape {inputs.shape}.")
        state = jax.tree.map(jnp.asarray, prev_state)
        joined = jnp.concatenate([inputs, state.hidden], axis=-1)
        return lstm_step(Linear(4 * self.hidden_size, name="linear")(joined), state.cell)

    @nn.nowrap
    def initial_state(self, batch_size: int | None) -> LSTMState:
        """Zeros."""
        zeros = zero_state(batch_size, (self.hidden_size,))
        return LSTMState(zeros, zeros)


class GRU(RNNCore):
    """A gated recurrent unit (`hk.GRU`).

    inputs [batch, input_size] or [input_size], state [batch, hidden_size] -> (state, state);
    parameters w_i, w_h and b hold the gates (z, r, a) side by side. `nn.GRUCell` is another
    function: it resets after the matrix product and keeps the old state by z, so no weights can be
    carried over.
    """

    hidden_size: int
    w_i_init: Any = None
    w_h_init: Any = None
    b_init: Any = None

    def __post_init__(self) -> None:
        """Fills in Haiku's defaults, which subclasses may read."""
        self.w_i_init = self.w_i_init or VarianceScaling()
        self.w_h_init = self.w_h_init or VarianceScaling()
        self.b_init = self.b_init or nn.initializers.zeros
        super().__post_init__()

    @nn.compact
    def __call__(self, inputs: jax.Array, state: jax.Array) -> tuple[jax.Array, jax.Array]:
        """One step."""
        inputs, state = jnp.asarray(inputs), jnp.asarray(state)
        if inputs.ndim not in (1, 2):
            raise ValueError(f"GRU: the input must have rank 1 or 2, it has shape {inputs.shape}.")
        size, dtype = self.hidden_size, inputs.dtype
        w_i_shape = (inputs.shape[-1], 3 * size)
        w_i = self.param("w_i", self.w_i_init, w_i_shape, dtype)
        w_h = self.param("w_h", self.w_h_init, (size, 3 * size), dtype)
        b = self.param("b", self.b_init, (3 * size,), dtype)

        from_input = jnp.matmul(inputs, w_i)
        zr_x, a_x = jnp.split(from_input, [2 * size], axis=-1)
        w_zr, w_a = jnp.split(w_h, [2 * size], axis=1)
        b_zr, b_a = jnp.split(b, [2 * size])
        zr_h = jnp.matmul(state, w_zr)
        zr = jax.nn.sigmoid(zr_x + zr_h + jnp.broadcast_to(b_zr, zr_h.shape))
        z, r = jnp.split(zr, 2, axis=-1)
        a_h = jnp.matmul(r * state, w_a)
        a = jnp.tanh(a_x + a_h + jnp.broadcast_to(b_a, a_h.shape))
        next_state = (1 - z) * state + z * a
        return next_state, next_state

    @nn.nowrap
    def initial_state(self, batch_size: int | None) -> jax.Array:
        """Zeros."""
        return zero_state(batch_size, (self.hidden_size,))
