"""Asking about the init or apply that is being run, and small ways to make modules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn

from .live_variables import merge_nested, nested_copy
from .scope import ScopeFrame, new_name, running_module, variable_scope
from .variables import STATE, UPDATED_STATE


def running_init() -> bool:
    """Say whether variables are being created: ``hk.running_init``."""
    return running_module("running_init").is_initializing()


def current_name() -> str:
    """Return the path of the current module or name scope, ``~`` at the top.

    As ``hk.current_name``, in names of the Flax tree.
    """
    return "/".join(variable_scope("current_name").path) or "~"


def get_params() -> dict[str, Any]:
    """Return all parameters as a nested dict; those created so far while initialising."""
    return all_variables("get_params").get("params", {})


def get_current_state() -> dict[str, Any]:
    """Return all collections of state as they are now: ``hk.get_current_state``."""
    variables = all_variables("get_current_state")
    updated = variables.pop(UPDATED_STATE, {})
    variables.pop("params", None)
    if updated:
        variables[STATE] = merge_nested(variables.get(STATE, {}), updated)
    return variables


def get_initial_state() -> dict[str, Any]:
    """Return all collections of state as init will return them, or as apply was given them.

    As ``hk.get_initial_state``. State that apply creates has its present value.

    Raises:
        ValueError: at an apply that is not that of a `transform`: linen keeps no former values.
    """
    if running_init():
        variables = all_variables("get_initial_state")
        return {k: v for k, v in variables.items() if k not in ("params", UPDATED_STATE)}
    given = getattr(running_module("get_initial_state").scope.root, "initial_state", None)
    if given is None:
        raise ValueError("`get_initial_state` needs the apply of `transform_with_state`.")
    return merge_nested(get_current_state(), nested_copy(given))


def all_variables(symbol: str) -> dict[str, Any]:
    """Return a copy of all collections of this init or apply."""
    variables = nested_copy(running_module(symbol).scope.root.variables())
    variables.get(UPDATED_STATE, {}).pop("~", None)
    variables.pop("intermediates", None)
    return {name: tree for name, tree in variables.items() if tree}


def transparent(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return the method, which works in the frame of its caller anyway: ``hk.transparent``.

    It is marked, since no policy of its class applies to it, see `set_policy`.
    """
    method.is_transparent = True  # type: ignore[attr-defined]
    return method


def to_module(f: Callable[..., Any]) -> Callable[..., nn.Module]:
    """Return a factory of modules that run a function: ``hk.to_module``.

    A factory takes an optional name, by default that of the function.
    """

    def make(name: str | None = None) -> nn.Module:
        if name is None:
            name = new_name(running_module("to_module"), f.__name__)
        return ScopeFrame(f, name=name)

    return make


class Deferred:
    """Makes a module when it is first used: ``hk.Deferred``.

    It is made, and named, where the first use is, not where the Deferred was created.

    Args:
        factory: makes the module.
        call_methods: ignored; every attribute of the module can be used.
    """

    def __init__(
        self, factory: Callable[[], Any], call_methods: Sequence[str] = ("__call__",)
    ) -> None:
        """Remember the factory."""
        self._factory = factory
        self._target = None

    @property
    def target(self) -> Any:
        """The module."""
        if self._target is None:
            self._target = self._factory()
        return self._target

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the module."""
        return self.target(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the module, but do not make it for one of Python's own."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.target, name)
