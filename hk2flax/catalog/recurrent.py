"""Recurrent cores and unrolling them."""

from __future__ import annotations

from .build import layer, symbol

_SOURCE = "haiku/_src/recurrent.py"
_CARRY = (
    "Haiku: `y, state = core(x, state)` with state (hidden, cell); linen cells: "
    "`carry, y = cell(carry, x)` with carry (c, h). The helper keeps Haiku's convention."
)

SYMBOLS = (
    layer(
        "LSTM",
        "hidden_size, name=None",
        "inputs, prev_state",
        note=f"{_CARRY} Haiku adds 1 to the forget gate inside; `nn.LSTMCell` does not.",
        source=f"{_SOURCE}; arXiv:1503.04069",
    ),
    layer(
        "GRU",
        "hidden_size, w_i_init=None, w_h_init=None, b_init=None, name=None",
        "inputs, state",
        note="`nn.GRUCell` is another function (it resets after the product and swaps the update "
        "gate): no mapping of weights exists.",
        source=f"{_SOURCE}; arXiv:1412.3555",
    ),
    layer(
        "VanillaRNN",
        "hidden_size, double_bias=True, name=None",
        "inputs, prev_state",
        note="`nn.SimpleCell` has tanh for relu, one bias for two, and swaps state and output.",
        source=_SOURCE,
    ),
    *(
        layer(
            f"Conv{count}DLSTM",
            "input_shape, output_channels, kernel_shape, name=None",
            "inputs, state",
            note=_CARRY,
            source=f"{_SOURCE}; arXiv:1506.04214",
        )
        for count in (1, 2, 3)
    ),
    layer(
        "IdentityCore",
        "name=None",
        "inputs, state",
        note="Returns its arguments.",
        source=_SOURCE,
    ),
    layer(
        "ResetCore",
        "core, name=None",
        "inputs, state",
        note="Takes (inputs, should_reset); the flag is broadcast from the left.",
        source=_SOURCE,
    ),
    layer(
        "DeepRNN",
        "layers, name=None",
        "inputs, state",
        note="Any callable between the cores is applied to the output.",
        source=_SOURCE,
    ),
    layer(
        "RNNCore",
        "name=None",
        "inputs, prev_state",
        note="Base class of cores: `initial_state(batch_size)` and `__call__(inputs, state)`.",
        source=_SOURCE,
    ),
    symbol(
        "deep_rnn_with_skip_connections",
        "function",
        "layers, name=None",
        note="Every core but the first sees concat(inputs, previous output).",
        source=_SOURCE,
    ),
    symbol(
        "static_unroll",
        "framework",
        "core, input_sequence, initial_state, time_major=True",
        note="A Python loop. In linen terms `nn.RNN(cell, time_major=True, return_carry=True)`.",
        source=_SOURCE,
    ),
    symbol(
        "dynamic_unroll",
        "framework",
        "core, input_sequence, initial_state, time_major=True, reverse=False, "
        "return_all_states=False, unroll=1",
        note="A lifted scan. `nn.RNN` is batch major, returns carry and outputs the other way "
        "round, and with reverse=True needs keep_order=True.",
        source=_SOURCE,
    ),
    symbol(
        "LSTMState",
        "type",
        "hidden, cell",
        note="The carry of `nn.LSTMCell` is (c, h): the other way round.",
        source=_SOURCE,
    ),
)
