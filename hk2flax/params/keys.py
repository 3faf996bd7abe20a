"""Joined keys for flat files (npz, safetensors): "params/Block_0/Dense_0/kernel".

A key that itself holds a "/" (linen's SpectralNorm has "kernel/u") is written with "%2F", and "%"
with "%25", so that splitting gives back the same keys. Haiku trees keep AlphaFold's convention,
"module/path//name", with "params:" and "state:" in front where there is more than the parameters.
"""

from __future__ import annotations

import re
from typing import Any

_PREFIX = re.compile(r"(\w+)(:|//)(.+//.+)", re.DOTALL)


def join_key(path: tuple[str, ...]) -> str:
    """Join the keys of one leaf."""
    return "/".join(key.replace("%", "%25").replace("/", "%2F") for key in path)


def split_key(key: str, separator: str = "/") -> tuple[str, ...]:
    """Undo `join_key`."""
    parts = key.split(separator)
    return tuple(part.replace("%2F", "/").replace("%25", "%") for part in parts)


def split_flax(flat: dict[str, Any]) -> dict[str, Any]:
    """Nest flat Flax keys; "." separates where no key has a "/" (other tools' safetensors).

    Raises:
        ValueError: two keys contradict each other.
    """
    separator = "/" if any("/" in key for key in flat) else "."
    return _nest({key: split_key(key, separator) for key in flat}, flat)


def split_haiku(flat: dict[str, Any]) -> dict[str, Any]:
    """Nest flat Haiku keys as {module: {name: ...}}, or {collection: {module: {name: ...}}}.

    Styles: "module//name", "module:name", "params:module:name", "params:module//name",
    "params//module//name", and "module/name" where nothing better is there.

    Raises:
        ValueError: two keys contradict each other.
    """
    if any("//" in key for key in flat):
        return _nest({key: _double_slash(key) for key in flat}, flat)
    if any(":" in key for key in flat):
        return _nest({key: tuple(key.split(":")) for key in flat}, flat)
    if any("%2F" in key for key in flat):
        return _nest({key: split_key(key) for key in flat}, flat)
    return _nest({key: _single_slash(key) for key in flat}, flat)


def _double_slash(key: str) -> tuple[str, ...]:
    prefix: tuple[str, ...] = ()
    if match := _PREFIX.fullmatch(key):
        prefix, key = (match[1],), match[3]
    elif "//" not in key:
        return tuple(key.split(":"))
    return (*prefix, *key.rsplit("//", 1))


def _single_slash(key: str) -> tuple[str, ...]:
    first, _, rest = key.partition("/")
    if first in ("params", "state", "opt_state", "ema_params") and "/" in rest:
        return (first, *rest.rsplit("/", 1))
    return tuple(key.rsplit("/", 1))


def _nest(paths: dict[str, tuple[str, ...]], flat: dict[str, Any]) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for key, path in paths.items():
        node = root
        for part in path[:-1]:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise ValueError(f"{key!r}: both an array and a module")
        if path[-1] in node:
            raise ValueError(f"{key!r}: two keys for one leaf, or a leaf and a module")
        node[path[-1]] = flat[key]
    return root
