"""The `hk2flax` command. Each subcommand is a file of its own, imported when it is called."""

from __future__ import annotations

import importlib
from typing import Any

import click

from hk2flax import __version__

_COMMANDS = {
    "rewrite": "hk2flax.cli.rewrite",
    "convert-params": "hk2flax.cli.convert_params",
    "map": "hk2flax.cli.map",
    "verify": "hk2flax.cli.verify",
    "explain": "hk2flax.cli.explain",
    "demo": "hk2flax.cli.demo",
}


class LazyGroup(click.Group):
    """A group that imports a subcommand only when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order in which they are used, not by alphabet."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of the subcommand."""
        if cmd_name not in _COMMANDS:
            import difflib

            close = difflib.get_close_matches(cmd_name, _COMMANDS, n=1)
            ctx.fail(
                f"No such command {cmd_name!r}." + (f" Did you mean {close[0]}?" if close else "")
            )
        command: click.Command = importlib.import_module(_COMMANDS[cmd_name]).command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand; what it does not expect is exit code 2, never 1."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            from hk2flax.cli.failure import as_failure

            raise as_failure(error, ctx.invoked_subcommand) from error


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="hk2flax %(version)s")
def main() -> None:
    """Move a DeepMind Haiku project to Flax linen: code, checkpoints, and the proof.

    Start with `hk2flax demo`, or with `hk2flax rewrite --diff PATH`, which writes nothing.
    """
