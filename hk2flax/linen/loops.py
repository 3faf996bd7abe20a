"""Loops whose bodies use modules: ``hk.scan``, ``hk.map``, ``hk.fori_loop``, ``hk.while_loop``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from .lifting import Lift


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Any, Any]:
    """``jax.lax.scan`` whose body may use modules, state and random keys: ``hk.scan``.

    While initialising, the first step is run outside of the loop, so that it can create variables,
    also for a length of 0.

    Raises:
        ValueError: the body creates parameters in a later step, or no module is being run.
    """
    lift = Lift("scan", f, params=False)
    if length is None:
        length = jax.tree.leaves(xs)[0].shape[0]
    if not lift.initializing:
        return scan_steps(lift, f, init, xs, length, reverse, unroll)
    if not length:
        nothing = jax.tree.map(lambda x: jnp.zeros(x.shape[1:], x.dtype), xs)
        _, y = f(init, nothing)
        return init, jax.tree.map(lambda y: jnp.zeros((0, *jnp.shape(y)), jnp.result_type(y)), y)
    first, rest = (-1, slice(None, -1)) if reverse else (0, slice(1, None))
    carry, y = f(init, jax.tree.map(lambda x: x[first], xs))
    y = jax.tree.map(lambda y: jnp.expand_dims(y, 0), y)
    if length == 1:
        return carry, y
    xs = jax.tree.map(lambda x: x[rest], xs)
    carry, ys = scan_steps(lift, f, carry, xs, length - 1, reverse, unroll)
    return carry, jax.tree.map(
        lambda y, ys: jnp.concatenate([ys, y] if reverse else [y, ys]), y, ys
    )


def scan_steps(
    lift: Lift,
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any,
    length: int,
    reverse: bool,
    unroll: int | bool,
) -> tuple[Any, Any]:
    """Scan with the variables in the carry."""

    def body(carry: Any, x: Any) -> tuple[Any, Any]:
        (carry, variables), (step, x) = carry, x
        (carry, y), variables = lift.run(variables, f, carry, x, step=step)
        return (carry, variables), y

    (carry, variables), ys = lax.scan(
        body, (init, lift.read()), (jnp.arange(length), xs), length, reverse, unroll
    )
    lift.write(variables)
    return carry, ys


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """``jax.lax.map`` whose function may use modules, state and random keys: ``hk.map``."""
    return scan(lambda carry, x: (carry, f(x)), (), xs)[1]


def fori_loop(lower: Any, upper: Any, body_fun: Callable[[Any, Any], Any], init_val: Any) -> Any:
    """``jax.lax.fori_loop`` whose body may use modules, state and random keys: ``hk.fori_loop``.

    Can be differentiated in reverse mode if the bounds are static. While initialising, the body is
    run at least once, even if there is nothing to do.
    """
    lift = Lift("fori_loop", body_fun, params=False)
    if lift.initializing:
        init_val = body_fun(lower, init_val)
        lower += 1
        if not isinstance(upper - lower, jax.core.Tracer) and upper - lower == 0:
            return init_val

    def body(step: Any, carry: Any) -> Any:
        value, variables = carry
        return lift.run(variables, body_fun, step, value, step=step)

    value, variables = lax.fori_loop(lower, upper, body, (init_val, lift.read()))
    lift.write(variables)
    return value


def while_loop(
    cond_fun: Callable[[Any], Any], body_fun: Callable[[Any], Any], init_val: Any
) -> Any:
    """``jax.lax.while_loop`` whose functions may use modules: ``hk.while_loop``.

    The body may also update state and draw random keys; the condition may read state.

    Raises:
        ValueError: while initialising, as in Haiku; or the condition updates state.
    """
    lift = Lift("while_loop", cond_fun, body_fun, params=False)
    if lift.initializing:
        raise ValueError(
            "`while_loop` cannot create variables, since it may not run at all. "
            "Use `running_init()` to call the modules unconditionally while initialising."
        )

    def condition(carry: Any) -> Any:
        _, value, variables = carry
        go_on, after = lift.run(variables, cond_fun, value)
        pairs = zip(jax.tree.leaves(variables), jax.tree.leaves(after), strict=True)
        if any(old is not new for old, new in pairs):
            raise ValueError("The condition of `while_loop` cannot update state.")
        return go_on

    def body(carry: Any) -> Any:
        step, value, variables = carry
        return (step + 1, *lift.run(variables, body_fun, value, step=step))

    _, value, variables = lax.while_loop(condition, body, (0, init_val, lift.read()))
    lift.forget_names()
    lift.write(variables)
    return value
