import haiku as hk
import jax
import jax.numpy as jnp
import pytest
from haiku_reference import KEY, assert_equal, ours, rnd


@pytest.mark.parametrize("rate", [0.0, 0.3])
@pytest.mark.parametrize("dims", [(), (0,), (-1, 1)])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_dropout(rate, dims, dtype):
    x = rnd(4, 3, 5, dtype=dtype)
    assert_equal(ours.dropout(KEY, rate, x, dims), hk.dropout(KEY, rate, x, dims))


def test_traced_rate():
    def run(lib):
        return jax.jit(lambda rate: lib.dropout(KEY, rate, rnd(4, 3)))(0.3)

    assert_equal(run(ours), run(hk))


def test_refuses_rates():
    for rate in (-0.1, 1.0):
        with pytest.raises(ValueError, match="rate"):
            ours.dropout(KEY, rate, rnd(3))


@pytest.mark.parametrize("samples", [1, 4])
def test_multinomial(samples):
    logits = rnd(2, 3, 5)
    assert_equal(ours.multinomial(KEY, logits, samples), hk.multinomial(KEY, logits, samples))


def test_one_hot():
    ids = jnp.array([[0, 2], [5, -1]])
    for dtype in (jnp.float32, jnp.bool_, jnp.bfloat16):
        assert_equal(ours.one_hot(ids, 4, dtype), hk.one_hot(ids, 4, dtype))
