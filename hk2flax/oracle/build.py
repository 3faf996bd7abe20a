"""The checkpoint map of two programs, from running both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .align import align
from .process import Worker, both

if TYPE_CHECKING:
    from hk2flax.catalog.model import Symbol
    from hk2flax.params.map import Map


def symbols() -> Iterable[Symbol]:
    """The catalog's entries."""
    from hk2flax.catalog import SYMBOLS

    return SYMBOLS.values()


def build_map(source: Path, target: Path, entry: str, inputs: str | None = None) -> Map:
    """Trace `entry` in both trees without allocating weights and pair their leaves.

    Raises OracleError when a program cannot be imported or traced, AlignmentError when the leaves
    do not pair up.
    """
    with Worker("source", source, "cpu") as haiku, Worker("target", target, "cpu") as flax:
        workers = (haiku, flax)
        load(workers, entry, inputs)
        return traced(workers, entry)


def load(workers: tuple[Worker, Worker], entry: str, inputs: str | None) -> tuple[dict, dict]:  # type: ignore[type-arg]
    """Import both trees at the same time."""
    for worker in workers:
        worker.send("load", worker.side, str(worker.root), entry, inputs)
    return workers[0].receive(), workers[1].receive()


def traced(workers: tuple[Worker, Worker], entry: str) -> Map:
    """Trace both loaded programs and align them."""
    records = both(workers, "trace")
    found = align(*records, symbols())
    return replace(
        found, source=f"{workers[0].root}: {entry}", target=f"{workers[1].root}: {entry}"
    )
