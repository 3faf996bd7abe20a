"""One side's program in one mode: as an init, or as a call with all its gradients.

Whatever has a name goes in and out as a list in the order of the checkpoint map. Where both sides
compute the same in the same order their compiled programs are then the same text.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import unflatten_dict

from hk2flax.oracle.entry import Program
from hk2flax.oracle.keys import drawing
from hk2flax.oracle.tracing import leaves as walk
from tests.symbols.draws import cheap_draws

KEY = jax.random.PRNGKey(42)
Flat = dict[Any, Any]


def draws(side: str, keys: str) -> contextlib.AbstractContextManager:
    """Equal keys for both sides; nothing for "", which is for programs that draw none."""
    return drawing(side, keys) if keys else contextlib.nullcontext()


class Init:
    """`init` with given keys, and with draws that cost nothing unless they are to be real."""

    def __init__(
        self, side: Program, keys: str, mode: Mapping[str, Any], order: list, real_draws: bool
    ) -> None:
        self.side, self.keys, self.mode, self.order = side, keys, mode, order
        self.how = contextlib.nullcontext if real_draws else cheap_draws
        self.made: list = []

    def lower(self, arrays: Flat) -> jax.stages.Lowered:
        """The program of this side's init, for arrays like these."""

        def run(given):
            called = {**dict(zip(arrays, given, strict=True)), **self.mode}
            made = flat(self.side.side, *self.side.init(KEY, (), called))
            self.made = in_order(made, self.order)
            return [made[key] for key in self.made]

        with draws(self.side.side, self.keys), self.how():
            return jax.jit(run).lower(list(arrays.values()))

    def named(self, values: list) -> Flat:
        """What `init` returned, by the oracle's keys."""
        return dict(zip(self.made, values, strict=True))


class Call:
    """`apply`, with the gradients of its parameters and inputs where they are wanted."""

    def __init__(
        self, side: Program, keys: str, mode: Mapping[str, Any], order: list, gradients: bool
    ) -> None:
        self.side, self.keys, self.mode, self.order = side, keys, mode, order
        self.gradients = gradients

    def lower(self, weights: Flat, arrays: Flat) -> jax.stages.Lowered:
        """The program of this side's call, for weights and arrays like these."""
        self.weights = in_order(weights, self.order)
        moving = [key for key in self.weights if key[0] == "params" and is_float(weights[key])]
        real = [name for name in arrays if is_float(arrays[name])]
        if not self.gradients:
            moving, real = [], []
        self.split = (
            (moving, [key for key in self.weights if key not in moving]),
            (real, [name for name in arrays if name not in real]),
        )
        with draws(self.side.side, self.keys):
            return jax.jit(self._run).lower(*self.arguments(weights, arrays))

    def arguments(self, weights: Flat, arrays: Flat) -> list[list]:
        """What moves (gets a gradient) and what does not, of weights and of arrays."""
        (moving, fixed), (real, rest) = self.split
        return [
            [values[name] for name in names]
            for values, names in (
                (weights, moving),
                (weights, fixed),
                (arrays, real),
                (arrays, rest),
            )
        ]

    def _run(self, moving, fixed, real, rest):
        (moving_names, fixed_names), (real_names, rest_names) = self.split

        def call(moving, real):
            weights = named(moving_names + fixed_names, moving + fixed)
            arrays = named(real_names + rest_names, real + rest)
            params, state = trees(self.side.side, weights)
            output, state = self.side.applies[""](params, state, KEY, (), {**arrays, **self.mode})
            found, state = output_leaves(output), flat(self.side.side, {}, state)
            self.texts = {key: value for key, value in found.items() if isinstance(value, str)}
            numbers = {k: jnp.asarray(v) for k, v in found.items() if k not in self.texts}
            self.smooth = [key for key, value in numbers.items() if is_float(value)]
            self.stiff = [key for key in numbers if key not in self.smooth]
            self.state = in_order(state, self.order)
            stiff = [numbers[key] for key in self.stiff]
            return [numbers[key] for key in self.smooth], (stiff, [state[k] for k in self.state])

        smooth, back, (stiff, state) = jax.vjp(call, moving, real, has_aux=True)
        return smooth + stiff, state, *back([direction(value) for value in smooth])

    def named(self, values: tuple) -> dict[str, Flat]:
        """Outputs, state, and gradients of weights and of inputs, by name."""
        outputs, state, gradients, inputs = values
        (moving, _), (real, _) = self.split
        return {
            "output": {**named(self.smooth + self.stiff, outputs), **self.texts},
            "state": named(self.state, state),
            "gradient": named(moving, gradients),
            "input gradient": named(real, inputs),
        }


def named(names: list, values: list) -> Flat:
    return dict(zip(names, values, strict=True))


def in_order(flat: Flat, order: list) -> list:
    """Its keys: those in `order` as there, then the others."""
    return [key for key in order if key in flat] + sorted(flat.keys() - set(order))


def flat(side: str, params: Any, state: Any) -> Flat:
    """As the oracle's `flatten`, of trees that may be traced."""
    if side == "source":
        pairs = walk({"params": params, "state": state})
        return {(path[0], path[1], "/".join(path[2:])): value for path, value in pairs}
    return dict(walk({"params": params, **state}))


def trees(side: str, flat: Flat) -> tuple[dict, dict]:
    """(params, state) as the side's apply takes them."""
    tree = unflatten_dict(flat)
    params = tree.pop("params", {})
    return params, (tree.get("state", {}) if side == "source" else tree)


def output_leaves(tree: Any) -> Flat:
    """Leaves by path, as text: a named tuple of Haiku's is as good as one of ours."""
    return {jax.tree_util.keystr(p): v for p, v in jax.tree_util.tree_leaves_with_path(tree)}


def is_float(value: Any) -> bool:
    return jnp.issubdtype(getattr(value, "dtype", np.int32), jnp.floating)


def direction(value: jax.Array) -> np.ndarray:
    """A direction for the gradient in which every element counts, and each differently."""
    numbers = np.random.default_rng(value.size).standard_normal(value.shape)
    return numbers.astype(value.dtype)
