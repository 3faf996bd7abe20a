import jax.numpy as jnp
import pytest
from haiku_reference import KEY, check, ours, rnd

X = rnd(3, 4, 2, 5, loc=0.7, scale=2.0)


@pytest.mark.parametrize(
    "axis, param_axis",
    [
        (-1, None),
        ((1, 2, 3), None),
        (slice(1, None), None),
        (slice(-2, None), -1),
        ((1, 2), (1, 2)),
        (slice(1, None), slice(1, None)),
        (2, 1),
        ([-1, -3], [-1, 1]),
        (0, None),
    ],
)
def test_axes(axis, param_axis):
    check(lambda lib: lib.LayerNorm(axis, True, True, param_axis=param_axis), X)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
@pytest.mark.parametrize("fast", [True, False])
def test_variance(dtype, fast):
    x = (X + 30.0).astype(dtype)
    check(lambda lib: lib.LayerNorm(-1, True, True, use_fast_variance=fast), x)


@pytest.mark.parametrize("flags", [(True, False), (False, True), (False, False)])
def test_flags(flags):
    check(lambda lib: lib.LayerNorm(-1, *flags, 1e-3), X, compiler="full")


def test_external_scale_and_offset():
    check(lambda lib: lib.LayerNorm(-1, False, False), X, rnd(5), rnd(5, seed=1))


@pytest.mark.parametrize("data_format", ["channels_last", "NHWC", "NCHW"])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_instance_norm(data_format, dtype):
    x = X.astype(dtype)
    check(lambda lib: lib.InstanceNorm(True, True, data_format=data_format), x)


def test_instance_norm_positions():
    def ones(lib):
        return lib.initializers.Constant(2.0)

    check(lambda lib: lib.InstanceNorm(True, True, 1e-3, ones(lib), ones(lib), "NHWC"), X)


def test_module_can_be_hashed_and_cloned():
    norm = ours.LayerNorm(slice(1, None), True, True, param_axis=slice(1, None))
    assert hash(norm) == hash(norm.clone()) and norm == norm.clone()


def test_refuses_what_haiku_refuses():
    with pytest.raises(ValueError, match="scale_init"):
        ours.LayerNorm(-1, False, True, scale_init=jnp.ones)
    with pytest.raises(ValueError, match="`scale` cannot"):
        ours.LayerNorm(-1, True, True).init(KEY, X, 1.0)


@pytest.mark.parametrize("compiler", ["eager", "full"])
def test_compilers(compiler):
    check(lambda lib: lib.LayerNorm(-1, True, True), X, compiler=compiler)
