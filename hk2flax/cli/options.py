"""Options that several commands share: two trees and what to run in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])

_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)


def mod_attr(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Check the form MOD:ATTR."""
    if value is not None:
        module, colon, attribute = value.partition(":")
        if not (colon and module and attribute):
            raise click.BadParameter(f"{value!r} is not of the form MOD:ATTR, as in driver:model")
    return value


def two_trees(required: bool) -> Callable[[Function], Function]:
    """Add --source, --target, --entry and --inputs to a command."""

    def add(function: Function) -> Function:
        options = (
            click.option(
                "--source",
                metavar="DIR",
                type=_DIRECTORY,
                required=required,
                help="The Haiku project.",
            ),
            click.option(
                "--target",
                metavar="DIR",
                type=_DIRECTORY,
                required=required,
                help="The rewritten project.",
            ),
            click.option(
                "--entry",
                metavar="MOD:ATTR",
                callback=mod_attr,
                required=required,
                help="A transform, a linen module, or a function that returns either.",
            ),
            click.option(
                "--inputs",
                metavar="MOD:ATTR",
                callback=mod_attr,
                help="A function that returns (args, kwargs) for the entry.",
            ),
        )
        for option in reversed(options):
            function = option(function)
        return function

    return add
