"""What a worker can be asked: load, trace, and run the program in many ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax

from . import inputs as inputs_module
from .entry import Program, resolve
from .errors import OracleError
from .importing import load, put_on_path, where
from .records import Record, Side


class Session:
    """One tree's program and its inputs."""

    def __init__(self) -> None:
        """Nothing is loaded yet."""
        self.root: Path | None = None
        self.side: Side = "source"
        self._program: Program | None = None
        self.inputs = inputs_module.Inputs((), {})

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
        if inputs is not None:
            function = load(inputs, self.root, "--inputs")
            self.inputs = inputs_module.call(function, inputs, self.root)
        try:
            self._program = resolve(value, side)
        except OracleError as error:
            raise OracleError(f"--entry {entry}: {error}") from error
        except Exception as error:
            raise OracleError(f"--entry {entry} fails: {where(error, self.root)}") from error
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
        try:
            return trace(self.program, self.inputs.args, self.inputs.kwargs)
        except OracleError:
            raise
        except Exception as error:
            raise OracleError(f"init fails: {where(error, self.root)}") from error
