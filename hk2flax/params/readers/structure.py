"""Finding Haiku's params and state in whatever structure a file holds.

In the wild: the bare tree; (params, state); dicts with params, state, opt_state, ema_params;
training-state namedtuples; all of these one or two levels down (jaxline's experiment_state).
"""

from __future__ import annotations

from typing import Any

from hk2flax.params.checkpoint import Checkpoint, Tree
from hk2flax.params.keys import split_haiku
from hk2flax.params.readers.loaded import Loaded
from hk2flax.params.records import Record
from hk2flax.params.tree import as_array, flat_leaves, is_leaf

PARAMS = (
    "params",
    "_params",
    "parameters",
    "network_params",
    "net_params",
    "model_params",
    "hk_params",
    "online_params",
    "trainable_params",
    "weights",
)
STATE = (
    "state",
    "_state",
    "states",
    "network_state",
    "net_state",
    "model_state",
    "hk_state",
    "online_state",
    "bn_state",
)
_DEEPEST = 4


def haiku_trees(loaded: Loaded) -> Checkpoint:
    """Split a file's contents into params, state and extras.

    Raises:
        ValueError: there are no parameters, or several trees and nothing says which they are.
    """
    whole = split_haiku(loaded.tree) if loaded.is_flat else loaded.tree
    notes = list(loaded.notes)
    params, state, extras = _find(whole, notes)
    checkpoint = Checkpoint(
        _two_level(params),
        _two_level(state, not params or is_haiku_tree(params)),
        extras,
        loaded.format,
        notes,
    )
    if not checkpoint.params and not checkpoint.state:
        raise ValueError("it holds no arrays under a module name")
    return checkpoint


def is_haiku_tree(value: Any) -> bool:
    """True for {module: {name: leaf}} with at least one leaf."""
    return (
        isinstance(value, dict)
        and any(value.values())
        and all(
            isinstance(module, str)
            and isinstance(names, dict)
            and all(isinstance(name, str) and is_leaf(leaf) for name, leaf in names.items())
            for module, names in value.items()
        )
    )


def _find(whole: Any, notes: list[str]) -> tuple[Any, Any, dict[str, Any]]:
    known = isinstance(whole, dict) and bool(whole.keys() & set(PARAMS))
    if is_haiku_tree(whole) and not (known and set(whole) <= {*PARAMS, *STATE}):
        return whole, {}, {}
    found = _by_name(whole)
    if found is not None:
        path, node, key = found
        fields = _fields(node)
        names = [name for name in STATE if isinstance(fields.get(name), dict)]
        taken = {key, *names[:1]}
        state = fields[names[0]] if names else {}
        if path:
            notes.append(f"params and state were found under {'/'.join(path)}")
        return fields[key], state, _without(whole, path, taken)
    if isinstance(whole, Record) and whole.args:
        whole = whole.args
    if isinstance(whole, list | tuple) and _starts_with_params(whole):
        rest = list(whole[1:])
        is_state = bool(rest) and isinstance(rest[0], dict) and _names(rest[0]) != _names(whole[0])
        state = rest.pop(0) if is_state else {}
        first = len(whole) - len(rest)
        return whole[0], state, {str(n): part for n, part in enumerate(rest, first)}
    return _only_tree(whole, notes)


def _starts_with_params(whole: list[Any] | tuple[Any, ...]) -> bool:
    """True for (params, ...); a model that has state only gives ({}, state)."""
    if not whole:
        return False
    return _is_nested(whole[0]) or (whole[0] == {} and len(whole) > 1 and _is_nested(whole[1]))


def _names(tree: dict[str, Any]) -> set[tuple[str, ...]]:
    """The paths of a tree: a second tree with the same ones is a copy of params, not state."""
    return {path for path, _ in flat_leaves(tree)}


def _only_tree(whole: Any, notes: list[str]) -> tuple[Any, Any, dict[str, Any]]:
    if isinstance(whole, dict) and len(whole) == 1:
        (key, inner), *_ = whole.items()
        if is_haiku_tree(inner) and any("/" in module for module in inner):
            notes.append(f"the only tree, {key!r}, was taken for the params")
            return inner, {}, {}
    if _is_nested(whole):
        notes.append("nested modules were joined with '/'")
        return whole, {}, {}
    keys = ", ".join(sorted(map(str, _fields(whole)))[:12]) or type(whole).__name__
    raise ValueError(f"neither {{module: {{name: array}}}} nor a dict that names params: {keys}")


def _by_name(whole: Any) -> tuple[tuple[str, ...], Any, str] | None:
    """Return (path, container, key) of the shallowest parameters that are called so."""
    level: list[tuple[tuple[str, ...], Any]] = [((), whole)]
    for _ in range(_DEEPEST):
        for path, node in level:
            fields = _fields(node)
            for key in PARAMS:
                if _is_nested(fields.get(key)) or (path == () and fields.get(key) == {}):
                    return path, node, key
        level = [
            ((*path, str(key)), child)
            for path, node in level
            for key, child in _fields(node).items()
            if not is_haiku_tree(child)
        ]
    return None


def _fields(node: Any) -> dict[str, Any]:
    if isinstance(node, Record):
        return {**node.fields, **{str(key): child for key, child in node.items.items()}}
    return node if isinstance(node, dict) else {}


def _is_nested(value: Any) -> bool:
    """True for dicts of dicts (any depth) whose every leaf is an array or a number."""
    if not isinstance(value, dict) or not value or is_leaf(next(iter(value.values()))):
        return False
    leaves = [leaf for _, leaf in flat_leaves(value)]
    return bool(leaves) and all(map(is_leaf, leaves))


def _without(node: Any, path: tuple[str, ...], taken: set[str]) -> dict[str, Any]:
    fields = _fields(node)
    if not path:
        return {str(key): child for key, child in fields.items() if key not in taken}
    inner = {str(key): child for key, child in fields.items()}
    inner[path[0]] = _without(fields[path[0]], path[1:], taken)
    return {key: child for key, child in inner.items() if child != {} or key != path[0]}


def _two_level(tree: Any, known: bool = False) -> Tree:
    """Return {module: {name: array}}; deeper trees are joined with "/".

    known: the first level is modules. State may then hold whole pytrees under one name, whose
    leaves are called "name/key", as the oracle calls them.
    """
    result: Tree = {}
    if is_haiku_tree(tree):
        for module, names in tree.items():
            if names:
                result[module] = {name: as_array(leaf) for name, leaf in names.items()}
        return result
    two = known or (
        all(isinstance(names, dict) for names in tree.values())
        and any(
            "/" in module or any(map(is_leaf, names.values())) for module, names in tree.items()
        )
    )
    for path, leaf in flat_leaves(tree):
        if leaf is None:
            continue
        if not is_leaf(leaf):
            raise ValueError(f"{'/'.join(path)} is {type(leaf).__name__}, not an array")
        module, name = (path[0], "/".join(path[1:])) if two else ("/".join(path[:-1]), path[-1])
        result.setdefault(module, {})[name] = as_array(leaf)
    return result
