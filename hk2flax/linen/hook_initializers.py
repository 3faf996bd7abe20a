"""Initialisers in the form that creators expect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .rng import next_rng_key, pushed_sequence
from .scope import running_module


class HookInit:
    """An initialiser that may be called as in Haiku, without a key, which it draws if it needs one.

    Args:
        init: ``init(key, shape, dtype)``.
        keys: to draw from first, if nothing was pushed by `with_rng`; shared by the initialisers
            of a parameter, and emptied.
    """

    def __init__(self, init: Callable[..., Any], keys: list[Any]) -> None:
        """Remember the arguments."""
        self.init = init
        self.keys = keys

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the initial value for ``(shape, dtype)`` or ``(key, shape, dtype)``."""
        if len(args) + len(kwargs) > 2:
            return self.init(*args, **kwargs)
        try:
            return self.init(None, *args, **kwargs)
        except Exception:  # whatever a random initialiser makes of the missing key
            return self.init(self.draw(), *args, **kwargs)

    def draw(self) -> Any:
        """Return a key that no other initialiser of the parameter is given."""
        if self.keys and pushed_sequence(running_module("custom_creator")) is None:
            return self.keys.pop()
        return next_rng_key()


def hook_init(init: Callable[..., Any], keys: list[Any]) -> HookInit:
    """Return the initialiser in this form, in which it may be already."""
    return init if isinstance(init, HookInit) else HookInit(init, keys)
