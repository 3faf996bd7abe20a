"""Averages and norms of whole trees: Haiku's names of modules against nested dicts."""

import functools

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
from haiku_reference import KEY, assert_equal, ours, rnd

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


def test_averages():
    names = {"lin___tilde___a__w": "lin__a__w", "out__w": "out__w"}
    compare_trees(lambda lib: lib.EMAParamsTree(0.9, ignore_regex=".*/b$"), names)


def test_norms():
    names = {"lin___tilde__a__w": "lin__a__w", "out__w": "out__w"}
    compare_trees(lambda lib: lib.SNParamsTree(ignore_regex=".*/b$"), names)


def test_averages_of_everything():
    tree = {"a": {"w": np.ones(2)}}
    mine = ours.EMAParamsTree(0.9).init(KEY, tree)
    assert set(mine["batch_stats"]) == {"a__w"}
