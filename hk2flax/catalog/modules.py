"""Haiku's public submodules. Each name in them has an entry of its own."""

from __future__ import annotations

from .model import Symbol

_NOTES = {
    "nets": "Whole networks.",
    "initializers": "`nn.initializers`, where arguments and defaults differ.",
    "pad": "Padding functions.",
    "data_structures": "`flax.traverse_util` does similar things.",
    "mixed_precision": "linen has dtype and param_dtype on each layer.",
    "experimental": "Most of it is in haiku itself by now.",
    "experimental.flax": "Flax inside Haiku and the other way round: no longer needed.",
    "experimental.jaxpr_info": "Reports on compiled programs.",
    "testing": "One decorator.",
    "config": "Settings of Haiku's own machinery.",
    "typing": "Types for annotations.",
}

SYMBOLS = tuple(Symbol(f"haiku.{name}", "module", note=note) for name, note in _NOTES.items())
