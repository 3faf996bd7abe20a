import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import pytest
from haiku_reference import KEY, assert_equal, carried, ours, rnd
from test_cores import compare

VARIANTS = [
    {},
    dict(time_major=False),
    dict(reverse=True),
    dict(return_all_states=True),
    dict(unroll=2),
    dict(time_major=False, reverse=True, return_all_states=True),
]


@pytest.mark.parametrize("options", VARIANTS)
def test_dynamic(options):
    def run(lib, xs):
        core = lib.LSTM(4, name="lstm")
        return lib.dynamic_unroll(core, xs, core.initial_state(2), **options)

    compare(run, rnd(2, 3, 5) if options.get("time_major") is False else rnd(3, 2, 5))


@pytest.mark.parametrize("time_major", [True, False])
def test_static(time_major):
    def run(lib, xs):
        core = lib.GRU(4, name="gru")
        y, state = lib.static_unroll(core, {"x": xs}["x"], core.initial_state(2), time_major)
        return lib.static_unroll(lambda t, s: (t["y"] + s, s), {"y": y}, state, time_major)

    compare(run, rnd(3, 2, 5) if time_major else rnd(2, 3, 5))


def test_composed_core():
    def run(lib, xs, flags):
        core = lib.ResetCore(lib.DeepRNN([lib.LSTM(4, name="lstm"), jax.nn.relu]))
        return lib.dynamic_unroll(core, (xs, flags), core.initial_state(2))

    compare(run, rnd(3, 2, 5), jnp.asarray([[False, False], [True, False], [False, True]]))


def test_function_around_a_core():
    def run(lib, xs):
        core, linear = lib.GRU(4, name="gru"), lib.Linear(2, name="linear")
        start = core.initial_state(2)
        ys = lib.dynamic_unroll(lambda x, s: core(linear(x), s), xs, start, unroll=2)
        return ys, lib.dynamic_unroll(core.__call__, xs[..., :2], start, reverse=True)

    compare(run, rnd(3, 2, 5))


def test_plain_functions():
    def run(lib, xs):
        return lib.dynamic_unroll(lambda x, s: (x + s, s + 1.0), xs, jnp.zeros(2))

    compare(run, rnd(3, 2))
    assert_equal(run(ours, rnd(3, 2)), run(hk, rnd(3, 2)))


class NormCoreHk(hk.RNNCore):
    def __call__(self, inputs, prev_state):
        x = hk.BatchNorm(True, True, 0.9, name="batch_norm")(inputs, True)
        return x, prev_state + jnp.sum(x)

    def initial_state(self, batch_size):
        return jnp.zeros(())


class NormCore(ours.RNNCore):
    @nn.compact
    def __call__(self, inputs, prev_state):
        x = ours.BatchNorm(True, True, 0.9, name="batch_norm")(inputs, True)
        return x, prev_state + jnp.sum(x)

    @nn.nowrap
    def initial_state(self, batch_size):
        return jnp.zeros(())


class Unrolled(nn.Module):
    def setup(self):
        self.core = NormCore()

    def __call__(self, xs):
        return ours.dynamic_unroll(self.core, xs, self.core.initial_state(None))


def test_state_inside_advances_once_a_step():
    def run(xs):
        core = NormCoreHk(name="core")
        return hk.dynamic_unroll(core, xs, core.initial_state(None))

    def below(top, tree):
        return {f"{top}/{path}": leaves for path, leaves in tree.items()}

    xs = rnd(4, 5, 3)
    theirs = hk.transform_with_state(run)
    params, state = theirs.init(KEY, xs)
    variables = Unrolled().init(KEY, xs)
    assert_equal(variables, carried(below("net", params), below("net", state)))
    expected, state = theirs.apply(params, state, None, xs)
    mine, updated = Unrolled().apply(variables, xs, mutable=["batch_stats"])
    assert_equal(mine, expected, 1e-6)  # the loop bodies are fused differently
    assert_equal(updated, carried({}, below("net", state)), 1e-6)


def test_keys_differ_by_step():
    class Noise(ours.RNNCore):
        def __call__(self, inputs, prev_state):
            return jax.random.uniform(self.make_rng("dropout")), prev_state

    class Net(nn.Module):
        def setup(self):
            self.core = Noise()

        def __call__(self, xs):
            return ours.dynamic_unroll(self.core, xs, jnp.zeros(()))[0]

    drawn = Net().apply({}, jnp.zeros(5), rngs={"dropout": KEY})
    assert len(set(drawn.tolist())) == 5


def test_expand_apply():
    def run(lib, x):
        linear = lib.Linear(3, name="linear")
        return lib.expand_apply(lambda tree: tree["a"] + linear(tree["a"]))({"a": x})

    def last(lib):
        return lib.expand_apply(lambda a, b=0: a * b, axis=-1)(rnd(2), b=rnd(2))

    compare(run, rnd(2, 3))
    assert_equal(last(ours), last(hk))
    with pytest.raises(ValueError, match="axis"):
        ours.expand_apply(abs, 1)
