import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from framework_programs import KEY, Linear, X, leaves_by_path
from same_keys import sequence_keys

from hk2flax.linen.rng import (
    MissingRNGError,
    PRNGSequence,
    maybe_next_rng_key,
    next_rng_key,
    next_rng_keys,
    reserve_rng_keys,
    with_rng,
)
from hk2flax.linen.transform import transform


@pytest.mark.parametrize("seed", [42, np.int32(7), KEY, jax.random.key(3)])
def test_prng_sequence_yields_haikus_keys(seed):
    def draw(sequence):
        keys = [next(sequence), *sequence.take(3), sequence.next()]
        sequence.reserve(2)
        keys += [next(sequence), *sequence.take(3)]
        sequence.reserve(4)
        sequence.reserve_up_to_full()
        copy = type(sequence)(sequence.internal_state)
        return [*keys, *copy.take(3), next(sequence)]

    ours, theirs = draw(PRNGSequence(seed)), draw(hk.PRNGSequence(seed))
    assert [str(key) for key in ours] == [str(key) for key in theirs]


def test_what_is_no_key():
    for seed in (1.5, None, jnp.ones(2), "seed"):
        with pytest.raises(ValueError, match="Expected a random key or a seed"):
            PRNGSequence(seed)


def test_draws_are_haikus_under_the_same_keys():
    def before(x):
        x = hk.Linear(3, name="a", w_init=hk.initializers.RandomNormal())(x)
        x = x + jax.random.normal(hk.next_rng_key(), x.shape)
        return hk.Linear(3, name="b", w_init=hk.initializers.RandomNormal())(x)

    def after(x):
        x = Linear(name="a")(x)
        x = x + jax.random.normal(next_rng_key(), x.shape)
        return Linear(name="b")(x)

    old, new = hk.transform(before), transform(after)
    haiku_params = old.init(KEY, X)
    with sequence_keys(KEY):
        params = new.init(KEY, X)
    jax.tree.map(
        np.testing.assert_array_equal, leaves_by_path(params), leaves_by_path(haiku_params)
    )
    with sequence_keys(KEY):
        out = new.apply(params, KEY, X)
    np.testing.assert_allclose(out, old.apply(haiku_params, KEY, X), rtol=1e-6)


def test_several_keys_come_from_one():
    with sequence_keys(KEY):
        keys = transform(lambda: next_rng_keys(3)).apply({}, KEY)
    base = next(hk.PRNGSequence(KEY))
    np.testing.assert_array_equal(keys, jax.random.split(base, 4)[1:])


def test_with_rng_is_a_sequence_of_its_own():
    key = jax.random.PRNGKey(9)

    def before():
        with hk.with_rng(key):
            hk.reserve_rng_keys(2)
            return [hk.next_rng_key(), hk.next_rng_keys(2), hk.maybe_next_rng_key()]

    class Draw(nn.Module):
        def __call__(self):
            return self.make_rng("dropout")

    def after():
        outside, module = next_rng_key(), Draw(name="draw")
        with with_rng(key):
            reserve_rng_keys(2)
            inside = [next_rng_key(), next_rng_keys(2), maybe_next_rng_key()]
            drawn = module()
        return outside, inside, drawn, next_rng_key(), module()

    pair = transform(after)
    expected = hk.transform(before).apply({}, KEY)
    first, inside, drawn, *rest = pair.apply({}, KEY)
    jax.tree.map(np.testing.assert_array_equal, inside, expected)
    # What a module draws inside depends on the key of the block, what is drawn outside does not.
    other = pair.apply({}, jax.random.PRNGKey(1))
    np.testing.assert_array_equal(drawn, other[2])
    assert len({str(k) for k in (first, drawn, *rest, *other[3:], other[0])}) == 7
    np.testing.assert_array_equal(transform(lambda: with_key(key)).apply({}, None), expected[0])


def with_key(key):
    with with_rng(key):
        return next_rng_key()


def test_without_a_key():
    for function in (next_rng_key, lambda: next_rng_keys(2)):
        for run in (
            lambda f: transform(f).apply({}, None),
            lambda f: transform(f).init(None),
        ):
            with pytest.raises(MissingRNGError, match="no key"):
                run(function)
    maybe = transform(lambda: jnp.asarray(maybe_next_rng_key() is not None))
    assert maybe.apply({}, KEY) and not maybe.apply({}, None)
    with pytest.raises(ValueError, match="`next_rng_key` must be used inside"):
        next_rng_key()


def test_a_bare_init_draws_from_params():
    class Program(nn.Module):
        def __call__(self):
            return next_rng_key(), maybe_next_rng_key()

    a, b = Program().init_with_output(KEY)[0]
    assert not np.array_equal(a, b)
    with pytest.raises(MissingRNGError):
        Program().apply({})


def test_constants_need_no_key_and_draws_are_the_same_under_jit():
    class Noise(nn.Module):
        def __call__(self, x):
            return x + jax.random.normal(next_rng_key(), x.shape)

    pair = transform(lambda x: Noise(name="n")(Noise(name="m")(x)))
    np.testing.assert_allclose(
        jax.jit(pair.apply)({}, KEY, X), pair.apply({}, KEY, X), rtol=1e-6, atol=1e-6
    )
    assert pair.init(KEY, X) == {}
