"""`hk2flax map`: old and new parameter names side by side."""

from __future__ import annotations

from pathlib import Path

import click

from hk2flax.cli.options import two_trees


@click.command("map", short_help="Write the map from old to new parameter names.")
@two_trees(required=True)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("hk2flax.map.json"),
    show_default=True,
    help="Where to write the map.",
)
def command(source: Path, target: Path, entry: str, inputs: str | None, output: Path) -> None:
    """Write the map from Haiku's parameter and state names to Flax's, as editable JSON.

    Both programs are traced without allocating weights.
    """
    from hk2flax.oracle import build_map

    built = build_map(source, target, entry, inputs)
    built.save(output)
    count = len(built.entries)
    click.echo(f"{count} {'leaf' if count == 1 else 'leaves'} mapped: {output}", err=True)
