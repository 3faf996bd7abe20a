"""Checkpoints: readers and writers by format, the map, and the conversion both ways.

Names are loaded on first use, so that importing the map costs no numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "CheckpointError": "errors",
    "Entry": "map",
    "Map": "map",
    "Target": "map",
    "Checkpoint": "checkpoint",
    "convert": "mapping",
    "convert_back": "mapping",
    "ConversionReport": "report",
    "convert_file": "command",
    "read_checkpoint": "readers",
    "read_variables": "readers",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Load a public name from the module that holds it (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
