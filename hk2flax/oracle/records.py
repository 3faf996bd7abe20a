"""What one run of `init` created, as plain data without jax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Side = Literal["source", "target"]


@dataclass(frozen=True)
class Frame:
    """One module on the way from the root to the owner of a leaf.

    name: full module name: "encoder/~/linear_0" in Haiku, "encoder/layers_0" in Flax.
    classes: "module:qualname" of its class and of its base classes, most derived first; empty for
        name scopes and for the root of a function.
    keys: what the author calls it: an explicit name, the attribute that holds it. Names that the
        framework counted out ("linear_1", "Dense_1") are none.
    """

    name: str
    classes: tuple[str, ...] = ()
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True)
class LeafRecord:
    """One array of the tree that `init` returned.

    kind: "param" or "state" in Haiku; the collection in Flax.
    keys: where the leaf is in its tree: (module, name, ...) in Haiku, the path below the
        collection in Flax.
    chain: the modules from the outermost to the owner; empty when the root owns the leaf.
    order: position in the order of execution, or None when the creation was not seen.
    """

    kind: str
    module: str
    name: str
    shape: tuple[int, ...]
    dtype: str
    keys: tuple[str, ...] = ()
    chain: tuple[Frame, ...] = ()
    order: int | None = None

    @property
    def path(self) -> str:
        """For messages."""
        return f"{self.module}/{self.name}" if self.module else self.name

    def __str__(self) -> str:
        """As "encoder/linear/w (3, 4) float32"."""
        return f"{self.path} {self.shape} {self.dtype}"


@dataclass(frozen=True)
class Record:
    """Everything one side created, in order of execution; leaves without order come last.

    root: classes of the root module (Flax), as in `Frame.classes`.
    streams: random streams that were asked for (Flax).
    user_classes: the source's own module classes, "module:qualname".
    """

    side: Side
    leaves: tuple[LeafRecord, ...]
    root: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    user_classes: frozenset[str] = frozenset()
