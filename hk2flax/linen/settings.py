"""Haiku's settings, ``hk.config`` and its kin.

They steer Haiku's own machinery. The one that means something here is the size of the blocks in
which a `PRNGSequence` splits keys, as the keys depend on it; the others are only remembered, for
programs that read them back. Unlike Haiku's they are the same in all threads.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from .rng import PRNGSequence

SETTINGS: dict[str, Any] = {
    "check_jax_usage": False,
    "module_auto_repr": True,
    "profiler_name_scopes": False,
    "restore_flatmap": False,
    "rng_reserve_size": PRNGSequence.block,
}
"""The settings by name, at first with Haiku's defaults."""


def change_settings(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Change settings and return what they were."""
    previous = {name: SETTINGS[name] for name in changes}
    SETTINGS.update(changes)
    PRNGSequence.block = SETTINGS["rng_reserve_size"]
    return previous


def given_settings(**options: Any) -> dict[str, Any]:
    """Return the options that are not None."""
    return {name: value for name, value in options.items() if value is not None}


class config:
    """The functions of ``hk.config``, called in the same way."""

    @staticmethod
    def set(
        *,
        check_jax_usage: bool | None = None,
        module_auto_repr: bool | None = None,
        restore_flatmap: bool | None = None,
        rng_reserve_size: int | None = None,
    ) -> None:
        """Change settings; None leaves one as it is."""
        options = given_settings(
            check_jax_usage=check_jax_usage,
            module_auto_repr=module_auto_repr,
            restore_flatmap=restore_flatmap,
            rng_reserve_size=rng_reserve_size,
        )
        change_settings(options)

    @staticmethod
    @contextlib.contextmanager
    def context(
        *,
        check_jax_usage: bool | None = None,
        module_auto_repr: bool | None = None,
        restore_flatmap: bool | None = None,
        rng_reserve_size: int | None = None,
    ) -> Iterator[None]:
        """Change settings in a ``with`` block; None leaves one as it is."""
        options = given_settings(
            check_jax_usage=check_jax_usage,
            module_auto_repr=module_auto_repr,
            restore_flatmap=restore_flatmap,
            rng_reserve_size=rng_reserve_size,
        )
        previous = change_settings(options)
        try:
            yield
        finally:
            change_settings(previous)


def check_jax_usage(enabled: bool = True) -> bool:
    """Return the previous setting; there is no such check, but see ``jax.checking_leaks``."""
    return change_settings({"check_jax_usage": enabled})["check_jax_usage"]


def module_auto_repr(enabled: bool) -> bool:
    """Return the previous setting; linen modules always have a repr."""
    return change_settings({"module_auto_repr": enabled})["module_auto_repr"]


def profiler_name_scopes(enabled: bool = True) -> bool:
    """Return the previous setting; linen always names its modules in profiles."""
    return change_settings({"profiler_name_scopes": enabled})["profiler_name_scopes"]


def rng_reserve_size(size: int) -> int:
    """Set how many keys a `PRNGSequence` splits at once, and return what it was before.

    Raises:
        ValueError: the size is not positive.
    """
    if size <= 0:
        raise ValueError(f"The size of a block of keys has to be positive, got {size}.")
    return change_settings({"rng_reserve_size": size})["rng_reserve_size"]
