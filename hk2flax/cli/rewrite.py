"""`hk2flax rewrite`: the source code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

_PATH = click.Path(exists=True, path_type=Path)


@click.command("rewrite", short_help="Rewrite Haiku code to Flax linen.")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=_PATH)
@click.option("--diff", is_flag=True, help="Print a diff for `git apply`; write nothing.")
@click.option("--check", is_flag=True, help="Exit 1 if something would change; write nothing.")
@click.option(
    "--output",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write the whole rewritten tree to DIR and leave PATH alone.",
)
@click.option(
    "--report",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a report: .json, .sarif or .html.",
)
@click.option(
    "--prefer",
    type=click.Choice(["exact", "linen"]),
    help="Haiku's behaviour to the digit, or plain linen layers.  [default: exact]",
)
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(min=1),
    default=1,
    help="Upper limit on processes; one is used so far.",
)
@click.option("--exclude", metavar="GLOB", multiple=True, help="Leave these files alone.")
@click.option("--select", metavar="CODES", multiple=True, help="Report only these codes.")
@click.option("--ignore", metavar="CODES", multiple=True, help="Do not report these codes.")
@click.option("--allow-dirty", is_flag=True, help="Overwrite uncommitted changes.")
@click.option("-q", "--quiet", is_flag=True, help="Print only what needs a person.")
@click.pass_context
def command(ctx: click.Context, **options: Any) -> None:
    """Rewrite Haiku code to Flax linen, in place unless told otherwise.

    Exit code 0: nothing is left for a person. 1: done, but some places need a person (with
    --check: something would change). 2: wrong use or an error; nothing was written.
    """
    from hk2flax.cli.rewriting import run

    ctx.exit(run(**options))
