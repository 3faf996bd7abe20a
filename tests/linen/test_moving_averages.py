import functools

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from haiku_reference import KEY, assert_equal, carried, check, ours, rnd


@pytest.mark.parametrize("arguments", [(0.9,), (0.9, False), (jnp.asarray(0.9), True)])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_steps(arguments, dtype):
    check(lambda lib: lib.ExponentialMovingAverage(*arguments), rnd(2, 3, dtype=dtype), steps=4)


def test_warm_up():
    check(lambda lib: lib.ExponentialMovingAverage(0.5, False, 2), rnd(2, 3), steps=5)


def test_scalar_without_update():
    check(lambda lib: lib.ExponentialMovingAverage(0.9), 3.0, steps=2)
    check(lambda lib: lib.ExponentialMovingAverage(0.9), rnd(3), update_stats=False, steps=2)


def test_initialize_keeps_zero_through_init():
    def run(average):
        average.initialize((3,), jnp.float32)
        return average(jnp.ones(3)), average.average

    theirs = hk.transform_with_state(lambda: run(hk.ExponentialMovingAverage(0.9)))
    _, state = theirs.init(KEY)
    module = ours.ExponentialMovingAverage(0.9)
    variables = module.init(KEY, method=run)
    assert_equal(variables, carried({}, state))
    for _ in range(2):
        expected, state = theirs.apply({}, state, None)
        mine, variables = module.apply(variables, method=run, mutable=["batch_stats"])
        assert_equal(mine, expected)
        assert_equal(variables, carried({}, state))


def test_refuses_what_haiku_refuses():
    for arguments in [(0.9, False, -1), (0.9, True, 2)]:
        with pytest.raises(ValueError, match="warm"):
            ours.ExponentialMovingAverage(*arguments)
    with pytest.raises(ValueError, match="no value yet"):
        ours.ExponentialMovingAverage(0.9).apply({}, method=lambda average: average.average)


THEIR_TREE = {"lin/~/a": {"w": rnd(2, 3), "b": rnd(3)}, "out": {"w": rnd(3, 3)}}
OUR_TREE = {"lin": {"a": THEIR_TREE["lin/~/a"]}, "out": THEIR_TREE["out"]}


def compare_trees(build, state_names):
    """A tree wrapper in both: Haiku's module names against nested dicts."""
    theirs = hk.transform_with_state(lambda tree: build(hk)(tree))
    _, state = theirs.init(KEY, THEIR_TREE)
    module = build(ours)
    top = next(iter(state)).split("/")[0]
    collection = next(iter(module.init(KEY, OUR_TREE)))

    def rename(state):
        return {collection: {mine: state[f"{top}/{name}"] for name, mine in state_names.items()}}

    variables = rename(state)
    start = module.init(KEY, OUR_TREE)
    assert jax.tree.structure(start) == jax.tree.structure(variables)
    for step in range(3):
        factor = step + 2.0
        scaled = jax.tree.map(functools.partial(jnp.multiply, factor), (THEIR_TREE, OUR_TREE))
        expected, state = theirs.apply({}, state, None, scaled[0])
        mine, variables = module.apply(variables, scaled[1], mutable=[collection])
        assert_equal(mine["lin"]["a"], dict(expected["lin/~/a"]))
        assert_equal(mine["out"], dict(expected["out"]))
        assert_equal(variables, rename(state))


def test_params_tree():
    names = {"lin___tilde___a__w": "lin__a__w", "out__w": "out__w"}
    compare_trees(lambda lib: lib.EMAParamsTree(0.9, ignore_regex=".*/b$"), names)


def test_params_tree_without_regex():
    tree = {"a": {"w": np.ones(2)}}
    mine = ours.EMAParamsTree(0.9).init(KEY, tree)
    assert set(mine["batch_stats"]) == {"a__w"}
