import functools
import inspect

import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from framework_programs import KEY, ConstantLinear, Linear, X, assert_close, assert_same, shapes

from hk2flax.linen.transform import (
    MultiTransformed,
    NonEmptyStateError,
    Transformed,
    TransformedWithState,
    multi_transform,
    multi_transform_with_state,
    transform,
    transform_with_state,
    with_empty_state,
    without_apply_rng,
    without_state,
)
from hk2flax.linen.variables import get_state, set_state

zeros = nn.initializers.zeros


def net(x):
    return Linear(name="b")(jnp.tanh(Linear(name="a")(x)))


def counter():
    n = get_state("n", [], init=zeros)
    set_state("n", n + 1)
    return n


class Net(nn.Module):
    """A root of its own, with a second method."""

    @nn.compact
    def __call__(self, x, scale=1.0):
        return Linear(name="a")(x) * scale

    @nn.compact
    def half(self, x):
        return Linear(name="a")(x) / 2


def test_functions_have_their_modules_at_the_top():
    def before(x):
        return hk.Linear(3, name="b")(jnp.tanh(hk.Linear(3, name="a")(x)))

    assert_same(before, net, X)


@pytest.mark.parametrize(
    ("f", "factor"),
    [
        (Net(), 1.0),
        (Net().half, 0.5),
        (functools.partial(Net(), scale=3.0), 3.0),
        (functools.partial(functools.partial(Net(), scale=3.0), scale=2.0), 2.0),
        (functools.partial(lambda s, x: Linear(name="a")(x) * s, 4.0), 4.0),
        (lambda x: Linear(name="a")(x), 1.0),
    ],
)
def test_what_can_be_transformed(f, factor):
    pair = transform(f)
    params = pair.init(KEY, X)
    assert shapes(params) == {"a/w": (3, 3), "a/b": (3,)}
    expected = (X @ params["a"]["w"] + params["a"]["b"]) * factor
    assert_close(pair.apply(params, None, X), expected)
    assert_close(jax.jit(pair.apply)(params, None, X), expected)


def test_state_is_a_dict_of_the_other_collections():
    def program(x):
        return nn.BatchNorm(use_running_average=False, name="bn")(x) + counter()

    pair = transform_with_state(program)
    params, state = jax.jit(pair.init)(KEY, X)
    assert set(params) == {"bn"}
    assert set(state) == {"batch_stats", "state"}
    for step in range(3):
        out, state = jax.jit(pair.apply)(params, state, None, X)
        assert_close(out.mean(), step)
    assert state["state"]["n"] == 3


def test_without_parameters_and_state_there_are_empty_dicts():
    pair = transform_with_state(lambda x: x + 1)
    assert pair.init(None, 1) == ({}, {})
    assert pair.apply({}, {}, None, 1) == (2, {})
    assert pair.apply(None, None, None, 1) == (2, {})


def test_untouched_state_is_returned():
    pair = transform_with_state(lambda use: counter() if use else 0)
    state = pair.init(None, True)[1]
    assert pair.apply({}, state, None, False)[1] == state


def test_intermediates_are_no_state():
    class Sow(nn.Module):
        def __call__(self, x):
            self.sow("intermediates", "x", x)
            return x

    pair = transform_with_state(Sow())
    assert pair.init(KEY, X) == ({}, {})
    assert pair.apply({}, {}, None, X)[1] == {}


def test_keywords_reach_the_function():
    def program(*args, **kwargs):
        return args, kwargs

    names = ("mutable", "method", "rngs", "capture_intermediates", "variables", "name", "parent")
    kwargs = dict.fromkeys(names, 3)
    for f in (program, functools.partial(program)):
        assert transform(f).apply({}, None, 1, **kwargs) == ((1,), kwargs)
        transform(f).init(KEY, 1, state=1, params=2, **kwargs)
    with pytest.raises(TypeError, match="by position"):
        transform(program).apply({}, None, state=1)
    with pytest.raises(TypeError):
        transform(program).apply({}, None, params=1)
    assert transform(program).apply(params={}, rng=None, x=1) == ((), {"x": 1})


def test_arguments_need_not_be_arrays():
    pair = transform(lambda mode, x=None: mode)
    assert pair.apply({}, None, "train", x=None) == "train"
    assert pair.apply({}, None, print) is print


@pytest.mark.parametrize("rng", [42, np.int32(42), jax.random.PRNGKey(42)])
def test_seeds_are_keys(rng):
    assert_close(transform(net).init(rng, X), transform(net).init(jax.random.PRNGKey(42), X))


def test_what_must_fail():
    with pytest.raises(ValueError, match="apply_rng"):
        transform(net, apply_rng=False)
    with pytest.raises(ValueError, match="Transform the function first"):
        transform(jax.jit(net))
    with pytest.raises(ValueError, match="`rng` of `init`"):
        transform(net).init(X, X)
    with pytest.raises(ValueError, match="`rng` of `apply`"):
        transform(net).apply({}, X, X)
    with pytest.raises(TypeError, match="`params` has to be a mapping"):
        transform(net).apply(KEY, X)
    with pytest.raises(TypeError, match="`state` has to be a mapping"):
        transform_with_state(net).apply({}, KEY, X)
    with pytest.raises(NonEmptyStateError):
        transform(counter).init(KEY)
    with pytest.raises(NonEmptyStateError):
        transform(counter).apply({}, None)


