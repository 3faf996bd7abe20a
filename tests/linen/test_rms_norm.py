import jax.numpy as jnp
import pytest
from haiku_reference import check, ours, rnd

X = rnd(3, 4, 2, 6, loc=0.7, scale=2.0)


@pytest.mark.parametrize(
    "axis, param_axis",
    [
        (-1, None),
        ((1, 2), (1, 2)),
        (slice(1, None), None),
        ([-1, -2], -1),
        (slice(-1, None), slice(2, None)),
    ],
)
def test_axes(axis, param_axis):
    check(lambda lib: lib.RMSNorm(axis, param_axis=param_axis), X)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_options(dtype):
    x = X.astype(dtype)
    check(lambda lib: lib.RMSNorm(-1, create_scale=False), x, compiler="full")
    check(lambda lib: lib.RMSNorm(-1, 1e-3, lib.initializers.Constant(3.0)), x, compiler="eager")


def test_refuses_what_haiku_refuses():
    with pytest.raises(ValueError, match="scale_init"):
        ours.RMSNorm(-1, scale_init=jnp.ones, create_scale=False)
