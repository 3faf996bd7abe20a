"""Record what a linen program creates, in order of execution.

Every variable passes through `Scope.put_variable` (flax/core/scope.py: `param` and `variable` call
it), inside lifted transforms as well, where scopes keep their path. Results of a lifted transform
are put once more as whole dicts; only the first put of a path counts.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import flax.linen as nn
from flax.core.scope import Scope

from .entry import Args, Kwargs, Program
from .origins import Origin, Path, Puts
from .records import Frame, LeafRecord, Record
from .tracing import class_names, dtype_of, initialise, leaves, shape_of

# Collections that hold no weights and no state.
PASSING = frozenset({"intermediates", "perturbations"})


class _Recorder:
    """Events of one run."""

    def __init__(self) -> None:
        self.puts = Puts()
        self.streams: set[str] = set()
        self._roots: list[Scope] = []  # kept alive, so that they stay distinct

    def root(self, scope: Scope) -> int:
        """The number of a scope's root."""
        for number, root in enumerate(self._roots):
            if root is scope.root:
                return number
        self._roots.append(scope.root)
        return len(self._roots) - 1

    def intercept(self, call: Any, args: Any, kwargs: Any, context: Any) -> Any:
        """Note the class behind a path.

        A lifted class comes first, the class that it wraps after it; the last one counts.
        """
        scope = context.module.scope
        if scope is not None:
            key = (self.root(scope), tuple(scope.path))
            self.puts.classes[key] = class_names(type(context.module))
        return call(*args, **kwargs)


@contextlib.contextmanager
def recording() -> Iterator[_Recorder]:
    """Watch everything linen creates inside the block."""
    recorder = _Recorder()
    put, draw = Scope.put_variable, Scope.make_rng

    def put_variable(self: Scope, col: str, name: str, value: Any) -> None:
        shape = None if isinstance(value, Mapping) else shape_of(value)
        recorder.puts.add((col, *self.path, name), recorder.root(self), shape)
        put(self, col, name, value)

    def make_rng(self: Scope, name: str = "params") -> Any:
        recorder.streams.add(name)
        return draw(self, name)

    Scope.put_variable = put_variable  # type: ignore[method-assign]
    Scope.make_rng = make_rng  # type: ignore[method-assign]
    try:
        with nn.intercept_methods(recorder.intercept):
            yield recorder
    finally:
        Scope.put_variable, Scope.make_rng = put, draw  # type: ignore[method-assign]


def trace(program: Program, args: Args, kwargs: Kwargs) -> Record:
    """Record what `program` creates; nothing is allocated."""
    with recording() as recorder:
        params, state = initialise(program, args, kwargs)
    program.streams |= recorder.streams
    return _record(recorder, params, state)


def _record(recorder: _Recorder, params: Any, state: Any) -> Record:
    tree = {"params": params, **{k: v for k, v in state.items() if k not in PASSING}}
    found = []
    for (collection, *rest), value in leaves(tree):
        path = tuple(rest)
        origin = recorder.puts.origin(collection, path, shape_of(value))
        owner = path[:-1] if origin is None else path[: origin.owner]
        leaf = LeafRecord(
            collection,
            "/".join(owner),
            "/".join(path[len(owner) :]),
            shape_of(value),
            dtype_of(value),
            path,
            tuple(_frame(recorder.puts, owner[:n], origin) for n in range(1, len(owner) + 1)),
        )
        found.append((None if origin is None else origin.order, path, leaf))
    found.sort(key=lambda row: (row[0] is None, row[0] or (), row[1]))
    return Record(
        side="target",
        leaves=tuple(
            LeafRecord(**{**vars(leaf), "order": None if order is None else position})
            for position, (order, _, leaf) in enumerate(found)
        ),
        root=recorder.puts.classes.get((0, ()), ()),
        streams=tuple(sorted(recorder.streams)),
    )


def _frame(puts: Puts, path: Path, origin: Origin | None) -> Frame:
    classes = puts.class_of(path, origin)
    counted = any(
        re.fullmatch(rf"[A-Za-z]*{re.escape(name.rsplit('.', 1)[-1].split(':')[-1])}_\d+", path[-1])
        for name in classes
    )
    keys = frozenset() if counted else frozenset({path[-1]})
    return Frame("/".join(path), classes, keys)
