"""Make both frameworks draw the same random keys, and see which keys they draw by themselves.

Haiku splits one chain per call; linen folds module paths and counters into named streams. Here
the n-th draw is made the same key on both sides ("sequence": straight-line code), or every draw
is ("constant": exact through scan, vmap and layer_stack, which draw another number of times).
`next_rng_keys(n)` counts as one draw that is split, which is what the helper does.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import jax

from .exchange import Mode
from .records import Side


class Draws:
    """Counts draws, and gives out the keys of "sequence" and "constant"."""

    def __init__(self, mode: Mode) -> None:
        """Start at the first draw."""
        self.mode = mode
        self.count = 0
        self.paused = False
        self.seen: list[bytes] = []
        self._key = jax.random.PRNGKey(20)

    def next(self) -> Any:
        """The next key: concrete, so that it may be used under any trace."""
        index = 0 if self.mode == "constant" else self.count
        self.count += 1
        with jax.ensure_compile_time_eval():
            return jax.random.fold_in(self._key, index)

    def watch(self, key: Any) -> Any:
        """Note a natural key each time the program really uses it, in every iteration."""
        self.count += 1
        data = key
        if jax.dtypes.issubdtype(key.dtype, jax.dtypes.prng_key):
            data = jax.random.key_data(key)
        jax.debug.callback(lambda value: self.seen.append(bytes(value)), data)
        return key


@contextlib.contextmanager
def drawing(side: Side, mode: Mode) -> Iterator[Draws]:
    """Replace (or, with "natural", watch) every draw inside the block; restored afterwards."""
    draws = Draws(mode)
    with _haiku(draws) if side == "source" else _flax(draws):
        yield draws


@contextlib.contextmanager
def _haiku(draws: Draws) -> Iterator[None]:
    """Patch the sequence that a transform draws from, and no other PRNGSequence.

    A sequence of the user's own, and one given to hk.with_rng, has an explicit key: the rewritten
    program computes the same numbers from it. So does, from then on, one whose state the program
    saves or restores: in both programs it goes on from a key that is the next draw.
    """
    from haiku._src import base

    cls = base.PRNGSequence
    construct, following, take = cls.__init__, cls.__next__, cls.take
    state: Any = cls.internal_state
    replace = cls.replace_internal_state
    explicit: list[Any] = []

    def __init__(self: Any, key_or_seed: Any) -> None:
        construct(self, key_or_seed)
        if _called_by("with_rng"):
            explicit.append(self)

    def detach(sequence: Any) -> None:
        if draws.mode != "natural" and ours(sequence):
            replace(sequence, (draws.next(), ()))
            explicit.append(sequence)

    def internal_state(self: Any) -> Any:
        if _called_by("maybe_get_rng_sequence_state"):
            detach(self)
        return state.fget(self)

    def replace_internal_state(self: Any, new: Any) -> None:
        if _called_by("replace_rng_sequence_state"):
            detach(self)
        replace(self, new)

    def ours(sequence: Any) -> bool:
        if not base.frame_stack or any(sequence is each for each in explicit):
            return False
        return any(sequence is each for each in base.current_frame().rng_stack)

    def __next__(self: Any) -> Any:
        if not ours(self):
            return following(self)
        return draws.watch(following(self)) if draws.mode == "natural" else draws.next()

    def take_keys(self: Any, num: int) -> Any:
        if draws.mode == "natural" or not ours(self):
            return take(self, num)
        return take(cls(draws.next()), num)

    replaced = {"__init__": __init__, "__next__": __next__, "next": __next__, "take": take_keys}
    replaced |= {"replace_internal_state": replace_internal_state}
    with _patched(cls, {**replaced, "internal_state": property(internal_state)}):
        yield


def _called_by(name: str) -> bool:
    """Whether the caller's caller is a function of this name."""
    return sys._getframe(2).f_code.co_name == name


@contextlib.contextmanager
def _flax(draws: Draws) -> Iterator[None]:
    """Patch Scope.make_rng; while initialising only initialisers that use their key draw one.

    linen draws a key for every parameter, Haiku only when the initialiser asks (semantics.md 0.7).
    """
    from flax.core.scope import Scope

    make, create = Scope.make_rng, Scope.param

    def make_rng(self: Any, name: str = "params") -> Any:
        if draws.paused:
            draws.paused = False
            return jax.random.PRNGKey(0)
        return draws.watch(make(self, name)) if draws.mode == "natural" else draws.next()

    def param(self: Any, name: str, init_fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if draws.mode == "natural" or self.has_variable("params", name):
            return create(self, name, init_fn, *args, **kwargs)

        def drawn(_: Any, *init_args: Any, **init_kwargs: Any) -> Any:
            count = draws.count
            used = _uses_key(init_fn, init_args, init_kwargs)
            draws.count = count
            key = draws.next() if used else jax.random.PRNGKey(0)
            return init_fn(key, *init_args, **init_kwargs)

        draws.paused = self.is_mutable_collection("params")
        return create(self, name, drawn, *args, **kwargs)

    with _patched(Scope, {"make_rng": make_rng, "param": param}):
        yield


def _uses_key(init_fn: Callable[..., Any], args: Any, kwargs: Any) -> bool:
    """Whether the computation of an initial value reads its key."""
    closed = jax.make_jaxpr(lambda key: init_fn(key, *args, **kwargs))(jax.random.PRNGKey(0))
    key = closed.jaxpr.invars[0]
    read = [v for equation in closed.jaxpr.eqns for v in equation.invars]
    return any(key is v for v in (*read, *closed.jaxpr.outvars))


@contextlib.contextmanager
def _patched(cls: type, replaced: dict[str, Any]) -> Iterator[None]:
    saved = {name: cls.__dict__[name] for name in replaced}
    for name, value in replaced.items():
        setattr(cls, name, value)
    try:
        yield
    finally:
        for name, value in saved.items():
            setattr(cls, name, value)
