"""Saving and restoring the sequence of keys: the same draws are equal as in Haiku."""

import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from framework_programs import KEY, Linear, X, assert_same

from hk2flax.linen.branches import cond
from hk2flax.linen.jax_transforms import jit, remat
from hk2flax.linen.loops import scan
from hk2flax.linen.rng import (
    RNG_SEQUENCES,
    MissingRNGError,
    PRNGSequence,
    maybe_next_rng_key,
    next_rng_key,
    next_rng_keys,
    reserve_rng_keys,
    with_rng,
)
from hk2flax.linen.rng_state import (
    maybe_get_rng_sequence_state,
    optimize_rng_use,
    replace_rng_sequence_state,
)
from hk2flax.linen.scope import method_scope
from hk2flax.linen.transform import transform


class Ours:
    maybe_get_rng_sequence_state = staticmethod(maybe_get_rng_sequence_state)
    replace_rng_sequence_state = staticmethod(replace_rng_sequence_state)
    next_rng_key = staticmethod(next_rng_key)
    next_rng_keys = staticmethod(next_rng_keys)
    maybe_next_rng_key = staticmethod(maybe_next_rng_key)
    reserve_rng_keys = staticmethod(reserve_rng_keys)
    with_rng = staticmethod(with_rng)
    scan = staticmethod(scan)
    remat = staticmethod(remat)
    cond = staticmethod(cond)
    transform = staticmethod(transform)
    PRNGSequence = PRNGSequence


def which_are_equal(keys):
    """For each key, the number of the first one that is equal to it."""
    texts = [str(np.asarray(key)) for key in keys]
    return [texts.index(text) for text in texts]


def straight(lib):
    first = lib.next_rng_key()
    state = lib.maybe_get_rng_sequence_state()
    keys = [lib.next_rng_key(), lib.next_rng_key(), *lib.next_rng_keys(2)]
    lib.replace_rng_sequence_state(state)
    keys += [lib.next_rng_key(), lib.maybe_next_rng_key(), *lib.next_rng_keys(2)]
    later = lib.maybe_get_rng_sequence_state()
    lib.reserve_rng_keys(3)
    keys += [lib.next_rng_key(), *lib.next_rng_keys(4)]
    for each in (later, state):
        lib.replace_rng_sequence_state(each)
        keys.append(lib.next_rng_key())
    return [first, *keys]


def from_elsewhere(lib):
    """A state that some other sequence, or no call of this one, was in."""
    lib.replace_rng_sequence_state(lib.PRNGSequence(3).internal_state)
    keys = [lib.next_rng_key(), lib.next_rng_key()]
    lib.replace_rng_sequence_state((jax.random.PRNGKey(3), ()))
    return [*keys, *lib.next_rng_keys(2), lib.next_rng_key()]


def in_a_block(lib):
    outside = lib.maybe_get_rng_sequence_state()
    before = lib.next_rng_key()
    with lib.with_rng(jax.random.PRNGKey(5)):
        inside = lib.maybe_get_rng_sequence_state()
        keys = [lib.next_rng_key()]
        lib.replace_rng_sequence_state(inside)
        keys.append(lib.next_rng_key())
        lib.replace_rng_sequence_state(outside)
        keys.append(lib.next_rng_key())
    return [before, *keys, lib.next_rng_key()]


def below_transformations(lib):
    state = lib.maybe_get_rng_sequence_state()

    def noise(x):
        inner = lib.maybe_get_rng_sequence_state()
        first = lib.next_rng_key()
        lib.replace_rng_sequence_state(inner)
        return [first, lib.next_rng_key()]

    def restored(x):
        lib.replace_rng_sequence_state(state)
        return [lib.next_rng_key()]

    def step(carry, _):
        return carry, tuple(noise(carry))

    keys = [lib.next_rng_key(), *lib.remat(noise)(jnp.ones(()))]
    firsts, seconds = lib.scan(step, 0, None, length=2)[1]
    keys += [*firsts, *seconds, *lib.cond(True, noise, noise, jnp.ones(()))]
    return [*keys, *lib.remat(restored)(jnp.ones(()))]


