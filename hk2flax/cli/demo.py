"""`hk2flax demo`: the whole job on a bundled project."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("demo", short_help="Do all of it on a bundled project.")
@click.option(
    "--output",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the Flax project and its checkpoint here; else a temporary directory is used.",
)
@click.pass_context
def command(ctx: click.Context, output: Path | None) -> None:
    """Rewrite a small Haiku project, convert its checkpoint, and verify the result."""
    from hk2flax.cli.demonstration import run

    ctx.exit(run(output))
