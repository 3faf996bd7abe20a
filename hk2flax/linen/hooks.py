"""Hooks on parameters and state: ``hk.custom_creator``, ``custom_getter``, ``custom_setter``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from .hook_stacks import HOOKS
from .known_modules import set_up_modules
from .scope import running_module
from .watched_variables import watch_variables


def custom_creator(
    creator: Callable[..., Any], *, params: bool = True, state: bool = False
) -> contextlib.ExitStack:
    """Let a function create variables in a ``with`` block: ``hk.custom_creator``.

    A creator is ``creator(next_creator, shape, dtype, init, context)`` and returns the value,
    mostly that of ``next_creator(shape, dtype, init)``, or `DO_NOT_STORE`. It runs where a variable
    does not exist yet. The ``init`` that it is given can be called as ``init(shape, dtype)``, and
    with a key in front; what it passes on has to be one of Flax, ``init(key, shape, dtype)``.

    Args:
        creator: the function; one that was entered before runs before.
        params: whether it creates parameters.
        state: whether it creates state.
    """
    running_module("custom_creator")
    return entered((HOOKS.param_creators, creator, params), (HOOKS.state_creators, creator, state))


def custom_getter(
    getter: Callable[..., Any], *, params: bool = True, state: bool = False
) -> contextlib.ExitStack:
    """Let a function change variables that are read in a ``with`` block: ``hk.custom_getter``.

    A getter is ``getter(next_getter, value, context)`` and returns the value to use, mostly that of
    ``next_getter(value)``. It runs while initialising, too.

    Args:
        getter: the function; one that was entered before runs before.
        params: whether it runs for parameters.
        state: whether it runs for state.
    """
    running_module("custom_getter")
    return entered((HOOKS.param_getters, getter, params), (HOOKS.state_getters, getter, state))


@contextlib.contextmanager
def custom_setter(setter: Callable[..., Any]) -> Iterator[None]:
    """Let a function change state that is set in a ``with`` block: ``hk.custom_setter``.

    Args:
        setter: ``setter(next_setter, value, context)``; returns the value to store, or
            `DO_NOT_STORE`. One that was entered before runs before.
    """
    running_module("custom_setter")
    with entered((HOOKS.state_setters, setter, True)):
        yield


def entered(*hooks: tuple[list[Any], Any, bool]) -> contextlib.ExitStack:
    """Put hooks on their stacks until the context that is returned is left.

    As Haiku's creators and getters they are in force at once, not only in a ``with`` statement.
    """
    watch_variables()
    set_up_modules()
    context = contextlib.ExitStack()
    for stack, hook, wanted in hooks:
        if wanted:
            stack.append(hook)
            context.callback(stack.pop)

    def set_up_new_modules(error: Any, *_: Any) -> None:
        if error is None:
            set_up_modules()

    context.push(set_up_new_modules)
    return context
