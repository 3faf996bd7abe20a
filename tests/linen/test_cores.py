"""Composed cores, with children made by the caller as in Haiku."""

import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import pytest
from haiku_reference import KEY, assert_equal, ours, randomize, rnd


class Program(nn.Module):
    """Runs a function of the library as a compact method."""

    run: object

    @nn.compact
    def __call__(self, *args):
        return self.run(ours, *args)


def compare(run, *args, seed=0):
    """The same function of (lib, *args) in both, on weights that differ in the `~` levels only.

    Children are made with Haiku's default names, which linen is given by `name=`.
    """
    theirs = hk.transform(lambda *args: run(hk, *args))
    params = randomize(theirs.init(KEY, *args), seed)
    tree = {}
    for path, leaves in params.items():
        level = tree
        for part in path.split("/"):
            if part != "~":
                level = level.setdefault(part, {})
        level.update(leaves)
    shapes = jax.eval_shape(Program(run).init, KEY, *args).get("params", {})
    assert jax.tree.structure(shapes) == jax.tree.structure(tree)
    expected = theirs.apply(params, None, *args)
    mine = Program(run).apply({"params": tree}, *args)
    assert_equal(jax.tree.leaves(mine), jax.tree.leaves(expected))


def test_identity():
    compare(lambda lib, x: lib.IdentityCore()(x, lib.IdentityCore().initial_state(2)), rnd(2, 3))


@pytest.mark.parametrize("flags", [[True, False], [False, False], [True, True]])
def test_reset(flags):
    def run(lib, x, flags):
        core = lib.ResetCore(lib.LSTM(4, name="lstm"))
        state = jax.tree.map(lambda leaf: leaf + 1.0, core.initial_state(2))
        return core((x, flags), state)

    compare(run, rnd(2, 3), jnp.asarray(flags))


def test_reset_by_tree_and_without_batch():
    def tree(lib, x):
        core = lib.ResetCore(lib.LSTM(4, name="lstm"))
        state = jax.tree.map(lambda leaf: leaf + 1.0, core.initial_state(2))
        return core((x, type(state)(jnp.array([True, False]), jnp.array([False, True]))), state)

    def single(lib, x):
        core = lib.ResetCore(lib.GRU(4, name="gru"))
        return core((x, jnp.array(True)), core.initial_state(None) + 1.0)

    compare(tree, rnd(2, 3))
    compare(single, rnd(3))


def test_reset_refuses_flags_that_do_not_fit():
    core = ours.ResetCore(ours.GRU(4))
    with pytest.raises(ValueError, match="do not fit"):
        core.init(KEY, (rnd(2, 3), jnp.zeros((3,), bool)), core.initial_state(2))


def layers(lib):
    return [
        lib.LSTM(4, name="lstm"),
        jax.nn.relu,
        lib.Linear(5, name="linear"),
        lib.GRU(3, name="gru"),
    ]


def test_deep():
    def run(lib, x):
        core = lib.DeepRNN(layers(lib))
        return core(x, core.initial_state(2))

    compare(run, rnd(2, 3))


def test_deep_inside_reset_inside_deep():
    def run(lib, x, flags):
        inner = lib.ResetCore(lib.DeepRNN(layers(lib)))
        core = lib.DeepRNN([inner, lambda y: y])
        state = core.initial_state(2)
        ys = []
        for _ in range(2):
            y, state = lib.DeepRNN([lambda x: (x, flags), inner])(x, state)
            ys.append(y)
        return ys, state

    compare(run, rnd(2, 3), jnp.asarray([True, False]))


def test_skip_connections():
    def run(lib, x):
        cores = [lib.LSTM(4, name="lstm"), lib.VanillaRNN(3, name="vanilla_rnn")]
        core = lib.deep_rnn_with_skip_connections(cores)
        return core(x, core.initial_state(2))

    compare(run, rnd(2, 3))
    with pytest.raises(ValueError, match="RNNCore"):
        ours.deep_rnn_with_skip_connections([ours.LSTM(3), jax.nn.relu])
