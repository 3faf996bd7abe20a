"""Record what a linen program creates, in order of execution.

Every variable passes through `Scope.put_variable` (flax/core/scope.py: `param` and `variable` call
it), inside lifted transforms as well, where scopes keep their path. Results of a lifted transform
are put once more as whole dicts; only the first put of a path counts.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import flax.linen as nn
from flax.core.scope import Scope

from .entry import Args, Kwargs, Program
from .records import Frame, LeafRecord, Record
from .tracing import class_names, dtype_of, initialise, leaves, shape_of

_Path = tuple[str, ...]

# Collections that hold no weights and no state.
PASSING = frozenset({"intermediates", "perturbations"})


class _Recorder:
    """Events of one run: first put of every (collection, *path); class of every module path."""

    def __init__(self) -> None:
        self.puts: dict[_Path, int] = {}
        self.classes: dict[_Path, tuple[str, ...]] = {}
        self.streams: set[str] = set()

    def note_module(self, module: nn.Module) -> None:
        """A lifted class comes first, the class that it wraps after it; the last one counts."""
        if module.scope is not None:
            self.classes[tuple(module.scope.path)] = class_names(type(module))

    def intercept(self, call: Any, args: Any, kwargs: Any, context: Any) -> Any:
        """Note the class behind a path."""
        self.note_module(context.module)
        return call(*args, **kwargs)


@contextlib.contextmanager
def recording() -> Iterator[_Recorder]:
    """Watch everything linen creates inside the block."""
    recorder = _Recorder()
    put, draw = Scope.put_variable, Scope.make_rng

    def put_variable(self: Scope, col: str, name: str, value: Any) -> None:
        recorder.puts.setdefault((col, *self.path, name), len(recorder.puts))
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
        put = _put(recorder, (collection, *path))
        owner = path[:-1] if put is None else put[1:-1]
        leaf = LeafRecord(
            collection,
            "/".join(owner),
            "/".join(path[len(owner) :]),
            shape_of(value),
            dtype_of(value),
            path,
            tuple(_frame(recorder, owner[:n]) for n in range(1, len(owner) + 1)),
        )
        found.append((None if put is None else recorder.puts[put], path, leaf))
    found.sort(key=lambda row: (row[0] is None, row[0] or 0, row[1]))
    return Record(
        side="target",
        leaves=tuple(
            LeafRecord(**{**vars(leaf), "order": None if order is None else position})
            for position, (order, _, leaf) in enumerate(found)
        ),
        root=recorder.classes.get((), ()),
        streams=tuple(sorted(recorder.streams)),
    )


def _put(recorder: _Recorder, full: _Path) -> _Path | None:
    """The put that created a leaf: of itself, or of a dict that holds it."""
    for length in range(len(full), 1, -1):
        if full[:length] in recorder.puts:
            return full[:length]
    return None


def _frame(recorder: _Recorder, path: _Path) -> Frame:
    classes = recorder.classes.get(path, ())
    counted = any(
        re.fullmatch(rf"[A-Za-z]*{re.escape(name.rsplit('.', 1)[-1].split(':')[-1])}_\d+", path[-1])
        for name in classes
    )
    keys = frozenset() if counted else frozenset({path[-1]})
    return Frame("/".join(path), classes, keys)
