"""What every public Haiku symbol means in Flax: `SYMBOLS` by dotted name, and `lookup`."""

from __future__ import annotations

from .aliases import ALIASES
from .attention import SYMBOLS as _ATTENTION
from .control import SYMBOLS as _CONTROL
from .conv import SYMBOLS as _CONV
from .framework import SYMBOLS as _FRAMEWORK
from .functions import SYMBOLS as _FUNCTIONS
from .initializers import SYMBOLS as _INITIALIZERS
from .layers_linear import SYMBOLS as _LINEAR
from .model import Symbol
from .nets import SYMBOLS as _NETS
from .norm import SYMBOLS as _NORM
from .pooling import SYMBOLS as _POOLING
from .recurrent import SYMBOLS as _RECURRENT
from .reshape import SYMBOLS as _RESHAPE
from .transforms import SYMBOLS as _TRANSFORMS

_ALL = (
    *_LINEAR,
    *_CONV,
    *_NORM,
    *_ATTENTION,
    *_RECURRENT,
    *_POOLING,
    *_RESHAPE,
    *_NETS,
    *_INITIALIZERS,
    *_FUNCTIONS,
    *_TRANSFORMS,
    *_FRAMEWORK,
    *_CONTROL,
)

SYMBOLS: dict[str, Symbol] = {symbol.name: symbol for symbol in _ALL}


def lookup(name: str) -> Symbol | None:
    """The entry of a dotted public name ("haiku.Linear"); aliases lead to the one entry."""
    return SYMBOLS.get(ALIASES.get(name, name))
