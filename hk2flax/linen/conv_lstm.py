"""Convolutional LSTMs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import flax.linen as nn
import jax
import jax.numpy as jnp

from .conv import ConvND
from .recurrent import LSTMState, RNNCore, lstm_step, zero_state


class ConvNDLSTM(RNNCore):
    """An LSTM over images (the base of `hk.Conv1DLSTM`, 2D and 3D).

    inputs [batch, *input_shape, channels], state of two [batch, *input_shape, output_channels] ->
    (hidden, state); children input_to_hidden and hidden_to_hidden. `nn.ConvLSTMCell` reads an
    integer kernel as rank 1, orders the state differently and keeps float32 parameters for any
    input.
    """

    num_spatial_dims: int
    input_shape: Sequence[int]
    output_channels: int
    kernel_shape: int | Sequence[int]

    @nn.compact
    def __call__(self, inputs: jax.Array, state: LSTMState) -> tuple[jax.Array, LSTMState]:
        """One step."""
        inputs, state = jax.tree.map(jnp.asarray, (inputs, state))
        shape = (self.num_spatial_dims, 4 * self.output_channels, self.kernel_shape)
        gates = ConvND(*shape, name="input_to_hidden")(inputs)
        gates = gates + ConvND(*shape, name="hidden_to_hidden")(state.hidden)
        return lstm_step(gates, state.cell)

    @nn.nowrap
    def initial_state(self, batch_size: int | None) -> LSTMState:
        """Zeros."""
        zeros = zero_state(batch_size, (*self.input_shape, self.output_channels))
        return LSTMState(zeros, zeros)


class Conv1DLSTM(ConvNDLSTM):
    """Over one dimension (`hk.Conv1DLSTM`); see `ConvNDLSTM` for what linen lacks."""

    num_spatial_dims: int = dataclasses.field(default=1, init=False)


class Conv2DLSTM(ConvNDLSTM):
    """Over two dimensions (`hk.Conv2DLSTM`); see `ConvNDLSTM` for what linen lacks."""

    num_spatial_dims: int = dataclasses.field(default=2, init=False)


class Conv3DLSTM(ConvNDLSTM):
    """Over three dimensions (`hk.Conv3DLSTM`); see `ConvNDLSTM` for what linen lacks."""

    num_spatial_dims: int = dataclasses.field(default=3, init=False)
