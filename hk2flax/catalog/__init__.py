"""What every public Haiku symbol means in Flax: `SYMBOLS` by dotted name, and `lookup`."""

from __future__ import annotations

from . import (
    attention,
    control,
    conv,
    data_structures,
    experimental,
    framework,
    functions,
    initializers,
    layers_linear,
    mixed_precision,
    modules,
    nets,
    norm,
    pad,
    pooling,
    recurrent,
    removed,
    reshape,
    testing,
    transforms,
    types,
)
from .aliases import ALIASES, private_names
from .model import Symbol

SECTIONS = {
    "Dense layers, embeddings, containers": layers_linear,
    "Convolutions": conv,
    "Normalisation and averages": norm,
    "Attention": attention,
    "Recurrent cores": recurrent,
    "Pooling": pooling,
    "Shapes": reshape,
    "Networks": nets,
    "Initialisers": initializers,
    "Functions": functions,
    "Padding functions": pad,
    "Transforms": transforms,
    "Parameters, state, keys, names, hooks": framework,
    "Control flow, jax transformations, lifting": control,
    "Types": types,
    "Parameter trees": data_structures,
    "Mixed precision": mixed_precision,
    "Reports, Flax bridge, settings": experimental,
    "Testing": testing,
    "Submodules": modules,
    "Names of older Haiku versions": removed,
}
"""The catalog's files by subject, in the order of the reference page."""

SYMBOLS: dict[str, Symbol] = {
    symbol.name: symbol for section in SECTIONS.values() for symbol in section.SYMBOLS
}


_PRIVATE = private_names(SYMBOLS.values())


def public_name(name: str) -> str:
    """The public name of what `haiku._src.basic.Linear` names; any other name as it is."""
    return _PRIVATE.get(name, name) if name.startswith("haiku._src.") else name


def lookup(name: str) -> Symbol | None:
    """The entry of a dotted public name ("haiku.Linear"); aliases lead to the one entry."""
    return SYMBOLS.get(ALIASES.get(name, name))
