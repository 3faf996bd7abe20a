"""Random keys without naming a stream: ``hk.PRNGSequence``, ``hk.next_rng_key`` and their kin."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator, MutableMapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from .scope import running_module
from .streams import streams

NO_RNG = "no_rng"
"""Stream whose presence says that `transform` was given no key, and a dummy for constants."""

RNG_SEQUENCES: MutableMapping[Any, list[PRNGSequence]] = weakref.WeakKeyDictionary()
"""Sequences that are drawn from instead of the streams, by the root scope of an init or apply."""


class MissingRNGError(ValueError):
    """A key is drawn in a call that was given none."""


def prng_key(key_or_seed: Any) -> jax.Array:
    """Return a random key for a key or a seed (a Python int, or a scalar of type int32).

    Raises:
        ValueError: it is neither.
    """
    shape, dtype = jnp.shape(key_or_seed), getattr(key_or_seed, "dtype", None)
    if isinstance(key_or_seed, int) or (shape == () and dtype == jnp.int32):
        return jax.random.PRNGKey(key_or_seed)
    typed = dtype is not None and jnp.issubdtype(dtype, jax.dtypes.prng_key) and shape == ()
    raw = dtype == jnp.uint32 and len(shape) == 1
    if not typed and not raw:
        raise ValueError(f"Expected a random key or a seed, got {key_or_seed!r}.")
    return key_or_seed


class PRNGSequence(Iterator[jax.Array]):
    """Endless iterator of random keys: the same ones as ``hk.PRNGSequence`` for the same seed.

    Every refill splits ``n + 1`` keys: the first is kept for the next refill.

    Args:
        key_or_seed: a key, a seed, or the `internal_state` of another sequence.

    Attributes:
        block: how many keys a refill makes, for all sequences: Haiku's ``rng_reserve_size``.
    """

    block = 1

    def __init__(self, key_or_seed: Any) -> None:
        """Start the sequence."""
        if isinstance(key_or_seed, tuple):
            self.replace_internal_state(key_or_seed)
        else:
            self.replace_internal_state((prng_key(key_or_seed), ()))

    @property
    def internal_state(self) -> tuple[jax.Array, tuple[jax.Array, ...]]:
        """The key for the next refill and the keys that are waiting."""
        return self._key, tuple(self._waiting)

    def replace_internal_state(self, state: tuple[jax.Array, tuple[jax.Array, ...]]) -> None:
        """Continue where another sequence stands."""
        key, waiting = state
        self._key = prng_key(key)
        self._waiting = [prng_key(key) for key in waiting]

    def reserve(self, num: int) -> None:
        """Split ``num`` more keys for later use."""
        if num > 0:
            self._key, *new = jax.random.split(self._key, num + 1)
            self._waiting += new

    def reserve_up_to_full(self) -> None:
        """Have exactly one block of keys waiting."""
        self.reserve(self.block - len(self._waiting))
        del self._waiting[self.block :]

    def __next__(self) -> jax.Array:
        """Return the next key."""
        if not self._waiting:
            self.reserve(self.block)
        return self._waiting.pop(0)

    next = __next__

    def take(self, num: int) -> tuple[jax.Array, ...]:
        """Return the next ``num`` keys, splitting those that are missing at once."""
        self.reserve(num - len(self._waiting))
        return tuple(next(self) for _ in range(num))


def pushed_sequence(module: Any) -> PRNGSequence | None:
    """Return the innermost sequence that was pushed in this init or apply, see `with_rng`."""
    pushed = RNG_SEQUENCES.get(module.scope.root)
    return pushed[-1] if pushed else None


def has_rng_key(module: nn.Module) -> bool:
    """Say whether keys can be drawn; while initialising ``dropout`` falls back on ``params``."""
    if pushed_sequence(module) is not None:
        return True
    return not module.has_rng(NO_RNG) and (module.has_rng("dropout") or module.has_rng("params"))


def next_rng_key() -> jax.Array:
    """Return a new random key from the stream ``dropout``: ``hk.next_rng_key``.

    Raises:
        MissingRNGError: init or apply was given no key.
    """
    module = running_module("next_rng_key")
    sequence = pushed_sequence(module)
    if sequence is not None:
        return next(sequence)
    if not has_rng_key(module):
        raise MissingRNGError("Random keys are drawn, but init or apply was given no key.")
    return module.make_rng("dropout")


def maybe_next_rng_key() -> jax.Array | None:
    """Return a new random key, or None if init or apply was given none."""
    return next_rng_key() if has_rng_key(running_module("maybe_next_rng_key")) else None


def next_rng_keys(num: int) -> jax.Array:
    """Return ``num`` random keys in one array, as ``hk.next_rng_keys``.

    The relation to the drawn key is Haiku's, ``split(key, num + 1)[1:]``, not ``split(key, num)``.
    """
    sequence = pushed_sequence(running_module("next_rng_keys"))
    return jnp.stack((sequence or PRNGSequence(next_rng_key())).take(num))


def reserve_rng_keys(num: int) -> None:
    """Split keys ahead, inside of `with_rng`; the streams of linen have nothing to reserve."""
    sequence = pushed_sequence(running_module("reserve_rng_keys"))
    if sequence is not None:
        sequence.reserve(num)


@contextlib.contextmanager
def push_rng_sequence(*sequences: PRNGSequence) -> Iterator[None]:
    """Let the key helpers draw from a sequence, and forget those that the block pushes."""
    root = running_module("with_rng").scope.root
    outside = RNG_SEQUENCES.get(root, [])
    RNG_SEQUENCES[root] = [*outside, *sequences]
    try:
        yield
    finally:
        RNG_SEQUENCES[root] = outside


@contextlib.contextmanager
def with_rng(key: Any) -> Iterator[None]:
    """Draw from a sequence of its own in a ``with`` block: ``hk.with_rng``.

    `next_rng_key` and its kin return exactly Haiku's keys in the block. Modules that draw with
    ``make_rng`` get keys derived from ``key`` too.

    Args:
        key: a key or a seed.
    """
    sequence = PRNGSequence(key)
    module = running_module("with_rng")
    keys = dict.fromkeys(module.scope.rngs, sequence.internal_state[0])
    with push_rng_sequence(sequence), streams(keys, [module]):
        yield
