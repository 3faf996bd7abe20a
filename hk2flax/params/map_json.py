"""Entries of a map as JSON objects: encoding, and decoding with messages a person can act on."""

from __future__ import annotations

from typing import Any

from hk2flax.params.ops import check_op

FORMAT = "hk2flax.map"
VERSION = 1

_ENTRY_KEYS = {"kind", "module", "name", "shape", "dtype", "targets", "reason"}
_TARGET_KEYS = {"collection", "path", "shape", "ops"}


def encode_entry(entry: Any) -> dict[str, Any]:
    """Return the JSON object for a `hk2flax.params.map.Entry`."""
    row: dict[str, Any] = {
        "kind": entry.kind,
        "module": entry.module,
        "name": entry.name,
        "shape": list(entry.shape),
        "dtype": entry.dtype,
        "targets": [
            {
                "collection": target.collection,
                "path": list(target.path),
                "shape": list(target.shape),
                "ops": [list(op) for op in target.ops],
            }
            for target in entry.targets
        ],
    }
    return row | ({"reason": entry.reason} if entry.reason else {})


def decode_entry(row: Any, number: int) -> dict[str, Any]:
    """Return the constructor arguments of an Entry; "targets" holds those of each Target.

    Raises:
        ValueError: a key is missing, unknown or of the wrong type; names the entry by `number`.
    """
    where = f"entry {number}"
    _keys(row, _ENTRY_KEYS, {"targets", "reason"}, where)
    fields = {key: _text(row, key, where) for key in ("kind", "module", "name", "dtype")}
    where = f"{where} ({fields['module']} {fields['name']})"
    targets = row.get("targets", [])
    if not isinstance(targets, list):
        raise ValueError(f'{where}: "targets" must be a list')
    return {
        **fields,
        "shape": _shape(row, where),
        "targets": [_target(target, where) for target in targets],
        "reason": _text({"reason": "", **row}, "reason", where),
    }


def _target(row: Any, where: str) -> dict[str, Any]:
    where = f"{where}, target"
    _keys(row, _TARGET_KEYS, {"ops"}, where)
    path = row["path"]
    if not isinstance(path, list) or not path or not all(isinstance(key, str) for key in path):
        raise ValueError(f'{where}: "path" must be a list of strings')
    ops = row.get("ops", [])
    if not isinstance(ops, list):
        raise ValueError(f'{where}: "ops" must be a list')
    try:
        checked = tuple(check_op(op) for op in ops)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    collection = _text(row, "collection", where)
    return {
        "collection": collection,
        "path": tuple(path),
        "shape": _shape(row, where),
        "ops": checked,
    }


def _keys(row: Any, known: set[str], optional: set[str], where: str) -> None:
    if not isinstance(row, dict):
        raise ValueError(f"{where}: must be an object")
    if missing := known - optional - row.keys():
        raise ValueError(f"{where}: missing {', '.join(sorted(missing))}")
    if unknown := row.keys() - known:
        raise ValueError(f"{where}: unknown {', '.join(sorted(unknown))}")


def _text(row: Any, key: str, where: str) -> str:
    value = row[key]
    if not isinstance(value, str):
        raise ValueError(f'{where}: "{key}" must be a string')
    return value


def _shape(row: Any, where: str) -> tuple[int, ...]:
    shape = row["shape"]
    if not isinstance(shape, list) or not all(
        isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in shape
    ):
        raise ValueError(f'{where}: "shape" must be a list of sizes')
    return tuple(shape)
