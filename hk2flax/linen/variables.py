"""Parameters and state that are requested by name, as by ``hk.get_parameter`` and its kin."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flax
import jax
import jax.numpy as jnp

from .scope import variable_scope

STATE = "state"

UPDATED_STATE = "updated_state"
"""Collection that `transform` lends to `set_state` while initialising, see there."""


def get_parameter(
    name: str,
    shape: Sequence[int],
    dtype: Any = jnp.float32,
    init: Callable[..., jax.Array] | None = None,
) -> jax.Array:
    """Return a parameter of the current module, created at the first request: ``hk.get_parameter``.

    Unlike ``nn.Module.param`` it can be asked for the same parameter again (which shares it), works
    in plain functions and in every method, and never runs the initialiser at apply.

    Args:
        name: name of the parameter in the module.
        shape: its shape.
        dtype: its type when it is created; None means float32. Loaded values are not cast.
        init: ``init(key, shape, dtype)``, as everywhere in Flax.

    Raises:
        ValueError: init has to create the parameter and there is no ``init``, the stored one has
            another shape, or the name belongs to a submodule.
        flax.errors.ScopeParamNotFoundError: the parameter was not created by init.
    """
    return scope_parameter(variable_scope("get_parameter"), name, shape, dtype, init)


def scope_parameter(
    scope: Any,
    name: str,
    shape: Sequence[int],
    dtype: Any,
    init: Callable[..., jax.Array] | None,
) -> jax.Array:
    """Return a parameter of a scope, see `get_parameter`."""
    path = "/".join((*scope.path, name))

    def missing(*_: Any) -> Any:
        raise ValueError(f"There is no parameter {path!r} yet, and no `init` to create it.")

    request = (init or missing, tuple(shape), jnp.float32 if dtype is None else dtype)
    if not scope.has_variable("params", name):
        return scope.param(name, *request)
    if isinstance(scope.get_variable("params", name), Mapping):
        raise ValueError(f"{path!r} is a submodule and cannot be a parameter as well.")
    value = variable_again(scope, "params", name, *request).value
    if jnp.shape(value) != tuple(shape):
        raise ValueError(f"{path!r} has shape {jnp.shape(value)}, not {tuple(shape)}.")
    return value


def variable_again(scope: Any, collection: str, name: str, *request: Any) -> Any:
    """Do as ``Scope.variable``, but let a name be asked for any number of times."""
    taken = scope.reservations.pop(name, set())
    try:
        return scope.variable(collection, name, *request)
    finally:
        scope.reservations[name] = taken


def get_state(
    name: str,
    shape: Sequence[int] | None = None,
    dtype: Any = jnp.float32,
    init: Callable[..., jax.Array] | None = None,
) -> Any:
    """Return a value of the collection ``state``, created if it is missing: ``hk.get_state``.

    Args:
        name: name of the value in the current module.
        shape: shape for ``init``.
        dtype: type for ``init``.
        init: ``init(key, shape, dtype)``. The key is None if ``init`` does without, since Haiku
            only draws a key for initialisers that ask for one.

    Raises:
        ValueError: the value is missing and ``init``, ``shape`` or ``dtype`` is not given.
            ``nn.Module.get_variable`` would return None.
    """
    scope = variable_scope("get_state")
    for collection in (UPDATED_STATE, STATE):
        if scope.has_variable(collection, name):
            break
    else:
        path = "/".join((*scope.path, name))
        if init is None:
            raise ValueError(f"There is no state {path!r} yet, and no `init` to create it.")
        if shape is None or dtype is None:
            raise ValueError(f"`shape` and `dtype` are needed to create the state {path!r}.")
    return scope_state(scope, collection, name, shape, dtype, init)


def scope_state(
    scope: Any,
    collection: str,
    name: str,
    shape: Sequence[int] | None,
    dtype: Any,
    init: Callable[..., Any] | None,
) -> Any:
    """Return a copy of the tree under a name of a scope, created if it is missing."""

    def create(shape: Sequence[int], dtype: Any) -> Any:
        return jax.tree.map(lambda leaf: leaf, initial_state(scope, init, shape, dtype))

    found = variable_again(scope, collection, name, create, shape, dtype).value
    return jax.tree.map(lambda leaf: leaf, found)


def initial_state(scope: Any, init: Any, shape: Any, dtype: Any) -> Any:
    """Run an initialiser of state, with a key if it needs one."""
    try:
        return init(None, tuple(shape), dtype)
    except Exception:  # whatever a random initialiser makes of the missing key
        stream = "params" if scope.has_rng("params") else "dropout"
        return init(scope.make_rng(stream), tuple(shape), dtype)


def set_state(name: str, value: Any) -> None:
    """Set a value of the collection ``state`` of the current module: ``hk.set_state``.

    What init returns is the *initial* state: the first value that each name was given. Under
    `transform`, later values are visible until the end of init, as in Haiku, but not returned; a
    bare ``nn.Module.init`` has no place to hide them and skips them.

    A dict replaces the dict that was there. ``nn.Module.put_variable`` would merge the two.
    """
    scope = variable_scope("set_state")
    collection = STATE
    if scope.has_flag("initializing") and scope.has_variable(STATE, name):
        if not scope.root.has_variable(UPDATED_STATE, "~"):
            return
        collection = UPDATED_STATE
    store(scope, collection, name, value)


def store(scope: Any, collection: str, name: str, value: Any) -> None:
    """Put a copy of a tree into a scope, in place of all that was there."""
    copied = jax.tree.map(lambda leaf: leaf, value)
    old = scope.get_variable(collection, name)
    kept = dict(old) if isinstance(old, dict) else {}
    if kept and scope.is_mutable_collection(collection):
        old.clear()  # or linen would merge the two
    flax.core.scope.Variable(scope, collection, name, unbox=False).value = copied
    if kept and copied and not old:
        old.update(kept)  # a hook kept the new value back
