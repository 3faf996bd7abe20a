import jax.numpy as jnp
import numpy as np
import pytest
from haiku_reference import KEY, check, ours, rnd

MASK = np.arange(2 * 1 * 3 * 3).reshape(2, 1, 3, 3) % 4 > 0
X = rnd(2, 3, 6)


def attention(lib, **options):
    return lib.MultiHeadAttention(2, 4, w_init=lib.initializers.VarianceScaling(), **options)


@pytest.mark.parametrize(
    "options", [{}, dict(with_bias=False), dict(value_size=3), dict(model_size=5, value_size=3)]
)
def test_self_attention(options):
    check(lambda lib: attention(lib, **options), X, X, X)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16, jnp.float16])
def test_mask(dtype):
    x = X.astype(dtype)
    check(attention, x, x, x, MASK)


def test_masks_of_all_kinds():
    check(attention, X, X, X, MASK.astype(np.int32), compiler="full")
    check(attention, X, X, X, np.zeros_like(MASK), grads=False)


def test_fully_masked_rows_in_float16_are_nan_as_in_haiku():
    x = X.astype(jnp.float16)
    check(attention, x, x, x, np.zeros_like(MASK), grads=False)


def test_cross_attention_and_ranks():
    check(attention, rnd(2, 4, 5), rnd(2, 3, 6), rnd(2, 3, 7), grads=False)
    check(attention, rnd(4, 5), rnd(3, 6), rnd(3, 6), grads=False)
    check(attention, rnd(2, 1, 4, 5), rnd(1, 2, 3, 6), rnd(1, 2, 3, 6), grads=False)


def test_scale_instead_of_initialiser():
    check(lambda lib: lib.MultiHeadAttention(2, 4, 0.5), X, X, X, grads=False)


def test_refuses_what_haiku_refuses():
    with pytest.raises(ValueError, match="w_init"):
        ours.MultiHeadAttention(2, 4)
    with pytest.raises(ValueError, match="w_init"):
        ours.MultiHeadAttention(2, 4, 1.0, w_init=ours.Constant(1.0))
    with pytest.raises(ValueError, match="rank"):
        attention(ours).init(KEY, X, X, X, MASK[0])


@pytest.mark.parametrize("compiler", ["eager", "full"])
def test_compilers(compiler):
    check(attention, X, X, X, MASK, compiler=compiler)
