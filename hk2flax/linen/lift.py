"""Parameters of a transformed function inside of another one: ``hk.lift`` and its kin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .live_variables import nested_copy
from .scope import new_name, running_module
from .transform import NonEmptyStateError


class LiftWithStateUpdater:
    """Stores the state of a lifted function after it was applied.

    Args:
        scope: where the lifted variables are.
    """

    def __init__(self, scope: Any) -> None:
        """Remember the place."""
        self._scope = scope

    def update(self, state: Mapping[str, Any]) -> None:
        """Store state as returned by ``apply``; while initialising the first one is kept."""
        if not self._scope.has_flag("initializing"):
            put_trees(self._scope, state)

    def ignore_update(self) -> None:
        """Say that the state does not change."""


def lift(
    init_fn: Callable[..., Any], *, allow_reuse: bool = False, name: str = "lifted"
) -> Callable[..., Any]:
    """Return a function that creates or finds parameters of an inner function: ``hk.lift``.

    Args:
        init_fn: ``init`` of the inner `transform`, possibly below ``jax.vmap``.
        allow_reuse: whether the parameters may exist already while initialising.
        name: the level below the current module at which they are kept; numbered if taken.

    Raises:
        NonEmptyStateError: by the function, if there is state.
        ValueError: by the function, if parameters exist already.
    """
    module = running_module("lift")
    return lifted_params(module.scope.push(new_name(module, name)), init_fn, allow_reuse)


def transparent_lift(
    init_fn: Callable[..., Any], *, allow_reuse: bool = False
) -> Callable[..., Any]:
    """Do as `lift`, but keep the parameters in the current module itself."""
    return lifted_params(running_module("transparent_lift").scope, init_fn, allow_reuse)


def lift_with_state(
    init_fn: Callable[..., Any], *, allow_reuse: bool = False, name: str = "lifted"
) -> tuple[Callable[..., Any], LiftWithStateUpdater]:
    """Do as `lift` with parameters and state, and return what stores updates of state as well.

    Args:
        init_fn: ``init`` of the inner `transform_with_state`.
        allow_reuse: as for `lift`.
        name: as for `lift`.
    """
    module = running_module("lift_with_state")
    scope = module.scope.push(new_name(module, name))
    return lifted_with_state(scope, init_fn, allow_reuse), LiftWithStateUpdater(scope)


def transparent_lift_with_state(
    init_fn: Callable[..., Any], *, allow_reuse: bool = False
) -> tuple[Callable[..., Any], LiftWithStateUpdater]:
    """Do as `lift_with_state`, but keep the variables in the current module itself."""
    scope = running_module("transparent_lift_with_state").scope
    return lifted_with_state(scope, init_fn, allow_reuse), LiftWithStateUpdater(scope)


def lifted_params(scope: Any, init_fn: Callable[..., Any], allow_reuse: bool) -> Callable[..., Any]:
    """Create the parameters in a scope or find them there."""

    def init_with_state(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        params = init_fn(*args, **kwargs)
        if not isinstance(params, Mapping):
            raise NonEmptyStateError("The lifted function has state: use `lift_with_state`.")
        return params, {}

    both = lifted_with_state(scope, init_with_state, allow_reuse)
    return lambda *args, **kwargs: both(*args, **kwargs)[0]


def lifted_with_state(
    scope: Any, init_fn: Callable[..., Any], allow_reuse: bool
) -> Callable[..., Any]:
    """Create parameters and state in a scope or find them there."""

    def lifted(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        if not scope.has_flag("initializing"):
            variables = nested_copy(scope.variables())
            return variables.pop("params", {}), variables
        params, state = init_fn(*args, **kwargs)
        trees = {"params": params, **state}
        for collection, tree in trees.items():
            taken = [name for name in tree if scope.has_variable(collection, name)]
            if taken and not allow_reuse:
                raise ValueError(f"`lift` would overwrite {taken} of {'/'.join(scope.path)!r}.")
        put_trees(scope, trees)
        return params, state

    return lifted


def put_trees(scope: Any, trees: Mapping[str, Any]) -> None:
    """Store collections below a scope."""
    for collection, tree in trees.items():
        for name, value in tree.items():
            scope.put_variable(collection, name, value)
