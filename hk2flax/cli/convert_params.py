"""`hk2flax convert-params`: the checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hk2flax.cli.options import two_trees

if TYPE_CHECKING:
    from hk2flax.params.map import Map

FORMATS = ("orbax", "msgpack", "safetensors", "npz")


@click.command("convert-params", short_help="Convert a checkpoint.")
@click.argument("checkpoint", metavar="CKPT", type=click.Path(exists=True, path_type=Path))
@click.option("-o", "--output", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--map",
    "map_file",
    metavar="MAP",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A map that `hk2flax map` wrote; needs neither project.",
)
@two_trees(required=False)
@click.option("--to", type=click.Choice(FORMATS), help="Format of OUT; else its suffix decides.")
@click.option("--reverse", is_flag=True, help="From Flax back to Haiku.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing.")
@click.option("--unreplicate", is_flag=True, help="Drop the leading device axis of pmap.")
def command(
    checkpoint: Path,
    output: Path | None,
    map_file: Path | None,
    source: Path | None,
    target: Path | None,
    entry: str | None,
    inputs: str | None,
    to: str | None,
    reverse: bool,
    dry_run: bool,
    unreplicate: bool,
) -> None:
    """Convert a Haiku checkpoint to Flax variables, exactly where a map or both projects are given.

    With neither, the names alone decide, and the leaves that were guessed are listed.
    """
    if output is None and not dry_run:
        raise click.UsageError("Say where to write with -o OUT, or pass --dry-run.")
    mapping = _mapping(map_file, source, target, entry, inputs)
    from hk2flax.params import convert_file

    report = convert_file(
        checkpoint,
        output,
        map=mapping,
        to=to,
        reverse=reverse,
        unreplicate=unreplicate,
        dry_run=dry_run,
    )
    click.echo(str(report))


def _mapping(
    map_file: Path | None,
    source: Path | None,
    target: Path | None,
    entry: str | None,
    inputs: str | None,
) -> Map | None:
    given = {"--source": source, "--target": target, "--entry": entry}
    if map_file is not None:
        extra = [name for name, value in {**given, "--inputs": inputs}.items() if value is not None]
        if extra:
            raise click.UsageError(f"--map needs no {' or '.join(extra)}.")
        from hk2flax.params import Map

        return Map.load(map_file)
    if source is not None and target is not None and entry is not None:
        from hk2flax.oracle import build_map

        return build_map(source, target, entry, inputs)
    missing = [name for name, value in given.items() if value is None]
    if len(missing) < len(given) or inputs is not None:
        raise click.UsageError(
            f"{' and '.join(missing)} missing: both projects or a map are needed."
        )
    return None
