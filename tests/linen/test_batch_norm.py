import flax.errors
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from haiku_reference import KEY, assert_equal, carried, check, ours, randomize, rnd, transformed

X = rnd(4, 3, 2, 5, loc=0.7, scale=2.0)
TRAIN = dict(is_training=True)
EVAL = dict(is_training=False, init=[("is_training", True)])


LOCAL = dict(is_training=False, test_local_stats=True)


@pytest.mark.parametrize(
    "scale, offset, mode",
    [
        (True, True, TRAIN),
        (True, True, EVAL),
        (True, True, LOCAL),
        (True, False, TRAIN),
        (False, True, EVAL),
        (False, False, TRAIN),
    ],
)
def test_modes(scale, offset, mode):
    check(lambda lib: lib.BatchNorm(scale, offset, 0.9), X, steps=2, **mode)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
@pytest.mark.parametrize("mode", [TRAIN, EVAL])
def test_low_precision(dtype, mode):
    check(lambda lib: lib.BatchNorm(True, True, 0.9), X.astype(dtype), steps=3, **mode)


@pytest.mark.parametrize(
    "options",
    [
        dict(data_format="NCHW"),
        dict(axis=[0]),
        dict(axis=(0, 1)),
        dict(axis=[0, -2]),
        dict(eps=1e-3),
    ],
)
def test_options(options):
    check(lambda lib: lib.BatchNorm(True, True, 0.99, **options), X, steps=2, **TRAIN)


def test_many_steps_under_jit():
    check(lambda lib: lib.BatchNorm(True, True, 0.99), X, steps=5, compiler="full", **TRAIN)


def test_state_after_init_is_haikus():
    state = ours.BatchNorm(True, True, 0.9).init(KEY, X, True)["batch_stats"]["mean_ema"]
    assert int(state["counter"]) == 0 and not state["hidden"].any()
    np.testing.assert_allclose(state["average"], jnp.mean(X, (0, 1, 2), keepdims=True), rtol=1e-5)


def test_two_calls_in_init():
    """Haiku keeps the statistics of the first call of `init`."""

    def twice(norm):
        norm(X, True)
        return norm(X + 1.0, True)

    theirs = hk.transform_with_state(lambda: twice(hk.BatchNorm(True, True, 0.9))).init(KEY)
    mine = ours.BatchNorm(True, True, 0.9).init(KEY, method=twice)
    assert_equal(mine, carried(*theirs))


def test_external_scale_and_offset():
    affine = dict(scale=rnd(5, seed=1), offset=rnd(5, seed=2))
    check(lambda lib: lib.BatchNorm(False, False, 0.9), X, **TRAIN, **affine)


def test_bf16_inputs_with_f32_parameters_and_state():
    def build(lib):
        return lib.BatchNorm(True, True, 0.9)

    init, apply = transformed(build)
    params, state = init(KEY, X, True)
    params = randomize(params)
    for training in (True, False):
        args = (X.astype(jnp.bfloat16), training)
        theirs, new_state = apply(params, state, *args)
        mine, updated = build(ours).apply(carried(params, state), *args, mutable=["batch_stats"])
        assert_equal(mine, theirs)
        assert_equal(updated, carried({}, new_state))


def test_unclamped_variance_gives_nan_as_in_haiku():
    constant = jnp.full((8, 8, 3), 12345.6)
    check(lambda lib: lib.BatchNorm(True, True, 0.9), constant, grads=False, **TRAIN)


def test_cross_replica_axis():
    def build(lib):
        return lib.BatchNorm(True, True, 0.9, cross_replica_axis="i")

    init, apply = transformed(build)

    def first(tree):
        return jax.tree.map(lambda a: a[0], tree)

    params, state = first(jax.vmap(lambda x: init(KEY, x, True), axis_name="i")(X))
    theirs = jax.vmap(lambda x: apply(params, state, x, True), axis_name="i")(X)
    variables = carried(params, state)

    def run(x):
        return build(ours).apply(variables, x, True, mutable=["batch_stats"])

    mine = jax.vmap(run, axis_name="i")(X)
    assert_equal(mine[0], theirs[0])
    assert_equal(first(mine[1]), carried({}, first(theirs[1])))
    fresh = jax.vmap(lambda x: build(ours).init(KEY, x, True), axis_name="i")(X)
    assert_equal(first(fresh), variables)


def test_evaluation_writes_nothing():
    norm = ours.BatchNorm(True, True, 0.9)
    variables = norm.init(KEY, X, True)
    norm.apply(variables, X, False)  # needs no mutable collection
    with pytest.raises(flax.errors.ModifyScopeVariableError):
        norm.apply(variables, X, True)


def test_refuses_what_haiku_refuses():
    with pytest.raises(ValueError, match="no value yet"):
        ours.BatchNorm(True, True, 0.9).init(KEY, X, False)
    with pytest.raises(ValueError, match="scale_init"):
        ours.BatchNorm(False, True, 0.9, scale_init=jnp.ones)
    with pytest.raises(ValueError, match="`offset` cannot"):
        ours.BatchNorm(False, True, 0.9).init(KEY, X, True, offset=1.0)
    with pytest.raises(ValueError, match="cross_replica_axis"):
        ours.BatchNorm(True, True, 0.9, cross_replica_axis_index_groups=[[0]])


@pytest.mark.parametrize("compiler", ["eager", "full"])
def test_compilers(compiler):
    check(lambda lib: lib.BatchNorm(True, True, 0.9), X, compiler=compiler, **TRAIN)
