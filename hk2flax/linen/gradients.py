"""Gradients of functions that use modules: ``hk.grad`` and ``hk.value_and_grad``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax

from .lifting import Lift


def value_and_grad(
    fun: Callable[..., Any],
    argnums: int | tuple[int, ...] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """``jax.value_and_grad`` of a function that uses modules: ``hk.value_and_grad``.

    Derivatives are those by the arguments, as in jax. ``nn.value_and_grad`` differentiates by all
    of them, and always returns a tuple.
    """

    @functools.wraps(fun, updated=())
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        lift = Lift("value_and_grad", fun)

        def pure(*args: Any, lifted_variables: Any, **kwargs: Any) -> Any:
            out, variables = lift.run(lifted_variables, fun, *args, **kwargs)
            value, aux = out if has_aux else (out, None)
            return value, (aux, variables)

        run = jax.value_and_grad(pure, argnums, has_aux=True, holomorphic=holomorphic)
        (value, (aux, variables)), grads = run(*args, lifted_variables=lift.read(), **kwargs)
        lift.forget_names()
        lift.write(variables)
        return ((value, aux), grads) if has_aux else (value, grads)

    return wrapped


def grad(
    fun: Callable[..., Any],
    argnums: int | tuple[int, ...] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """``jax.grad`` of a function that uses modules: ``hk.grad``. See `value_and_grad`."""
    run = value_and_grad(fun, argnums, has_aux, holomorphic)

    @functools.wraps(fun, updated=())
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        value, grads = run(*args, **kwargs)
        return (grads, value[1]) if has_aux else grads

    return wrapped
