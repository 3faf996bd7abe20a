"""A process of its own for each tree, and what is said to it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from multiprocessing import Pipe
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from .errors import OracleError
from .records import Side

_TAIL = 6


class Worker:
    """A running `python -m hk2flax.oracle.worker`.

    Requests and answers go through a pipe of their own, so that what the user's code prints cannot
    get in between; its output is kept for the message when the process dies.
    """

    def __init__(self, side: Side, root: Path, device: str | None = None) -> None:
        """Start the process; `device` "cpu" or "gpu" restricts what JAX may use."""
        self.side, self.root = side, root
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as self
        ours, theirs = Pipe()
        self._pipe = ours
        environment = dict(os.environ)
        # Behind what the tree's own directory offers, but always importable.
        package = str(Path(__file__).resolve().parents[2])
        paths = [p for p in (environment.get("PYTHONPATH"), package) if p]
        environment["PYTHONPATH"] = os.pathsep.join(paths)
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        if device == "cpu":
            environment["JAX_PLATFORMS"] = "cpu"
        elif device == "gpu":
            environment.pop("JAX_PLATFORMS", None)
            environment.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
            # TF32 products would hide real differences.
            environment.setdefault("JAX_DEFAULT_MATMUL_PRECISION", "highest")
        descriptor = theirs.fileno()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "hk2flax.oracle.worker", str(descriptor)],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=environment,
            pass_fds=(descriptor,),
        )
        theirs.close()

    def send(self, command: str, *args: Any) -> None:
        """Ask for `command`; `receive` waits for the answer."""
        try:
            self._pipe.send((command, args))
        except OSError as error:
            raise self._died() from error

    def receive(self) -> Any:
        """The answer to the last request.

        Raises OracleError with the worker's message, or with the end of its output when it died.
        """
        try:
            status, value = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise self._died() from error
        if status == "error":
            raise OracleError(f"{self.side} ({self.root}): {value}")
        return value

    def ask(self, command: str, *args: Any) -> Any:
        """`send` and `receive`."""
        self.send(command, *args)
        return self.receive()

    def _died(self) -> OracleError:
        code = self._process.wait()
        self._log.seek(0)
        tail = self._log.read().decode(errors="replace").strip().splitlines()[-_TAIL:]
        text = "\n  ".join([f"{self.side} ({self.root}): the process ended with {code}", *tail])
        return OracleError(text)

    def __enter__(self) -> Worker:
        """Nothing to do; the process runs already."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        self._pipe.close()
        self._process.kill()
        self._process.wait()
        self._log.close()


def both(workers: tuple[Worker, Worker], command: str, *args: Any) -> tuple[Any, Any]:
    """Ask both at once; the source's error comes first."""
    for worker in workers:
        worker.send(command, *args)
    answers: list[Any] = []
    errors: list[OracleError] = []
    for worker in workers:
        try:
            answers.append(worker.receive())
        except OracleError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return answers[0], answers[1]