@pytest.mark.parametrize("program", [straight, from_elsewhere, in_a_block, below_transformations])
def test_the_same_draws_are_equal(program):
    expected = hk.transform(lambda: program(hk)).apply({}, KEY)
    pair = transform(lambda: program(Ours))
    with jax.checking_leaks():
        jax.eval_shape(pair.apply, {}, KEY)
        jax.eval_shape(pair.init, KEY)
    keys = pair.apply({}, KEY)
    assert which_are_equal(keys) == which_are_equal(expected)
    assert which_are_equal(jax.jit(pair.apply)({}, KEY)) == which_are_equal(expected)
    other = pair.apply({}, jax.random.PRNGKey(1))
    assert not np.array_equal(other[0], keys[0]) or program is from_elsewhere


def test_a_known_state_gives_haikus_keys():
    expected = hk.transform(lambda: from_elsewhere(hk)).apply({}, KEY)
    jax.tree.map(
        np.testing.assert_array_equal,
        transform(lambda: from_elsewhere(Ours)).apply({}, KEY),
        expected,
    )

    def state_of(lib):
        with lib.with_rng(9):
            lib.reserve_rng_keys(2)
            lib.next_rng_key()
            return lib.maybe_get_rng_sequence_state()

    jax.tree.map(
        np.testing.assert_array_equal,
        transform(lambda: state_of(Ours)).apply({}, None),
        hk.transform(lambda: state_of(hk)).apply({}, None),
    )


@pytest.mark.parametrize(("lib", "error"), [(hk, ValueError), (Ours, MissingRNGError)])
def test_without_a_key(lib, error):
    assert lib.transform(lib.maybe_get_rng_sequence_state).apply({}, None) is None
    state = (jax.random.PRNGKey(3), ())
    with pytest.raises(error):
        lib.transform(lambda: lib.replace_rng_sequence_state(state)).apply({}, None)
    with pytest.raises((ValueError, TypeError)):
        lib.transform(lambda: lib.replace_rng_sequence_state(None)).apply({}, KEY)


def test_in_methods_and_between_runs():
    class Saved(nn.Module):
        @method_scope
        def save(self):
            return maybe_get_rng_sequence_state()

        @nn.compact
        def __call__(self):
            state = self.save()
            first = next_rng_key()
            replace_rng_sequence_state(state)
            return first, next_rng_key()

    first, second = Saved().apply({}, rngs={"dropout": KEY})
    np.testing.assert_array_equal(first, second)
    # Another run begins with its own stream.
    drawn = transform(next_rng_key)
    before = drawn.apply({}, KEY)
    transform(maybe_get_rng_sequence_state).apply({}, KEY)
    np.testing.assert_array_equal(drawn.apply({}, KEY), before)


def test_nothing_is_kept_after_a_run():
    import gc

    pair = transform(maybe_get_rng_sequence_state)
    for _ in range(3):
        pair.apply({}, KEY)
    gc.collect()
    assert not RNG_SEQUENCES


def test_optimised_use_of_keys_changes_nothing_else():
    def program(lib, make, optimise):
        def net(x):
            return make(name="a")(x) + jax.random.bernoulli(lib.next_rng_key(), 1.0, x.shape)

        return optimise(net)

    assert_same(
        program(hk, lambda name: hk.Linear(3, name=name), hk.experimental.optimize_rng_use),
        program(Ours, Linear, optimize_rng_use),
        X,
    )


def test_jit_of_a_part():
    def program(make, run):
        def net(x, times):
            layer = make(name="l")

            def repeated(x, times, scale=1.0):
                for _ in range(times):
                    x = layer(x) * scale
                return x

            return run(repeated)(x, times, scale=2.0) + layer(x)

        return lambda x: net(x, 2)

    assert_same(
        program(lambda name: hk.Linear(3, name=name), lambda f: f),
        program(Linear, lambda f: jit(f, static_argnums=1)),
        X,
    )
