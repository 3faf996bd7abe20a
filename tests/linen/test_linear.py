import jax.numpy as jnp
import pytest
from haiku_reference import check, ours, rnd

BF16 = jnp.bfloat16


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4), (2, 2, 3, 4)])
@pytest.mark.parametrize("dtype", [jnp.float32, BF16])
def test_linear(shape, dtype):
    check(lambda lib: lib.Linear(5), rnd(*shape, dtype=dtype))


def test_linear_options():
    check(lambda lib: lib.Linear(5, False), rnd(3, 4))
    check(lambda lib: lib.Linear(5, True, lib.initializers.Constant(2.0)), rnd(3, 4))
    check(lambda lib: lib.Linear(5), rnd(3, 4), compiler="full")
    check(lambda lib: lib.Linear(5), rnd(3, 4), compiler="eager")
    check(lambda lib: lib.Linear(5), rnd(3, 4), precision="highest")


def test_linear_refuses_scalars():
    with pytest.raises(ValueError, match="scalar"):
        ours.Linear(3).init({}, jnp.ones(()))


@pytest.mark.parametrize("dims", [None, [], [-1], [1], (1, 3), [2]])
def test_bias(dims):
    check(lambda lib: lib.Bias(bias_dims=dims), rnd(2, 3, 4, 5))


def test_bias_in_bf16():
    check(lambda lib: lib.Bias(bias_dims=[-1]), rnd(2, 3, 4, dtype=BF16))


def test_bias_multiplier():
    check(lambda lib: lib.Bias((3,)), rnd(2, 3), multiplier=-1)
    check(lambda lib: lib.Bias(), rnd(2, 3), rnd(2, 3, seed=1), compiler="full")


@pytest.mark.parametrize(
    "arguments, shape",
    [((None, [0]), (2, 3)), ((None, [5]), (2, 3)), (((4,),), (2, 3)), ((), (3,))],
)
def test_bias_refuses(arguments, shape):
    with pytest.raises(ValueError, match="Bias"):
        ours.Bias(*arguments).init({}, rnd(*shape))
