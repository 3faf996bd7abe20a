"""Options in pyproject.toml under [tool.hk2flax]."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class ConfigError(ValueError):
    """A pyproject.toml that cannot be used; the message names the file, the key and the remedy."""


@dataclass(frozen=True)
class VerifyEntry:
    """One [[tool.hk2flax.verify]] table; directories are absolute."""

    source: Path
    target: Path
    entry: str
    inputs: str | None = None
    device: str | None = None


@dataclass(frozen=True)
class Config:
    """The options of a project; what it does not set has its default."""

    exclude: tuple[str, ...] = ()
    prefer: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    verify: tuple[VerifyEntry, ...] = ()


def load(start: Path) -> Config:
    """The options for a path: from the nearest pyproject.toml above it with a [tool.hk2flax].

    The search ends at the top of a git repository. Raises ConfigError.
    """
    here = Path(start).absolute()
    for directory in (here, *here.parents) if here.is_dir() else here.parents:
        file = directory / "pyproject.toml"
        table = _table(file) if file.is_file() else None
        if table is not None:
            return _config(file, table)
        if (directory / ".git").exists():
            break
    return Config()


def _table(file: Path) -> dict[str, Any] | None:
    try:
        with file.open("rb") as stream:
            document = tomllib.load(stream)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: not valid TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    tool = document.get("tool")
    table = tool.get("hk2flax") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ConfigError(f"{file}: [tool.hk2flax] must be a table")
    return table


def _config(file: Path, table: Mapping[str, Any]) -> Config:
    where = f"{file}: [tool.hk2flax]"
    _known(where, table, ("exclude", "prefer", "select", "ignore", "verify"))
    prefer = table.get("prefer")
    if prefer not in (None, "exact", "linen"):
        raise ConfigError(f'{where} prefer must be "exact" or "linen", not {prefer!r}')
    entries = table.get("verify", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError(f"{where} verify must be an array of tables: [[tool.hk2flax.verify]]")
    return Config(
        exclude=_strings(where, table, "exclude"),
        prefer=prefer,
        select=_strings(where, table, "select"),
        ignore=_strings(where, table, "ignore"),
        verify=tuple(_entry(file, number, entry) for number, entry in enumerate(entries, 1)),
    )


def _entry(file: Path, number: int, table: Mapping[str, Any]) -> VerifyEntry:
    where = f"{file}: [[tool.hk2flax.verify]] number {number}"
    _known(where, table, ("source", "target", "entry", "inputs", "device"))
    for key in ("source", "target", "entry"):
        if key not in table:
            raise ConfigError(f"{where} has no {key}")
    for key, value in table.items():
        if not isinstance(value, str):
            raise ConfigError(f"{where}: {key} must be a string, not {value!r}")
    device = table.get("device")
    if device not in (None, "cpu", "gpu"):
        raise ConfigError(f'{where}: device must be "cpu" or "gpu", not {device!r}')
    source, target = (file.parent / table[key] for key in ("source", "target"))
    return VerifyEntry(source, target, table["entry"], table.get("inputs"), device)


def _strings(where: str, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigError(f"{where} {key} must be a list of strings, not {value!r}")
    return tuple(value)


def _known(where: str, table: Mapping[str, Any], keys: tuple[str, ...]) -> None:
    for key in table:
        if key not in keys:
            close = difflib.get_close_matches(key, keys, n=1)
            hint = f"did you mean {close[0]}?" if close else f"it knows {', '.join(keys)}"
            raise ConfigError(f"{where} has no option {key!r}; {hint}")
