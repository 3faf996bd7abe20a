"""Errors as one clear line and exit code 2."""

from __future__ import annotations

import os
import sys
import traceback
from typing import IO, Any

import click

_PARAMS = frozenset({"numpy", "ml_dtypes", "msgpack", "safetensors", "orbax"})
_VERIFY = frozenset({"jax", "jaxlib", "flax", "haiku", "optax"})


class Failure(click.ClickException):
    """Nothing was written; the message says what went wrong and what to do."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message on stderr."""
        click.echo(f"hk2flax: error: {self.format_message()}", err=True, file=file)


def as_failure(error: Exception, command: str | None = None) -> Failure:
    """The failure that tells a person about an exception in a command."""
    name = (getattr(error, "name", None) or "").partition(".")[0]
    if isinstance(error, ModuleNotFoundError) and name in _PARAMS | _VERIFY:
        only_params = command == "convert-params" and name in _PARAMS
        extra = "params" if only_params else "verify"
        return Failure(f"{name} is not installed: pip install 'hk2flax[{extra}]'")
    if _is_ours(error):
        return Failure(str(error))
    if isinstance(error, OSError) and error.filename is not None:
        return Failure(f"{os.fsdecode(error.filename)}: {error.strerror}")
    traceback.print_exception(error)
    return Failure(
        f"internal error ({type(error).__name__}); please report it with the lines above"
    )


def _is_ours(error: Exception) -> bool:
    """Whether it is an error whose text is meant for people; its module is loaded if it is."""
    homes = {
        "hk2flax.rewrite.write": "WriteError",
        "hk2flax.params.errors": "CheckpointError",
        "hk2flax.oracle.errors": "OracleError",
        "hk2flax.project.config": "ConfigError",
        "hk2flax.diagnostics.select": "UnknownCode",
    }
    known = (getattr(sys.modules.get(home), name, None) for home, name in homes.items())
    return isinstance(error, tuple(kind for kind in known if kind is not None))
