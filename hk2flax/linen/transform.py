"""``hk.transform`` and its kin for programs that build linen modules."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import flax
import flax.linen as nn
import jax

from .rng import NO_RNG, prng_key
from .scope import ScopeFrame
from .variables import UPDATED_STATE


class Transformed(NamedTuple):
    """``params = init(rng, *args, **kwargs)``, ``out = apply(params, rng, *args, **kwargs)``."""

    init: Callable[..., Any]
    apply: Callable[..., Any]


class TransformedWithState(NamedTuple):
    """``params, state = init(rng, ...)``, ``out, state = apply(params, state, rng, ...)``."""

    init: Callable[..., Any]
    apply: Callable[..., Any]


class NonEmptyStateError(ValueError):
    """A function that has state was transformed without state."""


def transform(f: Callable[..., Any], *, apply_rng: bool = True) -> Transformed:
    """Turn a function that runs linen modules, or a module, into a pair of pure functions.

    Calling convention and errors are those of ``hk.transform``. The parameters are the linen
    collection ``params``: the tree of ``f`` itself if it is a module, else a tree that has the
    modules which ``f`` makes at its top.

    Args:
        f: a function, method, ``functools.partial`` or ``nn.Module``.
        apply_rng: has to be True, as in Haiku.

    Raises:
        ValueError: by the pair, a NonEmptyStateError, if ``f`` has state.
    """
    if not apply_rng:
        raise ValueError("`apply_rng=False` is gone: use `without_apply_rng(transform(f))`.")
    return without_state(transform_with_state(f))


def transform_with_state(f: Callable[..., Any]) -> TransformedWithState:
    """Turn a function that runs linen modules into pure functions that pass state in and out.

    State is a dict of all other collections, ``{"state": ..., "batch_stats": ...}``, ``{}`` if
    there is none. Every collection may be written at apply; entries that are not, are returned as
    they are. ``rng`` may be a key, a seed or None, in which case drawing a key is an error.

    Args:
        f: as for `transform`.
    """
    if "PjitFunction" in str(type(f)) or "PmapFunction" in str(type(f)):
        raise ValueError("Transform the function first: use jax.jit on `init` and `apply`.")
    module, call = split_module(f)

    def run_init(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        # Its presence tells `set_state` that updates during init will not be returned.
        module.put_variable(UPDATED_STATE, "~", ())
        return call(module, *args, **kwargs)

    def init(rng: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        # linen wants a key for every parameter, Haiku for none that is constant.
        rngs = {"params": transform_key("init", 0 if rng is None else rng)}
        if rng is None:
            rngs[NO_RNG] = rngs["params"]
        # Arguments travel in one tuple and one dict: linen takes some keywords for itself.
        variables = dict(module.init(rngs, args, kwargs, method=run_init))
        del variables[UPDATED_STATE]
        return variables.pop("params", {}), variables

    def apply(params: Any, state: Any, rng: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        variables = dict(transform_mapping("state", state))
        variables["params"] = transform_mapping("params", params)
        rngs = {} if rng is None else {"dropout": transform_key("apply", rng)}
        mutable = flax.core.DenyList(("params", "intermediates"))

        def run(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            module.scope.initial_state = state or {}  # for `get_initial_state`: linen forgets it
            return call(module, *args, **kwargs)

        return module.apply(variables, args, kwargs, rngs=rngs, mutable=mutable, method=run)

    show_arguments(init, ("rng",), f)
    show_arguments(apply, ("params", "state", "rng"), f)
    remember_function(f, init, apply)
    return TransformedWithState(init, apply)


def show_arguments(
    function: Callable[..., Any], own: tuple[str, ...], f: Callable[..., Any], skip: int = 0
) -> None:
    """Show the arguments ``own`` and those of ``f`` behind its first ``skip`` in the signature.

    `jax.jit(apply, static_argnames=...)` finds arguments that are given by position in it.
    """
    rest = list(inspect.signature(f).parameters.values())
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    while skip and rest and rest[0].kind in positional:
        rest, skip = rest[1:], skip - 1
    leading = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in own]
    # `f` may have an argument `rng` too; no function could.
    function.__signature__ = inspect.Signature(  # type: ignore[attr-defined,call-arg]
        [*leading, *rest], __validate_parameters__=False
    )


def remember_function(f: Any, init: Any, apply: Any) -> None:
    """Note on a pair what it was made of, for reports on the function."""
    init.transformed = apply.transformed = transformed_function(f)


def transformed_function(f: Any) -> Any:
    """Return the function that a pair, or one of the pair, was made of; others are returned."""
    function = f.init if isinstance(f, Transformed | TransformedWithState) else f
    return getattr(function, "transformed", f)


def split_module(f: Callable[..., Any]) -> tuple[nn.Module, Callable[..., Any]]:
    """Return the root module for ``f``, and how to call ``f`` on a bound copy of it.

    A module, a method or a partial of one is its own root; a function is run in a new one. The
    root has no parent, so that a transformed function can be used inside of other modules.
    Methods are looked up when they are called: they may be replaced, as `set_policy` does.
    """
    if isinstance(f, nn.Module):
        return f, lambda bound, *args, **kwargs: bound(*args, **kwargs)
    if isinstance(f, types.MethodType) and isinstance(f.__self__, nn.Module):
        name, method = f.__name__, f.__func__
        if getattr(type(f.__self__), name, None) is not method:
            return f.__self__, method
        return f.__self__, lambda bound, *args, **kwargs: getattr(bound, name)(*args, **kwargs)
    if isinstance(f, functools.partial):
        module, call = split_module(f.func)
        if not isinstance(module, ScopeFrame):
            return module, lambda bound, *args, **kwargs: call(
                bound, *f.args, *args, **{**f.keywords, **kwargs}
            )
    return ScopeFrame(f, parent=None), ScopeFrame.__call__


def transform_key(function: str, rng: Any) -> jax.Array:
    """Return the key for the ``rng`` argument of init or apply."""
    try:
        return prng_key(rng)
    except ValueError as error:
        raise ValueError(f"`rng` of `{function}` has to be a key, a seed or None: {rng}") from error


def transform_mapping(argument: str, value: Any) -> Mapping[str, Any]:
    """Return an argument of apply that has to be a mapping, or None for an empty one."""
    if value is not None and not isinstance(value, Mapping):
        raise TypeError(
            f"`{argument}` has to be a mapping, not {type(value)}. The order of arguments is "
            "(params, rng, ...) for `transform`, (params, state, rng, ...) with state."
        )
    return value or {}


def without_state(f: TransformedWithState) -> Transformed:
    """Drop state from a transformed function that has none: ``hk.without_state``."""

    def stateless(result: Any, state: Any) -> Any:
        if state:
            raise NonEmptyStateError("The function has state: use `transform_with_state`.")
        return result

    def init(*args: Any, **kwargs: Any) -> Any:
        return stateless(*f.init(*args, **kwargs))

    def apply(params: Any, *args: Any, **kwargs: Any) -> Any:
        if "state" in kwargs:
            raise TypeError("Pass an argument of yours called `state` by position.")
        return stateless(*f.apply(params, None, *args, **kwargs))

    show_arguments(init, ("rng",), f.init, 1)
    show_arguments(apply, ("params", "rng"), f.apply, 3)
    remember_function(f, init, apply)
    return Transformed(init, apply)


def with_empty_state(f: Transformed) -> TransformedWithState:
    """Add an empty state to a transformed function: ``hk.with_empty_state``."""

    def init(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        return f.init(*args, **kwargs), {}

    def apply(params: Any, state: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        return f.apply(params, *args, **kwargs), {}

    show_arguments(init, ("rng",), f.init, 1)
    show_arguments(apply, ("params", "state", "rng"), f.apply, 2)
    remember_function(f, init, apply)
    return TransformedWithState(init, apply)


def without_apply_rng(f: Any) -> Any:
    """Drop ``rng`` from apply: ``hk.without_apply_rng``, for all four kinds of pairs."""
    leading = ("params", "state")[: 1 if isinstance(f, Transformed | MultiTransformed) else 2]

    def drop_rng(apply: Callable[..., Any]) -> Callable[..., Any]:
        def apply_without_rng(*args: Any, **kwargs: Any) -> Any:
            args = (*args, *(kwargs.pop(name) for name in leading[len(args) :]))
            return apply(*args[: len(leading)], None, *args[len(leading) :], **kwargs)

        show_arguments(apply_without_rng, leading, apply, len(leading) + 1)
        remember_function(apply, apply, apply_without_rng)
        return apply_without_rng

    return type(f)(f.init, jax.tree.map(drop_rng, f.apply))


class MultiTransformed(NamedTuple):
    """Like Transformed, but ``apply`` is a tree of functions."""

    init: Callable[..., Any]
    apply: Any


class MultiTransformedWithState(NamedTuple):
    """Like TransformedWithState, but ``apply`` is a tree of functions."""

    init: Callable[..., Any]
    apply: Any


def multi_transform_with_state(f: Callable[[], Any]) -> MultiTransformedWithState:
    """Turn functions that share modules into one init and a tree of applies.

    Args:
        f: makes the modules and returns a template function, which is what init runs, and a tree
            of functions. It is run once, abstractly, to learn the structure of the tree.
    """
    structure: list[Any] = []

    def look() -> None:
        structure.append(jax.tree.structure(f()[1]))

    def apply_nth(n: int) -> Callable[..., Any]:
        def nth(*args: Any, **kwargs: Any) -> Any:
            return jax.tree.leaves(f()[1])[n](*args, **kwargs)

        return transform_with_state(nth).apply

    jax.eval_shape(transform_with_state(look).init, jax.random.PRNGKey(0))
    init = transform_with_state(lambda *args, **kwargs: f()[0](*args, **kwargs)).init
    applies = [apply_nth(n) for n in range(structure[0].num_leaves)]
    return MultiTransformedWithState(init, jax.tree.unflatten(structure[0], applies))


def multi_transform(f: Callable[[], Any]) -> MultiTransformed:
    """Turn functions that share modules, and have no state, into one init and a tree of applies.

    Args:
        f: as for `multi_transform_with_state`.
    """
    init, applies = multi_transform_with_state(f)
    return MultiTransformed(
        without_state(TransformedWithState(init, init)).init,
        jax.tree.map(lambda apply: without_state(TransformedWithState(init, apply)).apply, applies),
    )
