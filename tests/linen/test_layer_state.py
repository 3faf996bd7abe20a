"""How helpers behave as linen modules: state, copies, and states of cores made outside."""

import flax.errors
import haiku as hk
import jax
import jax.numpy as jnp
import pytest
from haiku_reference import KEY, assert_equal, carried, check, ours, rnd, transformed

X = rnd(4, 3, 2, 6)
CORES = {
    "LSTM": lambda lib: lib.LSTM(4),
    "GRU": lambda lib: lib.GRU(4),
    "VanillaRNN": lambda lib: lib.VanillaRNN(4),
    "Conv2DLSTM": lambda lib: lib.Conv2DLSTM((3, 2), 4, 3),
    "DeepRNN": lambda lib: lib.DeepRNN([lib.LSTM(4), jnp.tanh, lib.GRU(3)]),
}


@pytest.mark.parametrize("name", CORES)
@pytest.mark.parametrize("batch", [2, None])
def test_initial_state_of_a_core_that_is_not_bound(name, batch):
    theirs = hk.transform(lambda: CORES[name](hk).initial_state(batch)).apply({}, None)
    mine = CORES[name](ours).initial_state(batch)
    assert_equal(jax.tree.leaves(mine), jax.tree.leaves(theirs))


@pytest.mark.parametrize(
    "layer",
    [
        ours.GroupNorm(3),
        ours.LayerNorm(slice(1, None), True, True, param_axis=slice(1, None)),
        ours.RMSNorm(slice(1, None)),
    ],
)
def test_modules_can_be_hashed_and_cloned(layer):
    assert hash(layer) == hash(layer.clone()) and layer == layer.clone()


def test_evaluation_of_batch_norm_writes_nothing():
    norm = ours.BatchNorm(True, True, 0.9)
    variables = norm.init(KEY, X, True)
    norm.apply(variables, X, False)  # needs no mutable collection
    with pytest.raises(flax.errors.ModifyScopeVariableError):
        norm.apply(variables, X, True)


def test_batch_norm_over_groups_of_replicas():
    """Neither vmap nor one device can run index groups, so the two programs are compared."""

    def build(lib):
        groups = [[0, 1], [2, 3]]
        return lib.BatchNorm(
            True, True, 0.9, cross_replica_axis="i", cross_replica_axis_index_groups=groups
        )

    pair = hk.transform_with_state(lambda x: hk.BatchNorm(True, True, 0.9)(x, True))
    params, state = pair.init(KEY, X)
    apply = transformed(build)[1]

    def theirs(x):
        return apply(params, state, x, True)

    def mine(x):
        return build(ours).apply(carried(params, state), x, True, mutable=["batch_stats"])

    programs = [
        str(jax.make_jaxpr(function, axis_env=[("i", 4)])(X)) for function in (theirs, mine)
    ]
    assert programs[0] == programs[1] and "axis_index_groups" in programs[0]


def test_quantizer_initialised_for_evaluation():
    """Haiku then creates the averages in the first training step."""

    def build(lib):
        return lib.nets.VectorQuantizerEMA(4, 6, 0.25, 0.9)

    x = rnd(2, 3, 4)
    init, apply = transformed(build)
    _, state = init(KEY, x, False)
    variables = carried({}, state)
    assert jax.tree.structure(build(ours).init(KEY, x, False)) == jax.tree.structure(variables)
    expected, state = apply({}, state, x, True)
    mine, updated = build(ours).apply(variables, x, True, mutable=["batch_stats", "state"])
    assert_equal(mine, expected)
    assert_equal(updated, carried({}, state))


@pytest.mark.parametrize("block", ["BlockV1", "BlockV2"])
@pytest.mark.parametrize("bottleneck, stride, project", [(True, 2, True), (False, 1, False)])
def test_blocks_of_residual_networks(block, bottleneck, stride, project):
    def build(lib):
        config = {"decay_rate": 0.5} if block == "BlockV2" else {}
        return getattr(lib.nets.ResNet, block)(4, stride, project, config, bottleneck)

    mode = dict(is_training=True, test_local_stats=False)
    check(build, rnd(2, 4, 4, 4), grads=False, weighted=True, **mode)
