"""State as it was before a run, beside state as it is."""

import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import pytest
from framework_programs import KEY, X, assert_close, leaves_by_path

from hk2flax.linen.introspection import get_current_state, get_initial_state
from hk2flax.linen.jax_transforms import remat
from hk2flax.linen.scope import method_scope
from hk2flax.linen.transform import transform_with_state
from hk2flax.linen.variables import get_state, set_state


class HkCount(hk.Module):
    def __call__(self, x):
        n = hk.get_state("n", [], init=jnp.zeros)
        hk.set_state("n", n + 1)
        return x + n


class Count(nn.Module):
    @method_scope
    def __call__(self, x):
        n = get_state("n", [], init=nn.initializers.zeros)
        set_state("n", n + 1)
        return x + n


def program(make, get, put, ones, initial, current, again):
    def net(x):
        seen = [initial(), current()]
        x = make("a")(x)
        put("m", get("m", [], init=ones) * 2)
        seen += [initial(), current()]
        x = again(make("b"))(x)
        put("m", get("m") * 2)
        return x, [*seen, initial(), current()]

    return net


def flat(tree):
    """Leaves by path, in names that both sides have."""
    return {path.removeprefix("state/"): leaf for path, leaf in leaves_by_path(tree).items()}


def test_before_and_after():
    before = program(
        lambda name: HkCount(name=name),
        hk.get_state,
        hk.set_state,
        jnp.ones,
        hk.get_initial_state,
        hk.get_current_state,
        hk.remat,
    )
    after = program(
        lambda name: Count(name=name),
        get_state,
        set_state,
        nn.initializers.ones,
        get_initial_state,
        get_current_state,
        remat,
    )
    theirs, ours = [], []
    old = hk.transform_with_state(lambda x: theirs.append(before(x)))
    new = transform_with_state(lambda x: ours.append(after(x)))
    haiku_state, state = old.init(KEY, X)[1], new.init(KEY, X)[1]
    for _ in range(3):
        haiku_state, state = (
            old.apply({}, haiku_state, None, X)[1],
            new.apply({}, state, None, X)[1],
        )
        assert_close(flat(state), flat(haiku_state))
    assert len(ours) == len(theirs) == 4
    for (x, mine), (y, other) in zip(ours, theirs, strict=True):
        assert_close(x, y)
        for a, b in zip(mine, other, strict=True):
            assert_close(flat(a), flat(b))


def test_under_jit_and_frozen():
    pair = transform_with_state(lambda x: (Count(name="a")(x), get_initial_state()))
    state = {"state": {"a": {"n": jnp.asarray(3.0)}}}
    with jax.checking_leaks():
        (_, seen), new = jax.jit(pair.apply)({}, state, None, X)
    assert_close((seen, new), (state, {"state": {"a": {"n": 4.0}}}))


def test_where_it_is_not_known():
    class Program(nn.Module):
        def __call__(self):
            return get_initial_state()

    assert Program().init_with_output(KEY)[0] == {}
    with pytest.raises(ValueError, match="needs the apply of"):
        Program().apply({})
