"""Saving and restoring the sequence of random keys, ``hk.maybe_get_rng_sequence_state``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

from .rng import RNG_SEQUENCES, MissingRNGError, PRNGSequence, has_rng_key, pushed_sequence
from .scope import running_module

SequenceState = tuple[jax.Array, tuple[jax.Array, ...]]


def run_sequence(symbol: str) -> PRNGSequence | None:
    """Return the sequence that the key helpers draw from, or None where there is no key.

    linen derives keys from the paths of modules and counts, which no array can hold. So the first
    time that somebody asks for the state, what follows in this init or apply draws from a sequence
    that starts with a key of the stream. A loop, a branch or a rematerialised function has a
    sequence of its own, which ends with it.
    """
    module = running_module(symbol)
    sequence = pushed_sequence(module)
    if sequence is None and has_rng_key(module):
        sequence = PRNGSequence(module.make_rng("dropout"))
        RNG_SEQUENCES[module.scope.root] = [sequence]
    return sequence


def maybe_get_rng_sequence_state() -> SequenceState | None:
    """Return what `replace_rng_sequence_state` takes to draw the same keys again.

    `next_rng_key` and its kin draw from the sequence; modules that call ``make_rng`` themselves,
    and initialisers, do not.
    """
    sequence = run_sequence("maybe_get_rng_sequence_state")
    return None if sequence is None else sequence.internal_state


def replace_rng_sequence_state(state: SequenceState) -> None:
    """Go on drawing keys where `maybe_get_rng_sequence_state` was called.

    Args:
        state: a key for the next refill, and the keys that are waiting.

    Raises:
        MissingRNGError: init or apply was given no key.
    """
    sequence = run_sequence("replace_rng_sequence_state")
    if sequence is None:
        raise MissingRNGError("There are no random keys to replace: init or apply was given none.")
    sequence.replace_internal_state(state)


def optimize_rng_use(fun: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function: linen has no keys to split ahead, ``hk.experimental.optimize_rng_use``.

    In Haiku the keys themselves depend on how they are split. Here they do so inside of `with_rng`
    only, where this function keeps to the order in which they are drawn.
    """
    return fun
