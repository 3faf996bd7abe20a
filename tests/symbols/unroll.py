"""Unrolling a core over time."""

from tests.symbols.inputs import normal
from tests.symbols.proof import Proof

LONG = {"time_first": normal(7, 2, 6), "time_second": normal(2, 7, 6), "single": normal(7, 6)}

PROOFS = {
    "haiku.static_unroll": Proof(
        helper=(
            """
            core = hk.LSTM(4)
            return hk.static_unroll(core, time_first, core.initial_state(2))
            """,
            """
            core = hk.GRU(4)
            return hk.static_unroll(core=core, input_sequence=time_second,
                                    initial_state=core.initial_state(2), time_major=False)
            """,
            """
            core = hk.DeepRNN([hk.VanillaRNN(4), jnp.tanh])
            return hk.static_unroll(core, single, core.initial_state(None))
            """,
            "hk.static_unroll(lambda x, s: ({'y': x['a'] + s}, s + 1), {'a': single}, number)",
        ),
        inputs=LONG,
    ),
    "haiku.dynamic_unroll": Proof(
        helper=(
            """
            core = hk.LSTM(4)
            return hk.dynamic_unroll(core, time_first, core.initial_state(2))
            """,
            """
            core = hk.GRU(4)
            return hk.dynamic_unroll(core=core, input_sequence=time_second,
                                     initial_state=core.initial_state(2), time_major=False)
            """,
            """
            core = hk.LSTM(3)
            return hk.dynamic_unroll(core, time_first, core.initial_state(2), reverse=True)
            """,
            """
            core = hk.VanillaRNN(3)
            return hk.dynamic_unroll(core, time_first, core.initial_state(2),
                                     return_all_states=True, unroll=3)
            """,
            """
            core = hk.GRU(3)
            return hk.dynamic_unroll(core, time_second, core.initial_state(2), False, True, True, 2)
            """,
            """
            core = hk.ResetCore(hk.DeepRNN([hk.LSTM(4), hk.Linear(3)]))
            flags = jnp.arange(7) % 3 == 0
            return hk.dynamic_unroll(core, (single, flags), core.initial_state(None))
            """,
            """
            linear = hk.Linear(4)
            def step(x, state):
                state = jnp.tanh(linear(x) + state)
                return {'y': state}, state
            return hk.dynamic_unroll(step, time_first, jnp.zeros((2, 4), time_first.dtype))
            """,
            """
            norm = hk.ExponentialMovingAverage(0.9)
            return hk.dynamic_unroll(lambda x, s: (norm(x), s), single, ())
            """,
        ),
        inputs=LONG,
    ),
    "haiku.expand_apply": Proof(
        helper=(
            "hk.expand_apply(lambda x: x.sum(0, keepdims=True))(row)",
            "hk.expand_apply(hk.Linear(4))(row)",
            "hk.expand_apply(f=lambda x: 2 * x, axis=-1)(rows)",
            "hk.expand_apply(lambda x: {'x': x, 'more': 3 * x}, 0)(x=rows)",
        ),
    ),
    "haiku.BatchApply": Proof(
        native=(
            "hk.BatchApply(hk.Linear(4))(sequence)",
            "hk.BatchApply(hk.Conv1D(4, 3), num_dims=2)(image)",
            "hk.BatchApply(f=lambda x, y, k: k * x + y, num_dims=3)(image, image, 2.0)",
            "hk.BatchApply(lambda x, scale: {'y': x * scale}, 1)(sequence, scale=3.0)",
        ),
    ),
}
