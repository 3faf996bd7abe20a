"""Names for the same object: haiku.experimental repeats much of haiku, haiku.typing its types."""

from __future__ import annotations

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
