"""What init returns: state under given parameters, and the distribution of fresh parameters."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from .entry import CONCRETE, Program
from .errors import OracleError
from .exchange import Flat, Key, Mode
from .inputs import Inputs
from .keys import drawing
from .preset import preset
from .trees import flatten

WANTED = 4096
SEEDS = (2, 256)
WORK = 10_000_000


def initialised(program: Program, inputs: Inputs, keys: Mode) -> Flat:
    """All leaves of one init with the given keys."""
    _forget_traces(program)
    with drawing(program.side, keys):
        return flatten(program.side, *_init(program, inputs)(jax.random.PRNGKey(0)))


def _forget_traces(program: Program) -> None:
    """A compiled function would go on with the keys that it was traced with."""
    if program.compiles:
        jax.clear_caches()


def with_parameters(program: Program, inputs: Inputs, values: Flat) -> Flat:
    """All leaves of init when the initialisers of the parameters return `values`.

    Draws are constant, so that what the preset cannot reach (layers of a stack) agrees as well
    where the initialisers do.
    """
    _forget_traces(program)
    given = {key[1:]: value for key, value in values.items() if key[0] == "params"}
    with preset(program.side, given), drawing(program.side, "constant"):
        return flatten(program.side, *_init(program, inputs)(jax.random.PRNGKey(0)))


def leaks(program: Program, inputs: Inputs) -> str:
    """Trace init while looking for leaked tracers; the error's first line, or ""."""
    try:
        with jax.checking_leaks():
            jax.eval_shape(_init(program, inputs), jax.random.PRNGKey(0))
    except CONCRETE:
        return ""
    except Exception as error:
        return f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
    return ""


def samples(program: Program, inputs: Inputs) -> dict[Key, Any]:
    """Fresh values of every parameter, [n, *shape], from enough seeds for a distribution.

    Leaves with many elements need few seeds, small ones many; a large program gets fewer, `WORK`
    elements in all. Two at least, to tell constants from draws.
    """
    init = _init(program, inputs)
    found: dict[Key, list[Any]] = {}
    seed, seeds = 0, SEEDS[1]
    while seed < seeds:
        leaves = flatten(program.side, *init(jax.random.PRNGKey(100 + seed)))
        for key, value in leaves.items():
            if key[0] == "params" and (seed < SEEDS[0] or seed * value.size < WANTED):
                found.setdefault(key, []).append(value)
        total = sum(values[0].size for values in found.values())
        smallest = min((values[0].size for values in found.values()), default=WANTED)
        wanted = min(SEEDS[1], WANTED // max(smallest, 1), WORK // max(total, 1))
        seed, seeds = seed + 1, max(SEEDS[0], wanted)
    return {key: np.stack(values) for key, values in found.items()}


def _init(program: Program, inputs: Inputs) -> Any:
    """init as a function of the key: compiled, because one by one its small operations take long.

    A program whose init looks at values runs as it is.
    """
    if program.init is None:
        raise OracleError("the entry runs init itself, so it cannot be run again")
    init = program.init

    def run(key: Any) -> Any:
        return init(key, inputs.args, inputs.kwargs)

    compiled = jax.jit(run)

    def attempt(key: Any) -> Any:
        try:
            return compiled(key)
        except CONCRETE:
            return run(key)

    return attempt
