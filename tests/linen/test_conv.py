import haiku as hk
import jax.numpy as jnp
import numpy as np
import pytest
from haiku_reference import KEY, check, ours, rnd, transformed

IMAGE = (2, 5, 4, 3)
SHAPES = {1: (2, 6, 3), 2: IMAGE, 3: (2, 4, 3, 3, 2)}


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_ranks(n, dtype):
    x = rnd(*SHAPES[n], dtype=dtype)
    check(lambda lib: getattr(lib, f"Conv{n}D")(4, 2), x, grads=n == 2)


def test_conv_nd():
    check(lambda lib: lib.ConvND(2, 4, (3, 2)), rnd(*IMAGE), compiler="full")


@pytest.mark.parametrize(
    "options",
    [
        dict(stride=2),
        dict(stride=(1, 2), with_bias=False),
        dict(rate=2),
        dict(padding="valid"),
        dict(padding=(1, 2)),
        dict(padding=[(1, 2)]),
        dict(padding=((0, 1), (2, 0)), stride=2),
        dict(feature_group_count=3),
        dict(mask=np.arange(3 * 3 * 3 * 6).reshape(3, 3, 3, 6) % 3),
        dict(data_format="NCHW"),
        dict(data_format="channels_first", stride=(2, 1), padding="VALID"),
    ],
)
def test_options(options):
    shape = (2, 3, 5, 4) if "data_format" in options else IMAGE
    layout = options.keys() & {"mask", "data_format", "feature_group_count"}
    check(lambda lib: lib.Conv2D(6, 3, **options), rnd(*shape), grads=bool(layout))


@pytest.mark.parametrize("name", ["valid", "same", "full", "causal", "reverse_causal"])
def test_padding_functions(name):
    x = rnd(1, 6, 2)
    check(lambda lib: lib.Conv1D(2, 3, 2, 2, [getattr(lib.pad, name)]), x, grads=False)


def test_mixed_padding_functions():
    def padding(lib):
        return [lib.pad.causal, lib.pad.same]

    check(lambda lib: lib.Conv2D(2, 3, padding=padding(lib)), rnd(*IMAGE), grads=False)


def test_unbatched():
    check(lambda lib: lib.Conv2D(4, 3), rnd(*IMAGE[1:]), grads=False)
    check(lambda lib: lib.Conv2D(4, 3, data_format="NCHW"), rnd(3, 5, 4), grads=False)


def test_bf16_channels_first():
    x = rnd(2, 3, 5, 4, dtype=jnp.bfloat16)
    check(lambda lib: lib.Conv2D(4, 3, data_format="NCHW"), x, grads=False)


def test_initial_values_have_haikus_spread():
    init, _ = transformed(lambda lib: lib.Conv2D(64, 3))
    theirs = init(KEY, rnd(1, 4, 4, 32))[0]["conv2_d"]["w"]
    mine = ours.Conv2D(64, 3).init(KEY, rnd(1, 4, 4, 32))["params"]["w"]
    # Other keys, 18432 draws: the deviation of the sample deviation is half a percent.
    np.testing.assert_allclose(np.std(mine), np.std(theirs), rtol=0.02)


@pytest.mark.parametrize(
    "layer, shape",
    [
        (lambda lib: lib.Conv2D(4, 3), (2, 2, 5, 4, 3)),
        (lambda lib: lib.Conv2D(4, 3, feature_group_count=2), IMAGE),
        (lambda lib: lib.Conv2D(4, 3, mask=np.ones((3, 3))), IMAGE),
        (lambda lib: lib.Conv2D(4, (1, 2, 3)), IMAGE),
        (lambda lib: lib.Conv2D(4, 3, data_format="WHO"), IMAGE),
    ],
)
def test_refuses_what_haiku_refuses(layer, shape):
    for lib in (hk, ours):
        with pytest.raises((ValueError, TypeError)):
            if lib is hk:
                transformed(layer)[0](KEY, rnd(*shape))
            else:
                layer(lib).init(KEY, rnd(*shape))


@pytest.mark.parametrize("compiler", ["eager", "full"])
def test_compilers(compiler):
    check(lambda lib: lib.Conv2D(4, 3, 2), rnd(*IMAGE), compiler=compiler)
