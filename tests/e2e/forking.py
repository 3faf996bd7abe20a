"""Processes that start fast: forked from one that has already imported JAX, Haiku and Flax.

A test of hundreds of programs would otherwise spend most of its time importing. Nothing that is
preloaded starts a JAX backend, so forking is safe, and every program still gets a process of its
own.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import multiprocessing
import os
import sys
import tempfile
import time
import traceback
from multiprocessing.connection import Connection
from pathlib import Path

_PRELOAD = [
    "jax",
    "jax.numpy",
    "optax",
    "haiku",
    "flax.linen",
    "hk2flax.oracle.session",
    "tests.e2e.run_haiku",
    "tests.e2e.run_flax",
]
# Compiled programs of earlier runs; most of a small program's time goes into compiling.
_CACHE = os.path.join(tempfile.gettempdir(), f"hk2flax-e2e-xla-{os.getuid()}")
_FAST = (
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true "
    "--xla_cpu_use_fusion_emitters=false"  # the older ones compile three times as fast
)
if "XLA_FLAGS" not in os.environ:
    os.environ["XLA_FLAGS"] = _FAST
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(_PRELOAD)


# Folders with third-party packages that a program needs; they come last on its import path.
extra_paths: list[str] = []


def _prepare(log: str, device: str | None, extra: list[str]) -> None:
    """What a fresh interpreter would have set up itself."""
    here = str(Path(__file__).resolve().parents[2])
    sys.path[:] = [p for p in sys.path if p not in ("", here)] + [here, *extra]
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    import jax

    jax.config.update("jax_compilation_cache_dir", _CACHE)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    if device == "cpu":
        jax.config.update("jax_platforms", "cpu")
    elif device == "gpu":
        jax.config.update("jax_default_matmul_precision", "highest")


def _serve(pipe: Connection, log: str, device: str | None, extra: list[str]) -> None:
    """The oracle's worker, in a process that has its imports already."""
    _prepare(log, device, extra)
    from hk2flax.oracle import worker

    descriptor = os.dup(pipe.fileno())
    worker.main(descriptor)


def _once(pipe: Connection, log: str, role: str, request: dict, extra: list[str]) -> None:
    """Run one request of ours and send the answer."""
    _prepare(log, "cpu", extra)
    start = time.perf_counter()
    try:
        if role == "haiku":
            from tests.e2e.run_haiku import do_haiku as do
        else:
            from tests.e2e.run_flax import do_flax as do

            if not request.get("allow_haiku"):
                for name in [n for n in sys.modules if n.split(".")[0] == "haiku"]:
                    del sys.modules[name]
                sys.modules["haiku"] = None
        with contextlib.redirect_stdout(io.StringIO()):
            answer = do(request)
    except BaseException as error:
        from tests.e2e.programs import last_lines

        answer = {"error": last_lines(error), "traceback": traceback.format_exc()}
    answer["seconds"] = round(time.perf_counter() - start, 2)
    pipe.send(answer)


def ask(role: str, request: dict, timeout: float = 300) -> dict:
    """Run `request` in a new process of the given role ("haiku" or "flax")."""
    with tempfile.NamedTemporaryFile() as log:
        ours, theirs = _context.Pipe()
        process = _context.Process(
            target=_once, args=(theirs, log.name, role, request, extra_paths)
        )
        process.start()
        theirs.close()
        try:
            if not ours.poll(timeout):
                return {"error": f"no answer within {timeout:.0f} seconds"}
            return ours.recv()
        except EOFError:
            process.join()
            tail = Path(log.name).read_text(errors="replace")[-600:]
            return {"error": f"the process ended with {process.exitcode}: {tail}"}
        finally:
            process.kill()
            process.join()


def install() -> None:
    """Make hk2flax.oracle start its workers by forking."""
    # The package's own `verify` is the function, not the module.
    names = ("build", "process", "verify")
    build, process, verify = (importlib.import_module(f"hk2flax.oracle.{n}") for n in names)
    if not issubclass(build.Worker, _Forked):
        build.Worker = verify.Worker = process.Worker = _forked(process.Worker)


class _Forked:
    """Marks the class that `install` puts in place."""


class _Handle:
    """What the oracle wants of a process."""

    def __init__(self, process) -> None:
        self._process = process

    def kill(self) -> None:
        self._process.kill()

    def wait(self) -> int:
        self._process.join()
        return self._process.exitcode


def _forked(base):
    class Worker(_Forked, base):
        def __init__(self, side, root, device=None) -> None:
            self.side, self.root = side, root
            self._log = tempfile.NamedTemporaryFile()  # noqa: SIM115 - lives as long as self
            self._pipe, theirs = _context.Pipe()
            arguments = (theirs, self._log.name, device, extra_paths)
            process = _context.Process(target=_serve, args=arguments)
            process.start()
            theirs.close()
            self._process = _Handle(process)

    return Worker
