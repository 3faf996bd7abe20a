import jax.numpy as jnp
import pytest
from haiku_reference import assert_equal, check, ours, rnd

X = rnd(2, 5, 6, 3)
WINDOWS = [
    ((1, 3, 2, 1), (1, 2, 1, 1), -1),
    (3, 2, -1),
    (2, 2, 1),
    (2, 1, None),
    ((3, 2, 1), (2, 2, 1), -1),
    ((2, 2, 2, 3), (1, 2, 2, 1), -1),
]


@pytest.mark.parametrize("window, strides, channel_axis", WINDOWS)
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_windows(window, strides, channel_axis, padding):
    arguments = (window, strides, padding, channel_axis)
    for name in ("MaxPool", "AvgPool"):
        check(lambda lib, name=name: getattr(lib, name)(*arguments), X)


@pytest.mark.parametrize("name", ["MaxPool", "AvgPool"])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_bf16_stays_bf16(name, padding):
    x = X.astype(jnp.bfloat16)
    check(lambda lib: getattr(lib, name)((3, 2, 1), (2, 1, 1), padding), x)


@pytest.mark.parametrize("name", ["max_pool", "avg_pool"])
def test_gradients_and_refusals(name):
    import haiku as hk
    import jax

    def run(lib):
        return jax.grad(
            lambda x: jnp.sum(getattr(lib, name)(x, (1, 3, 3, 1), (1, 2, 2, 1), "SAME") ** 2)
        )(X)

    assert_equal(run(ours), run(hk))
    for arguments in [(2, 2, "same"), (2, 2, "SAME", 4), ((1,) * 5, 2, "SAME")]:
        with pytest.raises(ValueError):
            getattr(ours, name)(X, *arguments)
