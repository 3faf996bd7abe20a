import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from haiku_reference import COMPILERS, KEY, assert_equal, ours

CASES = {
    "constant": (lambda lib: lib.Constant(2.5), [(3, 4), ()]),
    "constant array": (lambda lib: lib.Constant(np.arange(4)), [(3, 4)]),
    "normal": (lambda lib: lib.RandomNormal(), [(3, 4), (5,)]),
    "normal with mean": (lambda lib: lib.RandomNormal(0.3, 1.7), [(3, 4)]),
    "truncated": (lambda lib: lib.TruncatedNormal(), [(3, 4)]),
    "truncated with mean": (lambda lib: lib.TruncatedNormal(0.3, 1.7, -1.0, 3.0), [(3, 4)]),
    "uniform": (lambda lib: lib.RandomUniform(), [(3, 4)]),
    "uniform between": (lambda lib: lib.RandomUniform(-0.3, 2.0), [(3, 4)]),
    "variance, low ranks": (lambda lib: lib.VarianceScaling(), [(), (5,)]),
    "variance of axes": (lambda lib: lib.VarianceScaling(fan_in_axes=(0, 2)), [(2, 3, 4), (2, 3)]),
    "uniform scaling": (lambda lib: lib.UniformScaling(1.3), [(3, 4), (2, 3, 4)]),
    "orthogonal": (lambda lib: lib.Orthogonal(), [(3, 3), (3, 5), (5, 3), (2, 3, 4)]),
    "orthogonal first": (lambda lib: lib.Orthogonal(2.0, 0), [(3, 3), (3, 5), (4, 2, 3)]),
    "identity": (lambda lib: lib.Identity(0.5), [(3, 3), (2, 3, 4)]),
}
LAWS = ("truncated_normal", "normal", "uniform")


def same_values(builds, shapes, dtype):
    """Every initialiser on every shape, in one compiled program a side."""
    quick = COMPILERS["quick"]

    @quick
    def theirs(key):
        return [
            hk.transform(build(hk.initializers)).apply({}, key, shape, dtype)
            for build in builds
            for shape in shapes
        ]

    @quick
    def mine(key):
        key = jax.random.split(key)[1]  # what next_rng_key() takes from a key first
        return [build(ours)(key, shape, dtype) for build in builds for shape in shapes]

    assert_equal(mine(KEY), theirs(KEY))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_same_key_same_values(name, dtype):
    if dtype == jnp.bfloat16 and "orthogonal" in name:
        pytest.skip("there is no QR decomposition of bfloat16")
    build, shapes = CASES[name]
    same_values([build], shapes, dtype)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_variance_scaling(law, dtype):
    modes = [
        lambda lib, m=mode: lib.VarianceScaling(1.7, m, law)
        for mode in ("fan_in", "fan_out", "fan_avg")
    ]
    same_values(modes, [(6, 4), (3, 2, 4, 5)], dtype)


def test_complex():
    same_values([lambda lib: lib.TruncatedNormal(0.3, 1.0 + 2.0j)], [(3, 4)], jnp.complex64)


@pytest.mark.parametrize("layer", [lambda lib: lib.Linear(6), lambda lib: lib.Conv2D(6, 3)])
def test_default_weights(layer):
    """With the key Haiku gives the weights, the default draws Haiku's weights."""
    x = jnp.ones((2, 4, 4, 5))
    params = hk.transform(lambda: layer(hk)(x)).init(KEY)
    w = next(iter(params.values()))["w"]
    key = jax.random.split(KEY)[1]
    assert_equal(ours.default_weight_init(w.shape)(key, w.shape), w)


@pytest.mark.parametrize(
    "arguments", [dict(scale=-1.0), dict(mode="fan"), dict(distribution="cauchy")]
)
def test_variance_scaling_refuses(arguments):
    with pytest.raises(ValueError, match="VarianceScaling"):
        ours.VarianceScaling(**arguments)


def test_matrices_only():
    for init in (ours.Orthogonal(), ours.Identity()):
        with pytest.raises(ValueError, match="two dimensions"):
            init(KEY, (3,))
