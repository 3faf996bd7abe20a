"""Settings against Haiku's: what is returned, what is refused, and what they do to random keys."""

import haiku as hk
import jax
import numpy as np
import pytest

from hk2flax.linen import settings
from hk2flax.linen.rng import PRNGSequence

OURS = {
    name: getattr(settings, name) for name in ("check_jax_usage", "config", "module_auto_repr")
} | {"rng_reserve_size": settings.rng_reserve_size, "PRNGSequence": PRNGSequence}
HAIKU = {
    "check_jax_usage": hk.experimental.check_jax_usage,
    "config": hk.config,
    "module_auto_repr": hk.experimental.module_auto_repr,
    "rng_reserve_size": hk.experimental.rng_reserve_size,
    "PRNGSequence": hk.PRNGSequence,
}


def reads(check_jax_usage, module_auto_repr, rng_reserve_size, **_):
    """All settings that can be read back."""
    found = []
    for change, value in ((check_jax_usage, True), (module_auto_repr, 0), (rng_reserve_size, 4)):
        found.append(change(value))
        found += [change(found[-1]), change(found[-1])]
    return found


def changes(config, check_jax_usage, **names):
    yield reads(check_jax_usage, **names)
    yield check_jax_usage()
    yield config.set(module_auto_repr=False, check_jax_usage=None, restore_flatmap=True)
    yield reads(check_jax_usage, **names)
    with config.context(module_auto_repr=True, rng_reserve_size=3) as entered:
        yield entered
        yield reads(check_jax_usage, **names)
        with config.context(check_jax_usage=False):
            config.set(rng_reserve_size=5)
            yield reads(check_jax_usage, **names)
        yield reads(check_jax_usage, **names)
    yield reads(check_jax_usage, **names)
    config.set(check_jax_usage=False, module_auto_repr=True, restore_flatmap=False)
    yield reads(check_jax_usage, **names)


def test_what_is_set_can_be_read_back():
    assert list(changes(**OURS)) == list(changes(**HAIKU))


def drawn(config, rng_reserve_size, PRNGSequence, **_):
    keys = []
    for size in (1, 3, 2):
        with config.context(rng_reserve_size=size):
            sequence = PRNGSequence(7)
            keys += [next(sequence), *sequence.take(2), next(sequence), next(sequence)]
            sequence.reserve_up_to_full()
            keys += sequence.internal_state[1]
            before = rng_reserve_size(4)
            keys += [next(sequence) for _ in range(6)]
            sequence.reserve(9)
            sequence.reserve_up_to_full()
            keys += [*sequence.internal_state[1], sequence.internal_state[0]]
            assert rng_reserve_size(before) == 4
    return keys


def test_keys_depend_on_the_size_of_blocks():
    ours, theirs = drawn(**OURS), drawn(**HAIKU)
    assert len(ours) == len(theirs)
    jax.tree.map(np.testing.assert_array_equal, ours, theirs)


@pytest.mark.parametrize("names", [OURS, HAIKU], ids=["ours", "haiku"])
def test_what_is_refused(names):
    for size in (0, -1):
        with pytest.raises(ValueError, match="size"):
            names["rng_reserve_size"](size)
    for function in (names["config"].set, names["config"].context):
        with pytest.raises(TypeError, match="unexpected keyword"):
            function(check_usage=True)
        with pytest.raises(TypeError, match="positional"):
            function(True)


@pytest.mark.parametrize("names", [OURS, HAIKU], ids=["ours", "haiku"])
def test_a_block_of_settings_ends_with_an_error(names):
    before = reads(**names)
    with pytest.raises(KeyError), names["config"].context(check_jax_usage=True):
        raise KeyError
    assert reads(**names) == before


def test_a_setting_of_old_versions():
    # Haiku 0.0.9, the last version to have it, began with False.
    assert [settings.profiler_name_scopes() for _ in range(2)] == [False, True]
    assert settings.profiler_name_scopes(False) is True