def test_wrappers():
    pair = without_apply_rng(transform(net))
    params = pair.init(KEY, X)
    assert isinstance(pair, Transformed)
    assert_close(pair.apply(params, X), pair.apply(params=params, x=X))

    stateful = transform_with_state(lambda x: counter() + x)
    state = stateful.init(None, 1)[1]
    assert without_apply_rng(stateful).apply({}, state, 1)[0] == 1
    assert without_apply_rng(stateful).apply({}, state=state, x=1)[0] == 1

    both = with_empty_state(transform(net))
    assert isinstance(both, TransformedWithState)
    assert both.init(KEY, X)[1] == {}
    assert both.apply(params, {"any": 1}, None, X)[1] == {}
    assert_close(without_state(both).init(KEY, X), params)


def test_jax_transformations_of_init_and_apply():
    pair = transform(net)
    keys = jax.random.split(KEY, 4)
    params = jax.vmap(pair.init, in_axes=(0, None))(keys, X)
    assert params["a"]["w"].shape == (4, 3, 3)
    assert jax.vmap(pair.apply, in_axes=(0, None, None))(params, None, X).shape == (4, 2, 3)
    assert jax.pmap(pair.init, in_axes=(0, None))(keys[:1], X)["a"]["w"].shape == (1, 3, 3)
    assert jax.eval_shape(pair.init, KEY, X)["a"]["w"].shape == (3, 3)
    grads = jax.grad(lambda p: pair.apply(p, None, X).sum())(pair.init(KEY, X))
    assert shapes(grads) == shapes(pair.init(KEY, X))
    assert hash(pair) == hash(pair) and len({pair, transform(net)}) == 2


def test_transformed_functions_work_inside_of_modules():
    inner = transform(net)

    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            params = inner.init(KEY, x)
            x = inner.apply(params, None, x)
            module = transform(Net(parent=None))
            x = module.apply(module.init(KEY, x), None, x)
            return ConstantLinear()(x)

    with jax.checking_leaks():
        variables = jax.jit(Outer().init)(KEY, X)
    assert shapes(variables["params"]) == {"ConstantLinear_0/w": ()}


def multi(make, constant):
    encode, decode = make("encode"), make("decode")

    def template(x):
        return decode(encode(x))

    return template, {"both": [template], "encode": encode, "decode": decode, "none": None}


def test_multi_transform_shares_modules():
    old = hk.multi_transform(lambda: multi(lambda name: hk.Linear(3, name=name), None))
    new = multi_transform(lambda: multi(lambda name: Linear(name=name), None))
    assert isinstance(new, MultiTransformed)
    params = old.init(KEY, X)
    assert shapes(new.init(KEY, X)) == shapes(params)
    assert jax.tree.structure(new.apply) == jax.tree.structure(old.apply)
    for expected, actual in zip(
        jax.tree.leaves(old.apply), jax.tree.leaves(new.apply), strict=True
    ):
        assert_close(jax.jit(actual)(params, None, X), expected(params, None, X))
    apply = without_apply_rng(new).apply
    assert_close(apply["encode"](params, X), new.apply["encode"](params, KEY, X))


def test_multi_transform_with_state():
    def program():
        layer = Linear(name="l")
        return (lambda x: layer(x) + counter()), (layer, counter)

    init, (layer, count) = multi_transform_with_state(program)
    params, state = init(KEY, X)
    assert layer(params, state, None, X)[1] == state
    n, state = count(params, state, None)
    assert (n, count(params, state, None)[0]) == (0, 1)
    with pytest.raises(NonEmptyStateError):
        multi_transform(program).init(KEY, X)


def test_a_function_runs_once_per_init_and_apply():
    calls = []
    pair = transform(lambda x: (calls.append(1), net(x))[1])
    pair.apply(pair.init(KEY, X), None, X)
    assert len(calls) == 2


def moded(x, is_training=False):
    return x if is_training else -x


@pytest.mark.parametrize("stateful", [False, True])
@pytest.mark.parametrize("with_rng", [False, True])
def test_static_argnames_find_arguments_that_are_given_by_position(stateful, with_rng):
    ours = transform_with_state(moded) if stateful else transform(moded)
    theirs = hk.transform_with_state(moded) if stateful else hk.transform(moded)
    if not with_rng:
        ours, theirs = without_apply_rng(ours), hk.without_apply_rng(theirs)
    arguments = [{}, *([{}] if stateful else []), *([KEY] if with_rng else []), X, True]
    found = [jax.jit(f.apply, static_argnames="is_training")(*arguments) for f in (ours, theirs)]
    jax.tree.map(np.testing.assert_array_equal, *found)
    for name in ("init", "apply"):
        ours_names, theirs_names = (
            list(inspect.signature(getattr(f, name)).parameters) for f in (ours, theirs)
        )
        assert ours_names == theirs_names


def test_the_signature_of_a_module_and_of_a_name_that_is_used_twice():
    assert list(inspect.signature(transform(Net()).apply).parameters)[:2] == ["params", "rng"]
    doubled = transform(lambda rng, x: x)
    theirs = hk.transform(lambda rng, x: x)
    assert list(inspect.signature(doubled.apply).parameters) == list(
        inspect.signature(theirs.apply).parameters
    )
    np.testing.assert_array_equal(doubled.apply({}, None, KEY, X), X)
    assert next(iter(inspect.signature(with_empty_state(doubled).init).parameters)) == "rng"
