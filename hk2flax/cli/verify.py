"""`hk2flax verify`: the proof that nothing changed."""

from __future__ import annotations

from pathlib import Path

import click

from hk2flax.cli.options import two_trees


@click.command("verify", short_help="Run both versions and compare them.")
@two_trees(required=False)
@click.option(
    "--report",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the results as .json.",
)
@click.option("--device", type=click.Choice(["cpu", "gpu"]), help="Where to run both.")
@click.pass_context
def command(
    ctx: click.Context,
    source: Path | None,
    target: Path | None,
    entry: str | None,
    inputs: str | None,
    report: Path | None,
    device: str | None,
) -> None:
    """Run the Haiku program and its Flax version on the same weights and compare them.

    Without --source, --target and --entry, every [[tool.hk2flax.verify]] entry of the
    pyproject.toml above the current directory is run. Exit code 1: something differs.
    """
    from hk2flax.cli.verifying import entries, run

    ctx.exit(run(entries(source, target, entry, inputs), report, device))
