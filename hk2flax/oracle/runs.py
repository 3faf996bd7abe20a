"""Run one side's program in the ways that a verification compares."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .entry import Program
from .exchange import EPSILON, LEARNING_RATE, Case, Mode, Result
from .inputs import Inputs, arrays, to_numpy, with_arrays
from .keys import Draws, drawing
from .trees import flatten, output_arrays

SEED = 7


class Runs:
    """A program with weights."""

    def __init__(self, program: Program, params: Any, state: Any) -> None:
        """Hold the weights; they do not change."""
        self.program = program
        self.params, self.state = params, state
        self._traced_with: Mode | None = None

    @contextlib.contextmanager
    def _ready(self, case: Case) -> Iterator[Draws]:
        if self.program.compiles and case.keys != self._traced_with:
            jax.clear_caches()
        self._traced_with = case.keys
        leaks = jax.checking_leaks() if case.leaks else contextlib.nullcontext()
        with drawing(self.program.side, case.keys) as draws, leaks:
            yield draws

    def _function(self, case: Case, inputs: Inputs) -> Any:
        """(params, state, array inputs) -> (output leaves, new state); the rest is static."""
        apply = self.program.applies[case.apply]
        key = jax.random.PRNGKey(SEED)

        def run(params: Any, state: Any, given: list[Any]) -> tuple[list[Any], Any]:
            called = with_arrays(inputs, given)
            output, new_state = apply(params, state, key, called.args, called.kwargs)
            return [jnp.asarray(leaf) for leaf in output_arrays(output)], new_state

        return jax.jit(run) if case.jit else run

    def fits(self, case: Case, inputs: Inputs) -> bool:
        """Whether the apply function accepts the inputs."""
        try:
            with self._ready(case):
                function = self._function(case, inputs)
                jax.eval_shape(function, self.params, self.state, arrays(inputs))
        except (TypeError, ValueError):
            return False
        return True

    def apply(self, case: Case, inputs: Inputs, steps: int = 1) -> Result:
        """Outputs of the first call, and state after `steps` calls that hand it on."""
        state = self.state
        outputs: list[Any] = []
        with self._ready(case) as draws:
            function = self._function(case, inputs)
            if case.leaks:
                jax.eval_shape(function, self.params, state, arrays(inputs))
                return Result()
            for step in range(steps):
                found, state = function(self.params, state, arrays(inputs))
                outputs = outputs if step else [to_numpy(each) for each in found]
        return Result(outputs, flatten(self.program.side, {}, state), draws=draws.count)

    def natural_keys(self, case: Case, inputs: Inputs) -> tuple[int, int]:
        """(draws, different keys) of a run with the framework's own keys, loops counted out."""
        with self._ready(case) as draws:
            self._function(case, inputs)(self.params, self.state, arrays(inputs))
            jax.effects_barrier()
        return len(draws.seen), len(set(draws.seen))

    def train(self, case: Case, inputs: Inputs) -> Result:
        """Gradients of a fixed random projection of the outputs, and one step of Adam with them.

        Adam's epsilon is large, because a gradient that is zero but for rounding would otherwise
        be blown up to a full step in a random direction.
        """
        import optax

        optimizer = optax.adam(LEARNING_RATE, eps=EPSILON)

        def step(params: Any) -> tuple[Any, Any]:
            gradient = self._gradient(case, inputs, params)
            updates, _ = optimizer.update(gradient, optimizer.init(params), params)
            return gradient, optax.apply_updates(params, updates)

        with self._ready(case) as draws:
            gradient, stepped = (jax.jit(step) if case.jit else step)(self.params)
        side = self.program.side
        return Result([], flatten(side, gradient, {}), flatten(side, stepped, {}), draws.count)

    def _gradient(self, case: Case, inputs: Inputs, given: Any) -> Any:
        leaves, structure = jax.tree_util.tree_flatten(given)
        moving = [i for i, leaf in enumerate(leaves) if jnp.issubdtype(leaf.dtype, jnp.inexact)]
        function = self._function(replace(case, jit=False), inputs)

        def loss(values: list[Any]) -> Any:
            now = list(leaves)
            for i, value in zip(moving, values, strict=True):
                now[i] = value
            params = jax.tree_util.tree_unflatten(structure, now)
            outputs, _ = function(params, self.state, arrays(inputs))
            return sum((_project(i, output) for i, output in enumerate(outputs)), jnp.zeros([]))

        found = jax.grad(loss)([leaves[i] for i in moving])
        result: list[Any] = [jnp.zeros_like(leaf) for leaf in leaves]
        for i, value in zip(moving, found, strict=True):
            result[i] = value
        return jax.tree_util.tree_unflatten(structure, result)


def _project(position: int, output: Any) -> Any:
    if not jnp.issubdtype(output.dtype, jnp.inexact):
        return jnp.zeros([])
    weights = np.random.RandomState(position).standard_normal(output.shape)
    return jnp.real(jnp.sum(output.astype(jnp.result_type(output, jnp.float32)) * weights))
