import flax.linen as nn
import haiku as hk
import jax.numpy as jnp
import pytest
from framework_programs import KEY, ConstantLinear, HkConstantLinear, Linear, X, assert_same, shapes

from hk2flax.linen.branches import cond, switch
from hk2flax.linen.rng import next_rng_key
from hk2flax.linen.scope import running_module
from hk2flax.linen.transform import transform, transform_with_state
from hk2flax.linen.variables import get_state, set_state

zeros = nn.initializers.zeros


def initializing():
    return running_module("test").is_initializing()


@pytest.mark.parametrize("pred", [True, False])
def test_cond_of_two_modules(pred):
    def program(make, running_init, branch):
        def run(x, p):
            a, b = make(name="a"), make(name="b")
            if running_init():
                return a(x) + b(x)
            return branch(p, a, b, x)

        return run

    assert_same(
        program(lambda name: hk.Linear(3, name=name), hk.running_init, hk.cond),
        program(Linear, initializing, cond),
        X,
        jnp.array(pred),
    )


@pytest.mark.parametrize("pred", [True, False])
def test_branches_update_state(pred):
    def program(make, get, set_, init, branch):
        def run(x, p):
            layer = make(name="l")
            get("n", [], init=init)
            layer(x)

            def up(x):
                set_("n", get("n") + 1.0)
                return layer(x)

            def down(x):
                set_("n", get("n") - 1.0)
                return layer(layer(x)) * 2

            return branch(p, up, down, x)

        return run

    assert_same(
        program(HkConstantLinear, hk.get_state, hk.set_state, jnp.zeros, hk.cond),
        program(ConstantLinear, get_state, set_state, zeros, cond),
        X,
        jnp.array(pred),
        rename=lambda path: path.removeprefix("~/"),
    )


@pytest.mark.parametrize("index", [0, 2])
def test_switch_over_a_list_of_modules(index):
    def program(make, running_init, choose):
        def run(x, i):
            experts = [make(name=f"e{n}") for n in range(3)]
            if running_init():
                return sum(expert(x) for expert in experts)
            return choose(i, experts, x)

        return run

    assert_same(
        program(lambda name: hk.Linear(3, name=name), hk.running_init, hk.switch),
        program(Linear, initializing, switch),
        X,
        jnp.int32(index),
    )


def test_branches_that_create_the_same_parameters_share_them():
    def before(x, p):
        return hk.cond(
            p,
            lambda x: hk.Linear(3, name="l")(x),
            lambda x: hk.Linear(3, name="l")(x) * 2,
            x,
        )

    def after(x, p):
        return cond(p, lambda x: Linear(name="l")(x), lambda x: Linear(name="l")(x) * 2, x)

    assert_same(before, after, X, jnp.array(False))


@pytest.mark.parametrize(
    "call",
    [
        lambda c, x: c(True, x, lambda a: a + 1, x * 2, lambda b: b - 1),
        lambda c, x: c(False, x, lambda a: a + 1, x * 2, false_fun=lambda b: b - 1),
        lambda c, x: c(False, lambda a: a + 1, lambda b: b - 1, operand=x),
        lambda c, x: c(True, lambda a: x if a is None else 2 * x, lambda b: -x, operand=None),
        lambda c, x: c(False, lambda a, b: a + b, lambda a, b: a - b, x, x * 3),
        lambda c, x: c(x.sum() > 0, lambda: x, lambda: x * 2),
        lambda c, x: c(pred=True, true_fun=lambda: x, false_fun=lambda: x * 2),
    ],
)
def test_calling_conventions_of_cond(call):
    assert_same(lambda x: call(hk.cond, x), lambda x: call(cond, x), X, grads=False, steps=1)


def test_random_keys_differ_between_and_after_branches():
    def program(p):
        draw = lambda _: next_rng_key()  # noqa: E731
        return cond(p, draw, draw, None), next_rng_key()

    pair = transform(program)
    (a, b), (c, d) = pair.apply({}, KEY, True), pair.apply({}, KEY, False)
    assert len({str(key) for key in (a, b, c, d)}) == 3 and (b == d).all()


def test_what_branches_cannot_do():
    with pytest.raises(TypeError, match="`cond` have to create the same variables"):
        transform(
            lambda x: cond(True, lambda x: Linear(name="a")(x), lambda x: Linear(name="b")(x), x)
        ).init(KEY, X)
    with pytest.raises(TypeError, match="takes operands by position"):
        transform(lambda x: cond(True, lambda x: x, lambda x: x, x, operand=x)).apply({}, None, X)
    with pytest.raises(ValueError, match="`switch` must be used inside"):
        switch(0, [lambda: 0])
    pair = transform_with_state(
        lambda p: cond(p, lambda: set_state("n", 1.0), lambda: set_state("n", 2.0))
    )
    assert pair.init(None, True)[1] == {"state": {"n": 1.0}}
    assert shapes(pair.apply({}, pair.init(None, True)[1], None, False)[1]["state"]) == {"n": ()}
