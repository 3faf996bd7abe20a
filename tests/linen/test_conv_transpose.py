import jax.numpy as jnp
import numpy as np
import pytest
from haiku_reference import KEY, check, ours, rnd

IMAGE = (2, 4, 3, 3)
SHAPES = {1: (2, 5, 3), 2: IMAGE, 3: (2, 3, 2, 2, 2)}


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_ranks(n, dtype):
    x = rnd(*SHAPES[n], dtype=dtype)
    check(lambda lib: getattr(lib, f"Conv{n}DTranspose")(3, 2, 2), x, grads=n == 2)


@pytest.mark.parametrize(
    "options",
    [
        dict(padding="VALID"),
        dict(stride=(1, 2), with_bias=False),
        dict(stride=2, output_shape=(8, 6)),
        dict(stride=2, output_shape=(7, 5)),
        dict(stride=2, output_shape=(9, 7), padding="VALID"),
        dict(padding=((1, 2), (2, 1))),
        dict(mask=np.arange(3 * 2 * 5 * 3).reshape(3, 2, 5, 3) % 2),
        dict(stride=2, data_format="NCHW"),
        dict(stride=2, data_format="NCHW", output_shape=(7, 5)),
    ],
)
def test_options(options):
    kernel = (3, 2) if "mask" in options else 3
    shape = (2, 3, 4, 3) if "data_format" in options else IMAGE
    check(lambda lib: lib.Conv2DTranspose(5, kernel, **options), rnd(*shape), grads=False)


def test_even_kernel_and_lower_case_padding():
    check(lambda lib: lib.Conv2DTranspose(5, 2, padding="same"), rnd(*IMAGE), grads=False)


def test_conv_nd_and_unbatched():
    check(lambda lib: lib.ConvNDTranspose(2, 5, (3, 2), 2), rnd(*IMAGE[1:]), compiler="full")
    check(lambda lib: lib.Conv1DTranspose(5, 3, data_format="NCW"), rnd(3, 5), grads=False)


def test_wrong_output_shape():
    with pytest.raises(ValueError, match="comes from an input"):
        ours.Conv2DTranspose(5, 3, 2, (20, 20)).init(KEY, rnd(*IMAGE))


def test_initialiser_sees_haikus_kernel_shape():
    check(
        lambda lib: lib.Conv2DTranspose(
            5, 3, w_init=lib.initializers.Constant(np.arange(5.0)[:, None])
        ),
        rnd(*IMAGE),
        grads=False,
    )


@pytest.mark.parametrize("compiler", ["eager", "full"])
def test_compilers(compiler):
    check(lambda lib: lib.Conv1DTranspose(4, 3, 2), rnd(2, 5, 3), compiler=compiler)
