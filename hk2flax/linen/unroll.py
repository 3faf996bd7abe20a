"""Running a recurrent core over a sequence."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax

from .loops import scan
from .scope import current_module


def static_unroll(
    core: Callable[..., Any], input_sequence: Any, initial_state: Any, time_major: bool = True
) -> tuple[Any, Any]:
    """Calls the core once a step in a Python loop (`hk.static_unroll`).

    input_sequence: arrays [time, ...] or, unless `time_major`, [batch, time, ...] -> the outputs
    likewise and the last state. `nn.RNN` has the batch first by default and its own cell
    convention.
    """
    axis = 0 if time_major else 1
    leaves, structure = jax.tree.flatten(input_sequence)
    steps = zip(*(jnp.unstack(leaf, axis=axis) for leaf in leaves), strict=True)
    state, outputs = initial_state, []
    for step in steps:
        output, state = core(jax.tree.unflatten(structure, step), state)
        outputs.append(output)
    return jax.tree.map(lambda *each: jnp.stack(each, axis=axis), *outputs), state


def dynamic_unroll(
    core: Callable[..., Any],
    input_sequence: Any,
    initial_state: Any,
    time_major: bool = True,
    reverse: bool = False,
    return_all_states: bool = False,
    unroll: int = 1,
) -> tuple[Any, Any]:
    """Calls the core once a step in a compiled loop (`hk.dynamic_unroll`).

    Returns the outputs and the last state, or the states of all steps. The core may be any function
    of (inputs, state), and may use modules, state and random keys, as in `scan`; outside of modules
    the loop is that of jax. `nn.RNN` flips the outputs of a reversed run, returns one state only
    and has its own cell convention.
    """
    swap = functools.partial(jax.tree.map, lambda array: jnp.swapaxes(array, 0, 1))

    def step(state: Any, inputs: Any) -> tuple[Any, Any]:
        outputs, state = core(inputs, state)
        return state, ((outputs, state) if return_all_states else outputs)

    module = current_module()
    loop = lax.scan if module is None or module.scope is None else scan
    xs = input_sequence if time_major else swap(input_sequence)
    state, outputs = loop(step, initial_state, xs, reverse=reverse, unroll=unroll)
    if return_all_states:
        outputs, state = outputs
    if time_major:
        return outputs, state
    return swap(outputs), (swap(state) if return_all_states else state)


class ExpandApply(nn.Module):
    """What `expand_apply` makes of a module: linen sees a module only inside of another one."""

    f: Callable[..., Any]
    axis: int = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Applies the module with one more axis."""
        return with_one_axis(self.f, self.axis, args, kwargs)


def with_one_axis(f: Callable[..., Any], axis: int, args: Any, kwargs: Any) -> Any:
    """`f` of arguments with one more axis, which the results lose again; linen has no such."""
    expand = functools.partial(jax.tree.map, functools.partial(jnp.expand_dims, axis=axis))
    squeeze = functools.partial(jax.tree.map, functools.partial(jnp.squeeze, axis=axis))
    return squeeze(f(*expand(args), **expand(kwargs)))


def expand_apply(f: Callable[..., Any], axis: int = 0) -> Callable[..., Any]:
    """`f` for one step of what it is written for sequences of (`hk.expand_apply`).

    Adds an axis of one to all arguments and takes it off the results; linen has no such function.
    """
    if axis not in (0, -1):
        raise ValueError(f"expand_apply: the axis must be 0 or -1, got {axis}.")
    if isinstance(f, nn.Module):
        return ExpandApply(f, axis)

    @functools.wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return with_one_axis(f, axis, args, kwargs)

    return wrapper
