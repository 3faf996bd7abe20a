"""What the catalog says about classes that appear in a record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from hk2flax.catalog.model import Native, Symbol


@dataclass(frozen=True)
class Known:
    """The catalog's layers, looked up by the class names of a `Frame`.

    symbols: the catalog's entries. user_classes: the source's own classes, so that a class of the
    user's that shares a name with a helper is not taken for it.
    """

    symbols: tuple[Symbol, ...]
    user_classes: frozenset[str] = frozenset()

    @cached_property
    def _layers(self) -> dict[str, Symbol]:
        return {s.name.rsplit(".", 1)[-1]: s for s in self.symbols if s.kind == "layer"}

    @cached_property
    def _composite_targets(self) -> dict[str, Symbol]:
        found = {}
        for symbol in self._layers.values():
            if symbol.native is not None and is_composite(symbol.native):
                found[symbol.native.target.rsplit(".", 1)[-1]] = symbol
        return found

    def haiku(self, classes: Iterable[str]) -> Iterator[Symbol]:
        """Catalogued layers among the classes, most derived first."""
        for name in classes:
            if name.startswith("haiku.") and (symbol := self._layers.get(_simple(name))):
                yield symbol

    def is_native(self, native: Native, classes: Iterable[str]) -> bool:
        """Whether the Flax class is the native target or derives from it."""
        wanted = native.target.rsplit(".", 1)[-1]
        return any(c.startswith("flax.") and _simple(c) == wanted for c in classes)

    def composite_in_haiku(self, classes: Sequence[str]) -> bool:
        """Whether a Haiku layer may become one Flax layer whose inner modules do not correspond.

        A class of the user's that derives from one may hold anything, and becomes a class that
        derives from the helper: its inner modules pair one by one.
        """
        return any(s.native is not None and is_composite(s.native) for s in self.haiku(classes[:1]))

    def composite_in_flax(self, classes: Sequence[str]) -> bool:
        """The same for the Flax side: the native layer itself or the helper of that name."""
        name = classes[0] if classes else ""
        if not name or name in self.user_classes:
            return False
        if name.startswith("flax."):
            return _simple(name) in self._composite_targets
        symbol = next((s for s in self._layers.values() if s.helper == _simple(name)), None)
        return symbol is not None and symbol.native is not None and is_composite(symbol.native)


def is_composite(native: Native) -> bool:
    """Whether a layer's leaves lie in modules of their own on either side."""
    return any("/" in leaf.haiku or "/" in leaf.flax for leaf in native.leaves)


def _simple(name: str) -> str:
    return name.split(":")[-1].rsplit(".", 1)[-1]


def simple_names(classes: Iterable[str]) -> tuple[str, ...]:
    """Class names without module, of the user's own and the helpers' classes only."""
    outside = ("flax.", "haiku.", "builtins:", "abc:", "typing:")
    return tuple(_simple(name) for name in classes if not name.startswith(outside))
