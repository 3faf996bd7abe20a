"""What hooks on parameters and state are told, and the stacks on which they wait."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

from .hook_initializers import hook_init


class DoNotStore:
    """The type of `DO_NOT_STORE`."""

    @property
    def shape(self) -> Any:
        """Raise ValueError: there is no value."""
        raise ValueError("DO_NOT_STORE does not have a shape: a getter has to give the value.")

    @property
    def dtype(self) -> Any:
        """Raise ValueError: there is no value."""
        raise ValueError("DO_NOT_STORE does not have a dtype: a getter has to give the value.")


DO_NOT_STORE = DoNotStore()
"""A creator, setter or initialiser returns it to keep a value out of the tree of variables."""


class GetterContext(NamedTuple):
    """What custom getters and creators are told: ``hk.GetterContext``.

    Attributes:
        full_name: the path in the Flax tree, ``block/Linear_0/w``; ``~/w`` outside of modules.
        module: the module that owns the variable, None outside of modules.
        original_dtype: the dtype that the program asked for.
        original_shape: the shape that the program asked for.
        original_init: the initialiser that the program gave; it can be called with and without a
            key.
        lifted_prefix_name: None.
    """

    full_name: str
    module: Any
    original_dtype: Any
    original_shape: Any
    original_init: Any
    lifted_prefix_name: str | None = None

    @property
    def module_name(self) -> str:
        """The path of the module."""
        return self.full_name.rpartition("/")[0]

    @property
    def name(self) -> str:
        """The name of the variable in its module."""
        return self.full_name.rpartition("/")[2]


class SetterContext(NamedTuple):
    """What custom setters are told: ``hk.SetterContext``.

    Attributes:
        full_name: the path in the Flax tree.
        module: the module that owns the state, None outside of modules.
        original_dtype: the dtypes of the value, a tree.
        original_shape: the shapes of the value, a tree.
        lifted_prefix_name: None.
    """

    full_name: str
    module: Any
    original_dtype: Any
    original_shape: Any
    lifted_prefix_name: str | None = None

    @property
    def module_name(self) -> str:
        """The path of the module."""
        return self.full_name.rpartition("/")[0]

    @property
    def name(self) -> str:
        """The name of the state in its module."""
        return self.full_name.rpartition("/")[2]


class HookStacks(threading.local):
    """The hooks that a thread has entered, the outermost, which runs first, in front.

    Attributes:
        creating: scope and name of the parameter that is being created.
    """

    def __init__(self) -> None:
        """Start without hooks."""
        self.param_creators: list[Any] = []
        self.state_creators: list[Any] = []
        self.param_getters: list[Any] = []
        self.state_getters: list[Any] = []
        self.state_setters: list[Any] = []
        self.creating: Any = None


HOOKS = HookStacks()


def run_hooks(hooks: Sequence[Any], context: Any, value: Any) -> Any:
    """Pass a value through getters or setters, each of which calls the next one."""
    waiting = list(hooks)

    def following(value: Any) -> Any:
        return waiting.pop(0)(following, value, context) if waiting else value

    return following(value)


def run_creators(hooks: Sequence[Any], context: GetterContext) -> Any:
    """Pass a request through creators; the initialiser is behind the last one."""
    waiting = list(hooks)

    def following(shape: Any, dtype: Any, init: Any) -> Any:
        init = hook_init(init, context.original_init.keys)
        if waiting:
            return waiting.pop(0)(following, shape, dtype, init, context)
        return init(tuple(shape), dtype)

    return following(context.original_shape, context.original_dtype, context.original_init)
