import flax
import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import pytest
from framework_programs import KEY, ConstantLinear, HkConstantLinear, X, assert_close, assert_same

from hk2flax.linen.scope import method_scope
from hk2flax.linen.transform import transform, transform_with_state
from hk2flax.linen.variables import get_parameter, get_state, set_state

ones, zeros = nn.initializers.ones, nn.initializers.zeros


def test_the_same_name_is_the_same_parameter_everywhere():
    class HkProgram(hk.Module):
        def __init__(self, name):
            super().__init__(name)
            self.w = hk.get_parameter("w", [3], init=jnp.ones)

        def again(self):
            return hk.get_parameter("w", [3], init=jnp.zeros)

        def __call__(self, x):
            for _ in range(2):
                x = jnp.tanh(x * hk.get_parameter("w", [3]) + self.again()) * self.w
            return x

    class Program(nn.Module):
        def setup(self):
            self.w = get_parameter("w", [3], init=ones)

        def again(self):
            return get_parameter("w", [3], init=zeros)

        def __call__(self, x):
            for _ in range(2):
                x = jnp.tanh(x * get_parameter("w", [3]) + self.again()) * self.w
            return x

    assert_same(lambda x: HkProgram("net")(x), lambda x: Program(name="net")(x), X)


def test_plain_functions_create_parameters_where_they_are_called():
    def before(x):
        scale = lambda y: y * hk.get_parameter("s", [3], None, jnp.ones)  # noqa: E731
        return scale(scale(x)) + HkConstantLinear(name="c")(x)

    def after(x):
        scale = lambda y: y * get_parameter("s", [3], None, ones)  # noqa: E731
        return scale(scale(x)) + ConstantLinear(name="c")(x)

    assert_same(before, after, X, rename=lambda path: path.removeprefix("~/"))


def test_initialisers_do_not_run_at_apply():
    def init(key, shape, dtype):
        calls.append(shape)
        return jnp.ones(shape, dtype)

    calls = []
    pair = transform(lambda: get_parameter("w", [2], jnp.bfloat16, init))
    params = pair.init(KEY)
    assert params["w"].dtype == jnp.bfloat16
    pair.apply(params, None)
    assert calls == [(2,)]
    assert pair.apply({"w": jnp.ones(2)}, None).dtype == jnp.float32


def test_parameters_that_cannot_be_had():
    pair = transform(lambda: get_parameter("w", [2], init=ones))
    with pytest.raises(ValueError, match=r"'w' has shape \(3,\), not \(2,\)"):
        pair.apply({"w": jnp.ones(3)}, None)
    with pytest.raises(flax.errors.ScopeCollectionNotFound):
        pair.apply({}, None)
    with pytest.raises(flax.errors.ScopeParamNotFoundError):
        pair.apply({"v": jnp.ones(3)}, None)
    with pytest.raises(ValueError, match="no `init`"):
        transform(lambda: get_parameter("w", [2])).init(KEY)
    with pytest.raises(ValueError, match="'w' is a submodule"):
        transform(lambda x: (ConstantLinear(name="w")(x), get_parameter("w", []))).init(KEY, X)
    with pytest.raises(ValueError, match="Duplicate use of scope name"):
        transform(lambda: (ConstantLinear(name="w"), get_parameter("w", [], init=ones))).init(KEY)


class HkCounter(hk.Module):
    def count(self):
        n = hk.get_state("n", [], init=jnp.zeros)
        hk.set_state("n", n + 1.0)
        return n

    def __call__(self, x):
        return x * (1 + self.count()) + hk.get_state("n")


class Counter(nn.Module):
    @method_scope
    def count(self):
        n = get_state("n", [], init=zeros)
        set_state("n", n + 1.0)
        return n

    def __call__(self, x):
        return x * (1 + self.count()) + get_state("n")


def test_init_returns_the_initial_state():
    def before(x):
        counter = HkCounter(name="counter")
        return counter(HkConstantLinear(name="c")(counter(x)))

    def after(x):
        counter = Counter(name="counter")
        return counter(ConstantLinear(name="c")(counter(x)))

    assert_same(before, after, X, steps=3)


def test_initial_values_see_updates_made_during_init():
    def before(x):
        hk.set_state("a", x.sum())
        hk.set_state("a", hk.get_state("a") * 2)
        b = hk.get_state("b", [], init=lambda shape, dtype: hk.get_state("a") * 10)
        return x * b

    def after(x):
        set_state("a", x.sum())
        set_state("a", get_state("a") * 2)
        b = get_state("b", [], init=lambda key, shape, dtype: get_state("a") * 10)
        return x * b

    assert_same(before, after, X, rename=lambda path: path.removeprefix("~/"))


def test_a_bare_init_skips_updates():
    variables = Counter().init(KEY, X)
    assert_close(variables, {"state": {"n": 0.0}})
    _, updated = Counter().apply(variables, X, mutable="state")
    assert_close(updated, {"state": {"n": 1.0}})


def test_a_dict_replaces_the_dict_that_was_there():
    def program(get, set_, new):
        set_("c", {"a": 1.0, "b": {"x": 2.0}})
        old = get("c")
        if new:
            set_("c", {"b": {"y": 3.0}})
        old["b"]["z"] = 9.0
        return get("c")

    before = hk.transform_with_state(lambda new: program(hk.get_state, hk.set_state, new))
    after = transform_with_state(lambda new: program(get_state, set_state, new))
    for new in (False, True):
        expected, haiku_state = before.apply({}, before.init(None, new)[1], None, new)
        actual, state = after.apply({}, after.init(None, new)[1], None, new)
        if new:
            assert actual == expected == {"b": {"y": 3.0}}
            assert state["state"] == haiku_state["~"]
    # The dict that Haiku returns is its own: changing it changes the state. Ours is a copy.
    assert after.apply({}, {}, None, False)[0] == {"a": 1.0, "b": {"x": 2.0}}


def test_state_that_cannot_be_had():
    def message(program):
        with pytest.raises(ValueError) as error:
            transform_with_state(program).init(KEY)
        return str(error.value)

    assert "no `init`" in message(lambda: get_state("c"))
    assert "`shape` and `dtype`" in message(lambda: get_state("c", init=zeros))
    with pytest.raises(flax.errors.ScopeCollectionNotFound):
        Counter().apply({}, X)


def test_state_that_is_missing_is_made_at_apply():
    out, state = transform_with_state(lambda: Counter(name="c")(1.0)).apply({}, {}, None)
    assert (float(out), float(state["state"]["c"]["n"])) == (2.0, 1.0)


def test_random_initial_state_draws_a_key():
    pair = transform_with_state(lambda: get_state("c", [2], init=nn.initializers.normal()))
    assert jnp.std(pair.init(KEY)[1]["state"]["c"]) > 0
    assert jax.tree.map(jnp.shape, pair.apply({}, {}, KEY)[1]) == {"state": {"c": (2,)}}
