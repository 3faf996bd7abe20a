"""Where hooks see the parameters and the state of linen modules.

Nothing public of linen serves. Interceptors see the methods of modules and not the variables;
``nn.map_variables`` changes whole collections of one module and also what is stored; a base class
that overrides ``param`` is not the base of other people's layers; and transformations such as
``nn.remat`` work on scopes of their own, so that no single scope could be watched. What all
variables pass through is `flax.core.Scope`, whose methods are replaced when the first hook is
entered. Without hooks the new ones do nothing but call the old ones.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from typing import Any

import flax
import jax

from .hook_initializers import HookInit
from .hook_stacks import (
    DO_NOT_STORE,
    HOOKS,
    GetterContext,
    SetterContext,
    run_creators,
    run_hooks,
)
from .known_modules import owner_of
from .rng import MissingRNGError


class NotStored(Exception):
    """Leaves ``Scope.param`` before it stores what a creator keeps out of the tree."""


def watch_variables() -> None:
    """Let hooks see what linen creates, reads and sets, in all threads that enter hooks."""
    scope: Any = flax.core.Scope
    variable: Any = flax.core.scope.Variable
    for name, watched in (("param", watched_param), ("variable", watched_variable)):
        setattr(scope, name, watching(getattr(scope, name), watched))
    setter = watching(variable.value.fset, watched_setter)
    variable.value = variable.value.setter(setter)


def watching(method: Any, watched: Callable[[Any], Any]) -> Any:
    """Return a method that runs hooks: itself if it does so, perhaps below replacements."""
    inner = method
    while inner is not None:
        if getattr(inner, "runs", None) is HOOKS:
            return method
        inner = getattr(inner, "__wrapped__", None)
    new: Any = functools.wraps(method)(watched(method))
    new.runs = HOOKS
    return new


def watched_param(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``Scope.param`` with creators and getters."""

    def param(self: Any, name: str, init_fn: Any, *init_args: Any, **options: Any) -> Any:
        hooked = HOOKS.param_creators or HOOKS.param_getters
        again = HOOKS.creating is not None and HOOKS.creating == (self, name)
        # What Haiku's layers and `get_parameter` ask for comes with a shape and a dtype.
        if not hooked or again or len(init_args) != 2:
            return original(self, name, init_fn, *init_args, **options)
        context = getter_context(self, name, init_args, init_fn)
        if self.has_variable("params", name):
            self.reserve(name, "params")
            value = flax.core.meta.unbox(self.get_variable("params", name))
        else:
            value = created_param(original, self, name, init_fn, context)
        return checked_param(context, run_hooks(HOOKS.param_getters, context, value))

    return param


def created_param(
    original: Callable[..., Any], scope: Any, name: str, init_fn: Any, context: GetterContext
) -> Any:
    """Create a parameter, or find that it is not to be stored."""
    request = context.original_shape, context.original_dtype

    def create(key: Any, *_: Any) -> Any:
        HOOKS.creating = outer
        init = HookInit(init_fn, [key])
        value = run_creators(HOOKS.param_creators, context._replace(original_init=init))
        if value is DO_NOT_STORE:
            raise NotStored
        if value is None:
            raise ValueError(f"The parameter {context.full_name!r} cannot be None.")
        return value

    outer = HOOKS.creating
    if not scope.is_mutable_collection("params"):
        with contextlib.suppress(MissingRNGError):
            if run_creators(HOOKS.param_creators, context) is DO_NOT_STORE:
                return DO_NOT_STORE
        # What is to be stored should have been by init: linen's own error says so.
        return original(scope, name, init_fn, *request)
    HOOKS.creating = (scope, name)
    try:
        return original(scope, name, create, *request)
    except NotStored:
        scope.reservations[name].discard("params")
        return DO_NOT_STORE
    finally:
        HOOKS.creating = outer


def checked_param(context: GetterContext, value: Any) -> Any:
    """Return a parameter that has the shape which was asked for."""
    if value is None:
        raise ValueError(f"The parameter {context.full_name!r} cannot be None.")
    if value.shape != tuple(context.original_shape):
        raise ValueError(
            f"The parameter {context.full_name!r} was retrieved with shape {value.shape}, "
            f"not {tuple(context.original_shape)}."
        )
    return value


def watched_variable(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``Scope.variable`` with creators; the variable that it returns has getters."""

    def variable(
        self: Any, col: str, name: str, init_fn: Any = None, *init_args: Any, **options: Any
    ) -> Any:
        hooked = HOOKS.state_creators or HOOKS.state_getters or HOOKS.param_getters
        if not hooked or len(init_args) != 2:
            return original(self, col, name, init_fn, *init_args, **options)
        is_param = col == "params"
        init = init_fn if is_param or init_fn is None else without_key(init_fn)
        context = getter_context(self, name, init_args, init)
        if is_param or init_fn is None or self.has_variable(col, name):
            plain = original(self, col, name, init_fn, *init_args, **options)
            return HookedVariable(plain, context)
        value = run_creators(HOOKS.state_creators, context)
        if value is DO_NOT_STORE:
            plain = flax.core.scope.Variable(self, col, name, False)
            return HookedVariable(plain, context, DO_NOT_STORE)
        return HookedVariable(original(self, col, name, lambda: value, **options), context)

    return variable


class HookedVariable(flax.core.scope.Variable):
    """A variable whose value passes through getters whenever it is read.

    Args:
        variable: the plain one.
        context: what to tell the getters.
        *unstored: its value, if that is not in the tree.
    """

    def __init__(self, variable: Any, context: GetterContext, *unstored: Any) -> None:
        """Be the same variable."""
        super().__init__(variable.scope, variable.collection, variable.name, variable.unbox)
        self.context = context
        self.unstored = unstored

    @property
    def value(self) -> Any:
        """The value."""
        plain: Any = flax.core.scope.Variable.value
        found = self.unstored[0] if self.unstored else plain.fget(self)
        is_param = self.collection == "params"
        getters = HOOKS.param_getters if is_param else HOOKS.state_getters
        return run_hooks(getters, self.context, found)

    @value.setter
    def value(self, value: Any) -> None:
        plain: Any = flax.core.scope.Variable.value
        plain.fset(self, value)


def watched_setter(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return the setter of ``Variable.value`` with setters."""

    def set_value(self: Any, value: Any) -> None:
        if HOOKS.state_setters:
            context = SetterContext(
                full_name(self.scope, self.name),
                owner_of(self.scope),
                jax.tree.map(lambda leaf: getattr(leaf, "dtype", None), value),
                jax.tree.map(lambda leaf: getattr(leaf, "shape", None), value),
            )
            value = run_hooks(HOOKS.state_setters, context, value)
        if value is not DO_NOT_STORE:
            original(self, value)

    return set_value


def getter_context(scope: Any, name: str, request: Any, init_fn: Any) -> GetterContext:
    """Return what creators and getters are told about a request of a shape and a dtype."""
    shape, dtype = request
    init = HookInit(init_fn, [])
    return GetterContext(full_name(scope, name), owner_of(scope), dtype, shape, init)


def full_name(scope: Any, name: str) -> str:
    """Return the path of a variable."""
    return "/".join((*(scope.path or ("~",)), name))


def without_key(init_fn: Callable[..., Any]) -> Callable[..., Any]:
    """Give an initialiser of state, which draws its own keys, the form of Flax."""
    return lambda key, *args, **kwargs: init_fn(*args, **kwargs)
