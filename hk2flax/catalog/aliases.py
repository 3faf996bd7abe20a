"""Names for the same object: haiku.experimental repeats much of haiku, haiku.typing its types."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .model import Symbol

_EXPERIMENTAL = (
    "DO_NOT_STORE",
    "GetterContext",
    "LayerStackTransparencyMapping",
    "LiftWithStateUpdater",
    "MethodContext",
    "current_name",
    "custom_creator",
    "custom_getter",
    "force_name",
    "get_current_state",
    "get_initial_state",
    "get_params",
    "intercept_methods",
    "layer_stack",
    "lift",
    "lift_with_state",
    "maybe_get_rng_sequence_state",
    "name_like",
    "name_scope",
    "replace_rng_sequence_state",
    "to_dot",
    "transparent_lift",
    "transparent_lift_with_state",
)
_TYPING = ("MutableParams", "MutableState", "Params", "State")

# Alias -> the name of the entry.
ALIASES: dict[str, str] = {
    **{f"haiku.experimental.{name}": f"haiku.{name}" for name in _EXPERIMENTAL},
    **{f"haiku.typing.{name}": f"haiku.{name}" for name in _TYPING},
    "haiku.experimental.ParamContext": "haiku.GetterContext",
    "haiku.pad.create_from_padfn": "haiku.pad.create",
}

_FILE = re.compile(r"haiku/_src/([\w/]+)\.py")


def private_names(symbols: Iterable[Symbol]) -> dict[str, str]:
    """Where Haiku keeps its symbols ("haiku._src.basic.Linear") -> their public names.

    Programs import from there too, and copies of Haiku's own files do nothing else.
    """
    found = {"haiku._src.initializers": "haiku.initializers", "haiku._src.pad": "haiku.pad"}
    for symbol in symbols:
        last = symbol.name.rsplit(".", 1)[-1]
        for file in _FILE.findall(symbol.source):
            found.setdefault(f"haiku._src.{file.replace('/', '.')}.{last}", symbol.name)
    return found
