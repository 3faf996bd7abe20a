"""Reading and writing all variables of one init or apply in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def read_variables(root: Any) -> dict[str, Any]:
    """Return a copy of the collections that may be written, without empty modules."""
    return nested_copy(root.mutable_variables())


def nested_copy(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Copy nested dicts, leaving out empty ones."""
    copied = {k: nested_copy(v) if isinstance(v, Mapping) else v for k, v in tree.items()}
    return {k: v for k, v in copied.items() if not isinstance(v, Mapping) or v}


def write_variables(root: Any, variables: Mapping[str, Any]) -> None:
    """Make the collections that may be written equal to ``variables``."""
    current = root.mutable_variables()
    for collection in {*current, *variables}:
        tree = variables.get(collection, {})
        if collection in current:
            overwrite(current[collection], tree)
        for name in tree if collection not in current else ():
            root.put_variable(collection, name, nested_copy(tree)[name])


def overwrite(nested: dict[str, Any], tree: Mapping[str, Any]) -> None:
    """Make nested dicts equal to a tree in place, as every scope holds on to its own dict."""
    for name in [*nested]:
        if isinstance(nested[name], dict) and not isinstance(tree.get(name, {}), Mapping):
            raise ValueError(f"{name!r} is both a variable and a module with variables.")
        if isinstance(nested[name], dict):
            overwrite(nested[name], tree.get(name, {}))
        elif name not in tree:
            del nested[name]
    for name, value in tree.items():
        if not isinstance(value, Mapping):
            nested[name] = value
        elif not isinstance(nested.get(name), dict):
            nested[name] = nested_copy(value)


def merge_nested(tree: dict[str, Any], updates: dict[str, Any]) -> dict[str, Any]:
    """Return nested dicts with some values exchanged."""
    merged = dict(tree)
    for name, value in updates.items():
        both = isinstance(value, dict) and isinstance(tree.get(name), dict)
        merged[name] = merge_nested(tree[name], value) if both else value
    return merged


def without_values(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested dicts with empty tuples for leaves."""
    return {k: without_values(v) if isinstance(v, Mapping) else () for k, v in tree.items()}
