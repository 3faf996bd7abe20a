"""Importing a program and running a call of it: what both sides have in common."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
import traceback
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from tests.e2e.values import leaves


def key():
    """The key that every draw gives on both sides."""
    return jax.random.PRNGKey(20)


def load(directory: str, module: str = "driver"):
    """Import a module of the program in `directory`; the process is not used for another one."""
    root = os.path.realpath(directory)
    sys.path[:0] = [root, os.path.join(root, "src")]
    sys.dont_write_bytecode = True
    os.chdir(root)
    return importlib.import_module(module)


def cases(driver) -> dict[str, tuple[tuple, dict]]:
    """Every `inputs*` function of a driver: name -> (args, kwargs)."""
    names = [n for n in vars(driver) if n == "inputs" or n.startswith("inputs_")]
    return {name: getattr(driver, name)() for name in sorted(names)}


def init_apply(entry):
    """The `init` and `apply` of whatever has Haiku's calling convention, else None."""
    if isinstance(entry, tuple) and len(entry) == 2 and callable(entry[0]):
        return entry
    if hasattr(entry, "init") and hasattr(entry, "apply"):
        return entry.init, entry.apply
    return None


def leading(apply) -> list[str]:
    """Which of params, state and rng an `apply` takes first."""
    try:
        names = list(inspect.signature(apply).parameters)
    except (TypeError, ValueError):
        return ["params", "rng"]
    found = []
    for name in names:
        if name not in ("params", "state", "rng"):
            break
        found.append(name)
    return found


def initialise(init, rng, args, kwargs):
    """Compiled, which is far faster than one operation at a time; as it is where that fails."""
    try:
        return jax.jit(lambda rng: init(rng, *args, **kwargs))(rng)
    except Exception:
        return init(rng, *args, **kwargs)


def project(outputs):
    """A scalar that depends on every float in the outputs: a fixed random projection."""
    total = 0.0
    for index, leaf in enumerate(jax.tree_util.tree_leaves(outputs)):
        if hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jnp.floating):
            weight = np.random.RandomState(index).uniform(0.5, 1.5, np.shape(leaf))
            total = total + jnp.sum(leaf.astype(jnp.float32) * weight.astype(np.float32))
    return total


def run_case(apply, params, state, jit: bool, seconds_grad: bool = True):
    """Outputs and state of two applies in a row, then gradients: `apply(params, state)`."""

    def twice(params, state):
        first, state1 = apply(params, state)
        second, state2 = apply(params, state1)
        return (first, second), (state1, state2)

    def loss(params, state):
        out, new = apply(params, state)
        return project(out), (out, new)

    if not jit:
        outputs, states = twice(params, state)
    else:
        outputs, states = jax.jit(twice)(params, state)
    grads = None
    if seconds_grad and jax.tree_util.tree_leaves(params):
        fn = jax.grad(loss, has_aux=True, allow_int=True)
        grads, _ = (jax.jit(fn) if jit else fn)(params, state)
    return {
        "outputs": leaves(outputs),
        "states": [leaves(s) for s in states],
        "grads": None if grads is None else grads,
    }


def haiku_call(function, signature, args, kwargs):
    """A call of an `apply` with Haiku's convention, as (params, state) -> (outputs, state)."""

    def call(params, state):
        given = {"params": params, "state": state, "rng": key()}
        result = function(*(given[name] for name in signature), *args, **kwargs)
        return result if "state" in signature else (result, state)

    return call


def last_lines(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    here = str(Path(__file__).parent)
    own = [f for f in frames if "site-packages" not in f.filename and here not in f.filename]
    where = f" at {Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""
    return f"{type(error).__name__}{where}: {str(error)[:400]}"
