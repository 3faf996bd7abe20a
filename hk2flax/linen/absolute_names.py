"""Modules at an absolute place in the tree: ``hk.force_name``."""

from __future__ import annotations

from typing import Any

from .scope import running_module


def force_name(name: str) -> dict[str, Any]:
    """Return what puts a module at an absolute path: ``nn.Dense(3, **force_name("shared"))``.

    Wherever they are made, modules of one path have the same variables. linen would name a module
    below its parent, and refuse to use a name again.

    Args:
        name: the path from the top of the tree, with slashes; levels called ``~`` do not count.

    Raises:
        ValueError: below ``nn.scan`` and its kin, where the top of the tree cannot be reached.
    """
    scope: Any = running_module("force_name").scope.root
    if scope.path:
        raise ValueError(f"{name!r} cannot be reached from within linen's own transformations.")
    parts = [part for part in name.split("/") if part != "~"]
    for part in parts:
        scope = scope.push(part, reuse=True)
    return {"parent": scope, "name": parts[-1]}
