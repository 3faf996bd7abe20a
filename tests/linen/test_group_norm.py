import jax.numpy as jnp
import pytest
from haiku_reference import KEY, check, ours, rnd

X = rnd(3, 4, 2, 6, loc=0.7, scale=2.0)


@pytest.mark.parametrize("axis", [slice(1, None), slice(2, None), 3, (1, 2), [1, -2], (1, 2, 3)])
def test_axes(axis):
    check(lambda lib: lib.GroupNorm(3, axis), X)


@pytest.mark.parametrize(
    "options", [{}, dict(create_scale=False), dict(create_offset=False), dict(eps=1e-3)]
)
def test_options(options):
    check(lambda lib: lib.GroupNorm(3, **options), X, compiler="full")


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
@pytest.mark.parametrize("shape, data_format", [((3, 6, 4, 2), "NCHW"), ((3, 6), "channels_last")])
def test_formats(dtype, shape, data_format):
    check(lambda lib: lib.GroupNorm(3, data_format=data_format), rnd(*shape, dtype=dtype))


def test_external_scale_and_offset():
    check(lambda lib: lib.GroupNorm(2, create_scale=False, create_offset=False), X, rnd(6), rnd(6))


def test_module_can_be_hashed_and_cloned():
    assert hash(ours.GroupNorm(3)) == hash(ours.GroupNorm(3).clone())


def test_refuses_what_haiku_refuses():
    with pytest.raises(ValueError, match="groups"):
        ours.GroupNorm(4).init(KEY, X)
    with pytest.raises(ValueError, match="`scale` cannot"):
        ours.GroupNorm(3).init(KEY, X, 1.0)


@pytest.mark.parametrize("compiler", ["eager", "full"])
def test_compilers(compiler):
    check(lambda lib: lib.GroupNorm(3), X, compiler=compiler)
