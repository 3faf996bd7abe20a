"""What a worker can be asked: load, trace, and run the program in many ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax

from . import inputs as variants
from .calls import watching
from .entry import Program, resolve
from .errors import OracleError
from .exchange import Call, Case, Flat, Result
from .flags import flipped, flips
from .importing import compiles, load, put_on_path, where
from .initial import initialised, leaks, samples, with_parameters
from .inputs import Inputs
from .records import Record, Side
from .runs import Runs
from .tracing import initialise
from .trees import flatten, substitute


class Session:
    """One tree's program and its inputs."""

    def __init__(self) -> None:
        """Nothing is loaded yet."""
        self.root: Path | None = None
        self.side: Side = "source"
        self._program: Program | None = None
        self.inputs = Inputs((), {})
        self._variants: dict[str, Inputs] = {}
        self._runs: Runs | None = None

    @property
    def program(self) -> Program:
        """The loaded program."""
        if self._program is None:
            raise OracleError("nothing is loaded")
        return self._program

    def load(self, side: Side, root: str, entry: str, inputs: str | None) -> dict[str, Any]:
        """Import the tree and bring its entry to one form.

        Returns what the other process needs to know: platform, names of the apply functions, and
        whether the entry has an init that can be run again.
        """
        self.side, self.root = side, Path(root)
        put_on_path(self.root)
        value = load(entry, self.root, "--entry")
        called = Inputs((), {})
        if inputs is not None:
            function = load(inputs, self.root, "--inputs")
            called = variants.call(function, inputs, self.root)
        try:
            return self.adopt(side, value, called)
        except OracleError as error:
            raise OracleError(f"--entry {entry}: {error}") from error
        except Exception as error:
            raise OracleError(f"--entry {entry} fails: {where(error, self.root)}") from error

    def adopt(self, side: Side, value: Any, inputs: Inputs) -> dict[str, Any]:
        """Take an entry's value and inputs; see `load`."""
        self.side, self.inputs = side, inputs
        self._program = resolve(value, side)
        self._program.compiles = self.root is not None and compiles(self.root)
        return {
            "platform": jax.default_backend(),
            "applies": list(self.program.applies),
            "runs": self.program.init is not None,
        }

    def trace(self) -> Record:
        """Record what init creates, without allocating it."""
        if self.side == "source":
            from .trace_haiku import trace
        else:
            from .trace_flax import trace
        # A jitted init that ran while its module was imported would show nothing to a recorder.
        jax.clear_caches()
        try:
            return trace(self.program, self.inputs.args, self.inputs.kwargs)
        except OracleError:
            raise
        except Exception as error:
            raise OracleError(f"init fails: {where(error, self.root)}") from error

    def arrays(self) -> list[Any]:
        """The arrays of the inputs."""
        return [variants.to_numpy(each) for each in variants.arrays(self.inputs)]

    def use_arrays(self, values: list[Any]) -> None:
        """Take the other side's arrays."""
        self.inputs = variants.with_values(self.inputs, values)

    def flips(self) -> list[tuple[Any, bool]]:
        """Arguments that switch between training and evaluation, with the opposite value."""
        return flips(self.inputs, self.program.signature)

    def prepare(self, changes: list[tuple[Any, bool]]) -> list[str]:
        """Make the variants of the inputs and return their names."""
        self._variants = {"given": self.inputs}
        if changes:
            self._variants["flipped"] = flipped(self.inputs, changes)
        twice = variants.doubled(self.inputs)
        if twice is not None:
            self._variants["doubled"] = twice
        return list(self._variants)

    def fresh(self) -> Flat:
        """All leaves of a real init under equal keys, or of the entry that runs it."""
        if self.program.produce is not None:
            return flatten(self.side, *self.program.produce())
        return initialised(self.program, self.inputs, "sequence")

    def use_weights(self, values: Flat) -> None:
        """Hold these parameters and this state for the runs to come."""
        shapes = initialise(self.program, self.inputs.args, self.inputs.kwargs)
        self._runs = Runs(self.program, *substitute(self.side, *shapes, values))

    def fits(self, case: Case) -> bool:
        """Whether the apply function accepts the inputs."""
        return self._with_weights().fits(case, self._variants[case.variant])

    def apply(self, case: Case, steps: int = 1) -> Result:
        """Outputs and state."""
        return self._with_weights().apply(case, self._variants[case.variant], steps)

    def train(self, case: Case) -> Result:
        """Gradients, and parameters after a step."""
        return self._with_weights().train(case, self._variants[case.variant])

    def natural_keys(self, case: Case) -> tuple[int, int]:
        """(draws, different keys)."""
        return self._with_weights().natural_keys(case, self._variants[case.variant])

    def calls(self, case: Case) -> list[Call]:
        """What every module returned."""
        with watching(self.side) as calls:
            self._with_weights().apply(case, self._variants[case.variant])
        return calls

    def initial_with(self, values: Flat) -> Flat:
        """All leaves of init under given parameters."""
        return with_parameters(self.program, self.inputs, values)

    def init_leaks(self) -> str:
        """What goes wrong when init is compiled, or ""."""
        return leaks(self.program, self.inputs)

    def samples(self) -> dict[tuple[str, ...], Any]:
        """Fresh parameters under several seeds."""
        return samples(self.program, self.inputs)

    def _with_weights(self) -> Runs:
        if self._runs is None:
            raise OracleError("no weights are loaded")
        return self._runs
