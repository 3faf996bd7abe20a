"""Where each leaf of a linen tree was created, from the puts that were seen.

Usually the put of the leaf itself tells. A program may also run an inner `init` (as the helper
for hk.layer_stack does, inside a plain scan) and put its result as a whole: then the inner put,
whose path is the end of the leaf's path, tells owner and order within.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

Path = tuple[str, ...]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Put:
    """One first put: when, under which root scope (numbered), and the shape if an array."""

    tick: int
    root: int
    shape: Shape | None


@dataclass(frozen=True)
class Origin:
    """When a leaf was created, how long its owner's path is, and where an inner tree starts.

    renamed: what the owner was called in the inner tree, where that is not the end of its path.
    """

    order: tuple[int, ...]
    owner: int
    root: int
    start: int = 0
    renamed: Path | None = None


@dataclass
class Puts:
    """First puts by (collection, *path), and classes by (root, path)."""

    events: dict[Path, list[Put]] = field(default_factory=lambda: defaultdict(list))
    classes: dict[tuple[int, Path], tuple[str, ...]] = field(default_factory=dict)
    tick: int = 0

    def add(self, full: Path, root: int, shape: Shape | None) -> None:
        """Note a put; later ones under the same root are updates."""
        if all(put.root != root for put in self.events[full]):
            self.tick += 1
            self.events[full].append(Put(self.tick, root, shape))

    def origin(self, collection: str, path: Path, shape: Shape) -> Origin | None:
        """Origin of the leaf at `path`, or None when no put explains it."""
        for length in range(len(path), 0, -1):
            puts = self.events.get((collection, *path[:length]))
            if puts:
                break
        else:
            return None
        if length == len(path):
            put = next((p for p in puts if p.shape == shape), puts[0])
            return Origin((put.tick,), length - 1, put.root)
        outer = puts[0]
        scope = (collection, *path[: length - 1])
        together = [
            p.tick for full, each in self.events.items() if full[:-1] == scope for p in each
        ]
        for start in range(1, len(path)):
            inner = self._inner((collection, *path[start:]), outer.tick, shape)
            if inner is not None:
                return Origin((min(together), inner.tick), len(path) - 1, inner.root, start)
        renamed = self._renamed(collection, path[-1], outer.tick, shape)
        if renamed is not None:
            put, full = renamed
            order = (min(together), put.tick)
            return Origin(order, len(path) - 1, put.root, renamed=full[1:-1])
        return Origin((outer.tick,), length - 1, outer.root)

    def _renamed(
        self, collection: str, name: str, before: int, shape: Shape
    ) -> tuple[Put, Path] | None:
        """The last put of a leaf of that name and shape, whatever its owner was called.

        A transparent stack (hk.layer_stack) takes its inner tree apart and renames the modules.
        """
        fitting = [
            (put, full)
            for full, puts in self.events.items()
            for put in puts
            if (full[0], full[-1]) == (collection, name)
            if put.tick < before and put.shape == shape
        ]
        return max(fitting, key=lambda found: found[0].tick, default=None)

    def _inner(self, full: Path, before: int, shape: Shape) -> Put | None:
        """The last put of an inner tree before its result was handed over; it may be stacked."""
        for put in reversed(self.events.get(full, [])):
            fits = put.shape is not None and shape[len(shape) - len(put.shape) :] == put.shape
            if put.tick < before and fits:
                return put
        return None

    def class_of(self, path: Path, origin: Origin | None) -> tuple[str, ...]:
        """Classes of the module at `path`, an ancestor of a leaf with this origin."""
        if origin is not None and origin.renamed is not None and len(path) == origin.owner:
            return self.classes.get((origin.root, origin.renamed), ())
        if origin is not None:
            found = self.classes.get((origin.root, path[origin.start :]))
            if found and len(path) > origin.start:
                return found
        for start in range(len(path)):
            for (_, known), classes in self.classes.items():
                if known == path[start:]:
                    return classes
        return ()
