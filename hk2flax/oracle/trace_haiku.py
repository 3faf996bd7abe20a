"""Record what a Haiku program creates, in the order in which it would be used.

Three hooks of haiku see everything without changing it: creators and setters (haiku/_src/base.py,
the outermost runs first) and method interceptors (haiku/_src/module.py). They live on thread-local
stacks, so pushing onto those works outside of a transform as well.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from haiku._src import base
from haiku._src import layer_stack as hk_layer_stack
from haiku._src import module as hk_module
from haiku._src import utils as hk_utils

from .entry import Args, Kwargs, Program
from .errors import OracleError
from .records import Frame, LeafRecord, Record
from .tracing import class_names, dtype_of, initialise, leaves, shape_of

_Key = tuple[str, str, str]
_When = tuple[int, tuple[int, ...]]


class _Recorder:
    """Events of one run. A time is (tick, ids of the modules being constructed, innermost first).

    A tick alone would not do: Haiku creates the parameters of `__init__` at construction, linen's
    setup at first use. So what happens inside X.__init__ counts as happening when X is first used.
    """

    def __init__(self) -> None:
        self.tick = 0
        self.created: dict[_Key, _When] = {}
        self.used: dict[int, _When] = {}
        self.modules: dict[int, Any] = {}  # also keeps them alive, so that ids stay unique
        self.names: dict[str, Any] = {}
        self.copies: dict[str, tuple[str, int]] = {}

    def now(self) -> _When:
        """Count on, and say which constructors are running."""
        self.tick += 1
        constructing = [
            id(state.module)
            for frame in base.frame_stack
            for state in frame.module_stack
            if state.method_name == "__init__"
        ]
        return self.tick, tuple(constructing)

    def intercept(self, call: Any, args: Any, kwargs: Any, context: Any) -> Any:
        """Note the first use of a module and, once constructed, its full name."""
        module = context.module
        if not isinstance(module, hk_module.Module):  # a field's default that is a function
            return call(*args, **kwargs)
        self.modules[id(module)] = module
        if context.method_name != "__init__":
            when = self.now()
            self.used.setdefault(id(module), when)
        result = call(*args, **kwargs)
        name = getattr(module, "module_name", None)
        if name is not None and not base.params_frozen():
            self.names.setdefault((base.get_lift_prefix() or "") + name, module)
        return result

    def _note(self, kind: str, context: Any) -> None:
        bundle = (context.lifted_prefix_name or "") + context.module_name
        key = (kind, bundle, context.name)
        self.created.setdefault(key, self.now())
        if context.module is not None:
            self.names.setdefault(bundle, context.module)

    def creator(self, kind: str) -> Any:
        """A creator that only looks."""

        def create(following: Any, shape: Any, dtype: Any, init: Any, context: Any) -> Any:
            value = following(shape, dtype, init)
            if value is not base.DO_NOT_STORE:
                self._note(kind, context)
            return value

        return create

    def set_state(self, following: Any, value: Any, context: Any) -> Any:
        """A setter that only looks; state may be created by setting it."""
        value = following(value)
        if value is not base.DO_NOT_STORE and not base.params_frozen():
            self._note("state", context)
        return value

    def split_stack(self, original: Any) -> Any:
        """Follow a transparent layer_stack: which flat modules one stacked module becomes."""

        def split(stacked: Any, count: int, name_map: Any) -> Any:
            prefix = base.get_lift_prefix() or ""
            for name in stacked:
                for i in range(count):
                    self.copies[prefix + name_map.stacked_to_flat(name, i)] = (prefix + name, i)
            return original(stacked, count, name_map)

        return split

    def time(self, when: _When, seen: frozenset[int] = frozenset()) -> tuple[int, int]:
        """(tick at which it counts, tick at which it happened)."""
        tick, constructing = when
        for module in constructing:
            if module in self.used and module not in seen:
                return self.time(self.used[module], seen | {module})[0], tick
        return tick, tick


@contextlib.contextmanager
def recording() -> Iterator[_Recorder]:
    """Watch everything haiku creates inside the block."""
    recorder = _Recorder()
    split = hk_layer_stack._split_params
    with (
        base.param_creator_stack(recorder.creator("param")),
        base.state_creator_stack(recorder.creator("state")),
        base.state_setter_stack(recorder.set_state),
        hk_module.intercept_methods(recorder.intercept),
    ):
        hk_layer_stack._split_params = recorder.split_stack(split)
        try:
            yield recorder
        finally:
            hk_layer_stack._split_params = split


def trace(program: Program, args: Args, kwargs: Kwargs) -> Record:
    """Record what `program` creates; nothing is allocated."""
    with recording() as recorder:
        params, state = initialise(program, args, kwargs)
    return _record(recorder, params, state)


def _record(recorder: _Recorder, params: Any, state: Any) -> Record:
    attributes = _attributes(recorder)
    found = []
    for kind, tree in (("param", params), ("state", state)):
        for path, value in leaves(tree):
            if len(path) < 2:
                raise OracleError(f"{path[0]!r} is no {{module: {{name: array}}}} of Haiku's")
            module, name = path[0], "/".join(path[1:])
            order = _order(recorder, kind, module, path[1])
            chain = _chain(recorder, module, attributes)
            leaf = LeafRecord(kind, module, name, shape_of(value), dtype_of(value), path, chain)
            found.append((order, leaf))
    found.sort(key=lambda pair: (pair[0] is None, pair[0] or (), _natural(pair[1].path)))
    return Record(
        side="source",
        leaves=tuple(
            LeafRecord(**{**vars(leaf), "order": None if order is None else position})
            for position, (order, leaf) in enumerate(found)
        ),
        user_classes=frozenset(
            name
            for module in recorder.modules.values()
            for name in class_names(type(module))
            if not name.startswith(("haiku.", "builtins:", "typing:", "abc:"))
        ),
    )


def _order(recorder: _Recorder, kind: str, module: str, name: str) -> tuple[int, ...] | None:
    """Sort key of a leaf, or None. Layers of a transparent stack count one after the other."""
    if when := recorder.created.get((kind, module, name)):
        effective, tick = recorder.time(when)
        return (effective, 0, tick)
    if module in recorder.copies:
        stacked, layer = recorder.copies[module]
        siblings = {name for name, _ in recorder.copies.values()}
        times = [w for (_, m, _), w in recorder.created.items() if m in siblings]
        if times and (when := recorder.created.get((kind, stacked, name))):
            start = min(recorder.time(w)[0] for w in times)
            return (start, layer, *recorder.time(when))
    return None


def _natural(text: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text)]


def _attributes(recorder: _Recorder) -> dict[int, set[str]]:
    """Names under which modules are kept on other modules: "encoder", "layers_0", "heads_q"."""
    names: dict[int, set[str]] = {}

    def visit(value: Any, name: str, depth: int) -> None:
        if isinstance(value, hk_module.Module):
            names.setdefault(id(value), set()).update({name, name.lstrip("_")})
        elif isinstance(value, dict) and depth < 4:
            for key, inner in value.items():
                visit(inner, f"{name}_{key}", depth + 1)
        elif isinstance(value, list | tuple) and depth < 4:
            for position, inner in enumerate(value):
                visit(inner, f"{name}_{position}", depth + 1)

    for module in recorder.modules.values():
        for attribute, value in vars(module).items():
            visit(value, attribute, 0)
    return names


def _chain(recorder: _Recorder, bundle: str, attributes: dict[int, set[str]]) -> tuple[Frame, ...]:
    """The modules on the way to `bundle`; method parts ("~", "~encode") are none."""
    chain = []
    parts = bundle.split("/")
    for length in range(1, len(parts) + 1):
        last = parts[length - 1]
        if last.startswith("~"):
            continue
        name = "/".join(parts[:length])
        copy = recorder.copies.get(name)
        module = recorder.names.get(name, recorder.names.get(copy[0]) if copy else None)
        keys = set(attributes.get(id(module), ()))
        if module is None or not _counted(last, type(module)):
            keys.add(last)
        classes = () if _is_scope(module) else class_names(type(module))
        chain.append(Frame(name, classes, frozenset(keys)))
    return tuple(chain)


def _is_scope(module: Any) -> bool:
    scopes = ("NameScopeModule", "LiftingModule")
    return module is None or type(module).__name__ in scopes


def _counted(name: str, cls: type) -> bool:
    """Whether haiku may have made this name up: the class in snake case, perhaps numbered."""
    return (
        re.fullmatch(re.escape(hk_utils.camel_to_snake(cls.__name__)) + r"(_\d+)?", name)
        is not None
    )
