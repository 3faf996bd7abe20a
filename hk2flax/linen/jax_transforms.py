"""jax's function transformations for functions that use modules."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from .lifting import Lift


def vmap(
    fun: Callable[..., Any],
    in_axes: Any = 0,
    out_axes: Any = 0,
    axis_name: str | None = None,
    axis_size: int | None = None,
    *,
    split_rng: bool,
    spmd_axis_name: Any = None,
) -> Callable[..., Any]:
    """``jax.vmap`` of a function that uses modules, whose variables are not mapped: ``hk.vmap``.

    Args:
        fun: the function; takes positional arguments only.
        in_axes: as in jax, but at least one axis has to be mapped.
        out_axes: as in jax.
        axis_name: as in jax.
        axis_size: as in jax.
        split_rng: whether elements draw different random keys. Has to be False to create
            parameters: ``split_rng=not running_init()``.
        spmd_axis_name: as in jax.

    Raises:
        ValueError: no axis is mapped, or a variable would differ between elements.
    """
    if not jax.tree.leaves(in_axes):
        raise ValueError("`vmap` needs at least one axis in `in_axes` that is not None.")
    in_axes = tuple(in_axes) if isinstance(in_axes, list) else in_axes

    @functools.wraps(fun, updated=())
    def mapped(*args: Any) -> Any:
        lift = Lift("vmap", fun)
        size = mapped_size(in_axes, args) if axis_size is None else axis_size

        def pure(args: Any, variables: Any, element: Any) -> Any:
            return lift.run(variables, fun, *args, step=element if split_rng else None)

        run = jax.vmap(
            pure,
            in_axes=(in_axes, None, 0),
            out_axes=(out_axes, None),
            axis_name=axis_name,
            axis_size=axis_size,
            spmd_axis_name=spmd_axis_name,
        )
        out, variables = run(args, lift.read(), jnp.arange(size))
        lift.forget_names()
        lift.write(variables)
        return out

    return mapped


def mapped_size(in_axes: Any, args: tuple[Any, ...]) -> int:
    """Return the size of the first axis that is mapped."""
    sizes = jax.tree.map(
        lambda axis, arg: None if axis is None else jax.tree.leaves(arg)[0].shape[axis],
        in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args),
        args,
        is_leaf=lambda axis: axis is None,
    )
    return jax.tree.leaves(sizes)[0]


def remat(
    fun: Callable[..., Any],
    *,
    prevent_cse: bool = True,
    policy: Callable[..., bool] | None = None,
    static_argnums: int | tuple[int, ...] = (),
) -> Callable[..., Any]:
    """``jax.checkpoint`` of a function that uses modules: ``hk.remat``.

    Args:
        fun: a function, a module or a method; its parameters stay where they are.
        prevent_cse: as in jax.
        policy: as in jax.
        static_argnums: positions of arguments that are passed as they are; ``self`` of a method
            does not count.
    """
    static = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)

    @functools.wraps(fun, updated=())
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        lift = Lift("remat", fun, args, kwargs)
        fixed = {n % len(args) for n in static}

        def pure(variables: Any, traced: dict[int, Any], kwargs: Any) -> Any:
            merged = [traced.get(n, arg) for n, arg in enumerate(args)]
            return lift.run(variables, fun, *merged, **kwargs)

        run = jax.checkpoint(pure, prevent_cse=prevent_cse, policy=policy)
        traced = {n: arg for n, arg in enumerate(args) if n not in fixed}
        out, variables = run(lift.read(), traced, kwargs)
        lift.write(variables)
        return out

    return wrapped


def eval_shape(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """``jax.eval_shape`` of a function that uses modules; creates nothing: ``hk.eval_shape``."""
    lift = Lift("eval_shape", fun)

    def pure(variables: Any, args: Any, kwargs: Any) -> Any:
        return lift.run(variables, fun, *args, **kwargs)[0]

    out = jax.eval_shape(pure, lift.read(), args, kwargs)
    lift.forget_names()
    return out


def jit(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[..., Any]:
    """``jax.jit`` of a function that uses modules: ``hk.jit`` of Haiku 0.0.6 and before.

    Args:
        fun: the function.
        *args: as in jax; positions of arguments are those of ``fun``.
        **kwargs: as in jax.
    """

    @functools.wraps(fun, updated=())
    def compiled(*inputs: Any, **named: Any) -> Any:
        lift = Lift("jit", fun, inputs, named)

        def pure(*inputs: Any, lifted_variables: Any, **named: Any) -> Any:
            return lift.run(lifted_variables, fun, *inputs, **named)

        run = jax.jit(pure, *args, **kwargs)
        out, variables = run(*inputs, lifted_variables=lift.read(), **named)
        lift.write(variables)
        return out

    return compiled
