import jax.numpy as jnp
import pytest
from haiku_reference import check, rnd

SHAPES = {1: (2, 6, 3), 2: (2, 5, 4, 3), 3: (2, 4, 3, 3, 2)}


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_ranks(n, dtype):
    x = rnd(*SHAPES[n], dtype=dtype)
    check(lambda lib: getattr(lib, f"DepthwiseConv{n}D")(2, 2), x, grads=n == 2)


@pytest.mark.parametrize(
    "options",
    [
        dict(stride=2, padding="VALID"),
        dict(rate=(1, 2), with_bias=False),
        dict(padding=((1, 1), (0, 2))),
        dict(data_format="NCHW"),
    ],
)
def test_options(options):
    shape = (2, 3, 5, 4) if "data_format" in options else SHAPES[2]
    check(lambda lib: lib.DepthwiseConv2D(2, (3, 2), **options), rnd(*shape), grads=False)


def test_channels_first_without_bias():
    check(
        lambda lib: lib.DepthwiseConv1D(2, 3, with_bias=False, data_format="NCW"),
        rnd(2, 3, 6),
        grads=False,
    )
    check(
        lambda lib: lib.DepthwiseConv3D(1, 2, with_bias=False, data_format="NCDHW"),
        rnd(1, 2, 3, 3, 3),
        grads=False,
    )


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_separable(dtype):
    check(lambda lib: lib.SeparableDepthwiseConv2D(2, (3, 2), 2), rnd(2, 5, 4, 3, dtype=dtype))


def test_separable_channels_first():
    check(
        lambda lib: lib.SeparableDepthwiseConv2D(2, 3, data_format="NCHW"),
        rnd(2, 3, 5, 4),
        grads=False,
    )
