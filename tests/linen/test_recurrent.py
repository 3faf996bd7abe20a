import jax
import jax.numpy as jnp
import pytest
from haiku_reference import KEY, assert_equal, check, ours, randomize, rnd

CORES = {
    "LSTM": lambda lib: lib.LSTM(4),
    "GRU": lambda lib: lib.GRU(4),
    "GRU with initialisers": lambda lib: lib.GRU(4, *[lib.initializers.Constant(0.5)] * 3),
    "VanillaRNN": lambda lib: lib.VanillaRNN(4),
    "VanillaRNN, one bias": lambda lib: lib.VanillaRNN(4, False),
}


@pytest.mark.parametrize("name", CORES)
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
@pytest.mark.parametrize("batch", [2, None])
def test_step(name, dtype, batch):
    x = rnd(*([batch] if batch else []), 3, dtype=dtype)
    state = jax.tree.map(lambda leaf: leaf.astype(dtype), CORES[name](ours).initial_state(batch))
    check(CORES[name], x, randomize(state), grads=batch is not None)


@pytest.mark.parametrize("name", CORES)
def test_float32_state_with_bfloat16_inputs(name):
    x, core = rnd(2, 3, dtype=jnp.bfloat16), CORES[name](ours)
    check(CORES[name], x, core.initial_state(2), grads=False)


@pytest.mark.parametrize("name", CORES)
@pytest.mark.parametrize("batch", [2, None])
def test_initial_state(name, batch):
    """On an unbound core as on a bound one; Haiku's is float32 whatever the inputs."""
    import haiku as hk

    theirs = hk.transform(lambda: CORES[name](hk).initial_state(batch)).apply({}, None)
    core = CORES[name](ours)
    bound = core.apply({}, method=lambda core: core.initial_state(batch))
    for mine in (core.initial_state(batch), bound):
        assert_equal(jax.tree.leaves(mine), jax.tree.leaves(theirs))


def test_user_core():
    """A subclass with submodules and a state of its own."""

    class Core(ours.RNNCore):
        size: int

        def setup(self):
            self.lstm = ours.LSTM(self.size)

        def __call__(self, inputs, prev_state):
            return self.lstm(inputs, prev_state)

        def initial_state(self, batch_size):
            return ours.LSTM(self.size, parent=None).initial_state(batch_size)

    core, x = Core(4), rnd(2, 3)
    state = core.initial_state(2)
    variables = core.init(KEY, x, state)
    assert core.apply(variables, x, state)[0].shape == (2, 4)
    assert isinstance(core, ours.RNNCore)


def test_lstm_state_has_names():
    state = ours.LSTM(4).initial_state(2)
    assert state.hidden.shape == state.cell.shape == (2, 4)


@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_refuses_sequences(name):
    core = CORES[name](ours)
    with pytest.raises(ValueError, match="rank 1 or"):
        core.init(KEY, rnd(2, 3, 4), core.initial_state(2))


@pytest.mark.parametrize("name", ["LSTM", "GRU", "VanillaRNN"])
@pytest.mark.parametrize("compiler", ["eager", "full"])
def test_compilers(name, compiler):
    state = randomize(CORES[name](ours).initial_state(2))
    check(CORES[name], rnd(2, 3), state, compiler=compiler)
