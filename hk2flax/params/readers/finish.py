"""From what the unpickler built to plain data: arrays, dicts, lists, tuples, named records."""

from __future__ import annotations

from typing import Any

import numpy as np

from hk2flax.params.readers.optax_fields import FIELDS
from hk2flax.params.records import ArrayShell, DtypeShell, Global, Record

MAX_DEPTH = 150
MAX_CONTAINERS = 2_000_000


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MAPPINGS = _names(
    """
    FlatMapping FlatMap frozendict FrozenDict immutabledict to_immutable_dict MappingProxyType
    SimpleNamespace OrderedDict defaultdict
    """
)
_MAPPING_FIELDS = ("_mapping", "_storage", "_dict", "_data", "mapping")


class _Walk:
    """One walk; counts containers so that shared references cannot blow it up."""

    def __init__(self) -> None:
        self.count = 0

    def value(self, value: Any, depth: int) -> Any:
        if value is None or isinstance(value, bool | int | float | str | bytes | np.ndarray):
            return value
        self.count += 1
        if depth > MAX_DEPTH:
            raise ValueError("nested too deeply, or it contains itself")
        if self.count > MAX_CONTAINERS:
            raise ValueError(f"more than {MAX_CONTAINERS:,} containers")
        if isinstance(value, dict):
            return {key: self.value(child, depth + 1) for key, child in value.items()}
        if isinstance(value, list):
            return [self.value(child, depth + 1) for child in value]
        if isinstance(value, tuple):
            return tuple(self.value(child, depth + 1) for child in value)
        if isinstance(value, ArrayShell):
            # Object arrays hold plain data of their own; an unbuilt shell is numpy's empty array.
            return np.empty(0) if value.value is None else self.value(value.value, depth + 1)
        if isinstance(value, DtypeShell):
            return value.resolve().name
        if isinstance(value, Global):
            return value.path
        return self.record(value, depth) if isinstance(value, Record) else value

    def record(self, record: Record, depth: int) -> Any:
        name = record.cls.name.rsplit(".", 1)[-1]
        args = tuple(self.value(arg, depth + 1) for arg in record.args)
        fields = {key: self.value(child, depth + 1) for key, child in record.fields.items()}
        items = {key: self.value(child, depth + 1) for key, child in record.items.items()}
        elements = [self.value(child, depth + 1) for child in record.elements]
        if name in _MAPPINGS:
            inner = [*args, *(fields.get(key) for key in _MAPPING_FIELDS)]
            found = next((part for part in inner if isinstance(part, dict)), None)
            if name == "SimpleNamespace":
                found = fields
            if found is not None or items:
                return {**(found or {}), **items}
        if name == "PRNGKeyArray":
            return _prng_key(fields)
        names = record.cls.fields or FIELDS.get(name, ())
        if args and len(names) == len(args):
            fields, args = {**dict(zip(names, args, strict=True)), **fields}, ()
        return Record(record.cls, args, fields, items, elements)


def finished(value: Any) -> Any:
    """Return `value` with arrays, mappings and records in their final form.

    Raises:
        ValueError: cyclic, absurdly deep or large, or an array that contradicts itself.
    """
    return _Walk().value(value, 0)


def _prng_key(fields: dict[str, Any]) -> dict[str, Any]:
    """Return a typed key as its data and the name of its implementation, which numpy can hold."""
    impl = fields.get("_impl")
    texts = [arg for arg in impl.args if isinstance(arg, str)] if isinstance(impl, Record) else []
    known = [text for text in texts if "." not in text]
    return {"key_data": fields.get("_base_array"), "impl": known[0] if known else "unknown"}
