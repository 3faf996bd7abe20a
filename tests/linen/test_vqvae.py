import jax
import jax.numpy as jnp
import pytest
from haiku_reference import KEY, assert_equal, carried, check, ours, rnd, transformed

X = rnd(2, 3, 4)


def test_quantizer():
    check(lambda lib: lib.nets.VectorQuantizer(4, 6, 0.25), X, is_training=True)

    def build(lib):
        return lib.nets.VectorQuantizer(4, 6, 0.25, jnp.bfloat16)

    check(build, X.astype(jnp.bfloat16), is_training=False)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_ema_steps(dtype):
    def build(lib):
        return lib.nets.VectorQuantizerEMA(4, 6, 0.25, 0.9, dtype=dtype)

    init, apply = transformed(build)
    x = X.astype(dtype)
    _, state = init(KEY, x, True)
    variables = carried({}, state)
    start = build(ours).init(KEY, x, True)
    assert jax.tree.structure(start) == jax.tree.structure(variables)
    assert_equal(start["batch_stats"], variables["batch_stats"])
    for step, training in enumerate([True, True, False, True]):
        args = (x + step, training)
        expected, state = apply({}, state, *args)
        mine, updated = build(ours).apply(variables, *args, mutable=["batch_stats", "state"])
        variables = {**variables, **updated}
        assert_equal(mine, expected)
        assert_equal(variables, carried({}, state))


def test_ema_initialised_for_evaluation():
    """Haiku then creates the averages in the first training step."""

    def build(lib):
        return lib.nets.VectorQuantizerEMA(4, 6, 0.25, 0.9)

    init, apply = transformed(build)
    _, state = init(KEY, X, False)
    variables = carried({}, state)
    assert jax.tree.structure(build(ours).init(KEY, X, False)) == jax.tree.structure(variables)
    expected, state = apply({}, state, X, True)
    mine, updated = build(ours).apply(variables, X, True, mutable=["batch_stats", "state"])
    assert_equal(mine, expected)
    assert_equal(updated, carried({}, state))


@pytest.mark.parametrize("name, extra", [("VectorQuantizer", ()), ("VectorQuantizerEMA", (0.9,))])
def test_cross_replica_axis(name, extra):
    def build(lib):
        return getattr(lib.nets, name)(4, 6, 0.25, *extra, cross_replica_axis="i")

    init, apply = transformed(build)
    params, state = jax.vmap(lambda x: init(KEY, x, True), axis_name="i")(X)
    params, state = jax.tree.map(lambda leaf: leaf[0], (params, state))
    theirs = jax.vmap(lambda x: apply(params, state, x, True), axis_name="i")(X)

    def run(x):
        variables = carried(params, state)
        return build(ours).apply(variables, x, True, mutable=["batch_stats", "state"])

    mine = jax.vmap(run, axis_name="i")(X)
    assert_equal(mine[0], theirs[0])
    assert_equal(mine[1], carried({}, theirs[1]))


def test_embeddings_can_be_read():
    quantizer = ours.VectorQuantizerEMA(4, 6, 0.25, 0.9)
    variables = quantizer.init(KEY, X, True)
    read = quantizer.apply(variables, method=lambda q: (q.embeddings, q.quantize(jnp.array([1]))))
    assert_equal(read[0][:, 1], read[1][0])
    with pytest.raises(ValueError, match="decay"):
        ours.VectorQuantizerEMA(4, 6, 0.25, 1.5).init(KEY, X, True)
