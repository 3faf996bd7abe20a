"""Printing: colours only where they are wanted, file names whatever their bytes."""

from __future__ import annotations

import os
import sys

import click

_STYLES = {"error": "red", "manual": "yellow", "note": "cyan", "good": "green"}


def use_color(err: bool = False) -> bool:
    """NO_COLOR and FORCE_COLOR decide; else whether the stream is a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    stream = sys.stderr if err else sys.stdout
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def paint(text: str, kind: str) -> str:
    """The text in the colour of its kind."""
    return click.style(text, fg=_STYLES[kind], bold=kind == "error")


def say(text: str, err: bool = False) -> None:
    """Print a line."""
    click.echo(text.encode("utf-8", "surrogateescape"), err=err, color=True)


def raw(data: bytes) -> None:
    """Write bytes to stdout as they are: a diff keeps the files' own encodings."""
    click.echo(data, nl=False, color=True)
