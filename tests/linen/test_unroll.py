"""Unrolling inside of modules; what the functions compute is proven in tests/symbols."""

import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
from haiku_reference import KEY, assert_equal, carried, ours, rnd


def test_outside_of_modules():
    def run(lib, xs):
        return lib.dynamic_unroll(lambda x, s: (x + s, s + 1.0), xs, jnp.zeros(2))

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
