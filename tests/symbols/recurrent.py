"""Recurrent cores: one step, with and without a batch."""

import numpy as np

from tests.symbols.inputs import normal
from tests.symbols.proof import Proof

STATE = {"one": normal(4, seed=5), "batch": normal(5, 4, seed=6), "cell": normal(5, 4, seed=8)}


def conv_lstm(count: int) -> Proof:
    """A convolutional LSTM over `count` dimensions."""
    size = (4, 3, 2)[:count]
    layer = f"hk.Conv{count}DLSTM"
    return Proof(
        helper=(
            f"""
            core = {layer}({size}, 3, 2)
            return core(x, core.initial_state(2))
            """,
            f"""
            core = {layer}(input_shape={list(size)}, output_channels=2,
                           kernel_shape={(3, 2, 1)[:count]}, name='core')
            return core(inputs=x[0], state=core.initial_state(None))
            """,
            f"""
            core = {layer}({size}, 2, 3)
            y, state = core(x, core.initial_state(2))
            return core(x + 1, state)
            """,
        ),
        inputs={"x": normal(2, *size, 2)},
    )


PROOFS = {
    "haiku.LSTM": Proof(
        helper=(
            "hk.LSTM(4)(rows, hk.LSTMState(batch, cell))",
            "hk.LSTM(hidden_size=4, name='core')(row, hk.LSTMState(hidden=one, cell=2 * one))",
            """
            core = hk.LSTM(3)
            y, state = core(rows, core.initial_state(5))
            y, state = core(2 * rows, prev_state=state)
            return y, state, state.hidden, state.cell, core.hidden_size
            """,
            """
            core = hk.LSTM(3)
            return core(row, core.initial_state(None))
            """,
            "hk.LSTM(1).initial_state(7)",
        ),
        inputs=STATE,
    ),
    "haiku.LSTMState": Proof(
        helper=(
            "hk.LSTMState(one, 2 * one)._asdict()",
            "hk.LSTMState(hidden=one, cell=one)[1]",
            "jax.tree.map(jnp.cos, hk.LSTMState(cell=one, hidden=2 * one))",
            "isinstance(hk.LSTM(4).initial_state(None), hk.LSTMState)",
            """
            hidden, cell = hk.LSTM(4)(row, hk.LSTMState(one, one))[1]
            return hidden - cell, hk.LSTMState._fields
            """,
        ),
        inputs=STATE,
    ),
    "haiku.GRU": Proof(
        helper=(
            "hk.GRU(4)(rows, batch)",
            "hk.GRU(hidden_size=4, name='core')(row, one)",
            "hk.GRU(4, w_i_init=hk.initializers.RandomNormal(), b_init=jnp.ones)(rows, batch)",
            "hk.GRU(4, w_h_init=hk.initializers.Constant(0.5))(inputs=rows, state=batch)",
            """
            core = hk.GRU(3)
            y, state = core(rows, core.initial_state(5))
            return core(y @ jnp.ones((3, 6), y.dtype), state), core.initial_state(None)
            """,
        ),
        inputs=STATE,
    ),
    "haiku.VanillaRNN": Proof(
        helper=(
            "hk.VanillaRNN(4)(rows, batch)",
            "hk.VanillaRNN(hidden_size=4, double_bias=False, name='core')(row, one)",
            """
            core = hk.VanillaRNN(3)
            y, state = core(rows, core.initial_state(5))
            return core(rows + 1, prev_state=state), core.initial_state(None)
            """,
        ),
        inputs=STATE,
    ),
    "haiku.Conv1DLSTM": conv_lstm(1),
    "haiku.Conv2DLSTM": conv_lstm(2),
    "haiku.Conv3DLSTM": conv_lstm(3),
    "haiku.IdentityCore": Proof(
        helper=(
            "hk.IdentityCore()(rows, ())",
            "hk.IdentityCore(name='same')({'a': row}, state=(one, one))",
            "hk.IdentityCore().initial_state(3)",
            "hk.IdentityCore().initial_state(None)",
        ),
        inputs=STATE,
    ),
    "haiku.ResetCore": Proof(
        helper=(
            """
            core = hk.ResetCore(hk.LSTM(4))
            return core((rows, flags), hk.LSTMState(batch, cell)), core.initial_state(2)
            """,
            """
            core = hk.ResetCore(core=hk.LSTM(4), name='reset')
            each = hk.LSTMState(flags, ~flags)
            return core(inputs=(rows, each), state=hk.LSTMState(batch, cell))
            """,
            """
            core = hk.ResetCore(hk.GRU(4))
            return core((row, jnp.array(True)), one), core((row, jnp.array(False)), one)
            """,
            """
            core = hk.ResetCore(hk.DeepRNN([hk.GRU(4), hk.VanillaRNN(3)]))
            state = jax.tree.map(lambda leaf: leaf + 1, core.initial_state(5))
            return core((rows, flags), state)
            """,
        ),
        inputs={**STATE, "flags": np.array([True, False, False, True, False])},
    ),
    "haiku.DeepRNN": Proof(
        helper=(
            """
            core = hk.DeepRNN([hk.LSTM(4), jax.nn.relu, hk.Linear(5), hk.GRU(3)])
            return core(rows, core.initial_state(5))
            """,
            """
            core = hk.DeepRNN(layers=(hk.VanillaRNN(4), hk.IdentityCore()), name='deep')
            return core(inputs=row, state=core.initial_state(None))
            """,
            """
            core = hk.DeepRNN([jnp.tanh])
            return core(rows, core.initial_state(5))
            """,
            """
            inner = hk.DeepRNN([hk.GRU(4), hk.Linear(3)])
            core = hk.DeepRNN([inner, hk.LSTM(2)])
            y, state = core(rows, core.initial_state(5))
            return core(rows, state)
            """,
        ),
    ),
    "haiku.deep_rnn_with_skip_connections": Proof(
        helper=(
            """
            core = hk.deep_rnn_with_skip_connections([hk.LSTM(4), hk.VanillaRNN(3)])
            return core(rows, core.initial_state(5))
            """,
            """
            core = hk.deep_rnn_with_skip_connections((hk.GRU(2), hk.GRU(3), hk.GRU(4)), name='d')
            y, state = core(row, core.initial_state(None))
            return core(row + 1, state)
            """,
        ),
    ),
    "haiku.RNNCore": Proof(
        before="""
        class Leaky(hk.RNNCore):
            def __init__(self, size, leak=0.5, name=None):
                super().__init__(name=name)
                self.size = size
                self.leak = leak
                self.linear = hk.Linear(size)

            def __call__(self, inputs, prev_state):
                state = self.leak * prev_state + self.linear(inputs)
                return jnp.tanh(state), state

            def initial_state(self, batch_size):
                shape = (self.size,) if batch_size is None else (batch_size, self.size)
                return jnp.zeros(shape)
        """,
        helper=(
            """
            core = Leaky(4, name='core')
            return core(rows, core.initial_state(5)), isinstance(core, hk.RNNCore)
            """,
            """
            core = hk.DeepRNN([Leaky(4), Leaky(3, leak=0.25)])
            y, state = core(row, core.initial_state(None))
            return core(row, state), isinstance(core, hk.RNNCore)
            """,
            "isinstance(hk.LSTM(3), hk.RNNCore), isinstance(hk.Linear(3), hk.RNNCore)",
        ),
    ),
}
