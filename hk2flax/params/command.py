"""One conversion from file to file: what `hk2flax convert-params` calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hk2flax.params.checkpoint import Checkpoint
from hk2flax.params.dtypes import is_lost
from hk2flax.params.errors import CheckpointError
from hk2flax.params.guess import guess_map
from hk2flax.params.map import Map
from hk2flax.params.mapping import convert, convert_back
from hk2flax.params.optimizer import Extras, convert_extras
from hk2flax.params.optimizer_back import restore_extras
from hk2flax.params.readers import read_checkpoint, read_variables
from hk2flax.params.report import ConversionReport, inspect_tree
from hk2flax.params.tree import plain
from hk2flax.params.unreplicate import unreplicate as drop_replicas
from hk2flax.params.writers import output_format, write_tree


def convert_file(
    checkpoint: Path,
    output: Path | None,
    *,
    map: Map | None = None,
    to: str | None = None,
    reverse: bool = False,
    unreplicate: bool = False,
    dry_run: bool = False,
    hashes: bool = False,
) -> ConversionReport:
    """Read `checkpoint`, convert it through `map`, write `output`; or only say what would happen.

    Without `map` the catalog's rules decide by name and the report lists what was guessed. With
    `reverse` the checkpoint is a Flax variables tree and the result a Haiku checkpoint.

    Raises:
        CheckpointError: anything wrong with the checkpoint, the map or the output; then `output`
            is as it was before.
    """
    checkpoint, output = Path(checkpoint), None if output is None else Path(output)
    fmt = _format(checkpoint, output, to, reverse=reverse, dry_run=dry_run)
    report = ConversionReport(checkpoint, "", output, fmt, reverse, dry_run)
    with _about(checkpoint):
        if reverse:
            tree = _to_haiku(report, map, unreplicate=unreplicate)
        else:
            tree = _to_flax(report, map, unreplicate=unreplicate)
    report.leaves = inspect_tree(tree, hashes=hashes)
    if output is not None and not dry_run:
        report.notes += write_tree(tree, output, fmt, haiku=reverse)
    return report


def _to_flax(report: ConversionReport, mapping: Map | None, *, unreplicate: bool) -> dict[str, Any]:
    source = read_checkpoint(report.checkpoint)
    if unreplicate:
        source = drop_replicas(source)
    report.format = source.format
    report.notes += source.notes
    if mapping is None:
        mapping, report.guessed = guess_map(source)
        report.notes.append(
            "no map: names were guessed, those of your own modules kept as Haiku has them; "
            "give --map, or --source and --target, to be sure"
        )
    variables = convert(source, mapping)
    extras = convert_extras(source.extras, mapping)
    report.mirrors = extras.mirrors
    report.dropped = [f"{e.label}: {e.reason}" for e in mapping.entries if not e.targets]
    report.notes += [*extras.notes, *_dtype_notes(source, mapping)]
    return _merged(variables, extras, report)


def _to_haiku(
    report: ConversionReport, mapping: Map | None, *, unreplicate: bool
) -> dict[str, Any]:
    if mapping is None:
        why = "Haiku's names cannot be guessed: give --map, or --source and --target"
        raise CheckpointError("", "--reverse needs a map", why)
    if unreplicate:
        why = "it applies to Haiku checkpoints; take slice 0 of a replicated Flax tree first"
        raise CheckpointError("", "--unreplicate cannot be used with --reverse", why)
    variables, loaded = read_variables(report.checkpoint)
    report.format = loaded.format
    restored = convert_back(variables, mapping)
    extras = restore_extras(restored.extras, mapping)
    report.mirrors = extras.mirrors
    report.notes += [*loaded.notes, *restored.notes, *extras.notes]
    trees: dict[str, Any] = {"params": restored.params}
    if restored.state:
        trees["state"] = restored.state
    return _merged(trees, extras, report)


def _merged(trees: dict[str, Any], extras: Extras, report: ConversionReport) -> dict[str, Any]:
    for key, value in extras.tree.items():
        name = key if key not in trees else f"checkpoint_{key}"
        if name != key:
            report.notes.append(f"{key!r} of the checkpoint is called {name!r} in the result")
        trees[name] = plain(value)
    return trees


def _dtype_notes(source: Checkpoint, mapping: Map) -> Iterator[str]:
    dtypes = {(entry.kind, entry.module, entry.name): entry.dtype for entry in mapping.entries}
    leaves = dict(source.leaves())
    if repaired := sum(is_lost(array.dtype) for array in leaves.values()):
        yield f"{repaired} leaves were stored as raw bytes: the map gave their dtype"
    kept: dict[tuple[str, str], int] = {}
    for key, array in leaves.items():
        pair = (array.dtype.name, dtypes[key])
        if pair[0] != pair[1] and not is_lost(array.dtype):
            kept[pair] = kept.get(pair, 0) + 1
    for (have, expected), count in kept.items():
        yield f"{count} leaves are {have} where the traced program has {expected}: kept as they are"


def _format(
    checkpoint: Path, output: Path | None, to: str | None, *, reverse: bool, dry_run: bool
) -> str:
    if output is None:
        if not dry_run:
            raise CheckpointError(checkpoint, "nowhere to write", "give an output, or a dry run")
        return to or "none"
    fmt = output_format(output, to, reverse=reverse)
    if output.exists() and checkpoint.exists() and output.samefile(checkpoint):
        why = "choose another output: the checkpoint would be overwritten"
        raise CheckpointError(output, "input and output are the same", why)
    return fmt


@contextmanager
def _about(path: Path) -> Iterator[None]:
    """Name the checkpoint in errors that do not know it."""
    try:
        yield
    except CheckpointError as error:
        if error.file:
            raise
        raise CheckpointError(path, error.what, error.why) from error
