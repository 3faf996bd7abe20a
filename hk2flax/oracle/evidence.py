"""How well the names of two units agree."""

from __future__ import annotations

from functools import lru_cache

from .known import simple_names
from .records import Frame
from .units import Unit

KEY, CLASS = 2, 3


def score(haiku: Unit, flax: Unit) -> int:
    """Points for names and classes that both sides share, on the way to the unit and at its end.

    Only names that an author gave count (attributes, explicit names): the frameworks' own numbers
    run differently in each (semantics.md A1, A2), so they say nothing. Levels that only one side
    has (layer_stack, lifted classes, the function's own module) are passed over.
    """
    same = set(simple_names(haiku.classes)) & set(simple_names(flax.classes))
    return _common(haiku.chain, flax.chain) + (CLASS if same else 0)


@lru_cache(maxsize=200_000)
def _common(haiku: tuple[Frame, ...], flax: tuple[Frame, ...]) -> int:
    """Best total over all ways to match levels in order."""
    if not haiku or not flax:
        return 0
    return max(
        _common(haiku[:-1], flax),
        _common(haiku, flax[:-1]),
        _common(haiku[:-1], flax[:-1]) + _level(haiku[-1], flax[-1]),
    )


@lru_cache(maxsize=200_000)
def _level(haiku: Frame, flax: Frame) -> int:
    """Points for one level: the same name, unless it names modules of different classes.

    A class of the user's keeps its name, so a block that is called "linear" by default is not
    somebody else's layer of that name.
    """
    own = simple_names(haiku.classes)
    if own and flax.classes and not set(own) & set(simple_names(flax.classes)):
        return 0
    return KEY if haiku.keys & flax.keys else 0
