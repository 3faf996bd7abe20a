"""The module that is being run, and the frames Haiku gives to methods and name scopes."""

from __future__ import annotations

import contextlib
import functools
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import flax
import flax.linen as nn


class ModuleProbe(nn.Module):
    """Asks linen which module is being run: it is the parent that a new module is given.

    A probe has no use beyond its ``parent``, so it does not matter that linen refuses to attach it
    outside of compact methods, a second time under the same name, or to an unbound module.
    """

    def __post_init__(self) -> None:
        """Let linen set ``parent`` and go no further than it wants to."""
        with contextlib.suppress(
            flax.errors.AssignSubModuleError, flax.errors.NameInUseError, AssertionError
        ):
            super().__post_init__()


def current_module() -> nn.Module | None:
    """Return the innermost module whose method is being run, or None outside of all modules.

    Inside of a plain function it is the module whose method called the function, which is what
    lets the helpers create parameters in functions, as Haiku's implicit context does.
    """
    probe: Any = ModuleProbe(name="~probe")
    return probe.parent


def running_module(symbol: str) -> Any:
    """Return the current ``nn.Module``; raise ValueError if there is none or it is not bound.

    Args:
        symbol: the helper that needs the module, for the message.
    """
    module = current_module()
    if module is None or module.scope is None:
        raise ValueError(
            f"`{symbol}` must be used inside a module that is being initialised or applied, "
            "or in a function given to `transform`."
        )
    return module


class ScopeFrame(nn.Module):
    """Runs a function as the current module, with names that start afresh.

    Attributes:
        fn: the function.
        bundle: the scope that owns the variables requested by name in the frame; by default that
            of the frame itself. Haiku keeps the parameters of a method in the module, and only
            the submodules under the method.
    """

    fn: Callable[..., Any]
    bundle: Any = None

    @nn.compact
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.fn(*args, **kwargs)


def variable_scope(symbol: str) -> Any:
    """Return the linen scope in which a variable requested by name lives.

    Scopes can read and create variables in any method; ``nn.Module.param`` only in a compact one.
    """
    module = running_module(symbol)
    bundle = module.bundle if isinstance(module, ScopeFrame) else None
    return module.scope if bundle is None else bundle


def method_scope(
    method: Callable[..., Any] | None = None, *, name: str | None = None
) -> Callable[..., Any]:
    """Decorate a method (or the getter of a property) that creates submodules.

    Haiku restarts the numbering of names whenever a method is entered: what the method ``encode``
    of ``net`` creates is called ``net/~encode/linear``, however often and from wherever the method
    is called. Calls therefore share weights: two calls, calls from two methods, recursive calls,
    and, in ``__call__``, the submodules of a class and of the base class it calls with ``super()``.
    A compact method of linen would go on counting (or raise NameInUseError) and not share.

    The method is compact. The submodules live in a child scope called ``~method``, those of
    ``__call__`` in the module itself, which is also where parameters and state go. Do not call a
    decorated method in ``setup``: what is made there is shared anyway.

    Args:
        method: the method; leave out to pass ``name``.
        name: scope to use instead of the method's name, as ``hk.experimental.name_like``.

    Raises:
        flax.errors.CallCompactUnboundModuleError: the module is neither initialised nor applied.
    """
    if method is None:
        return functools.partial(method_scope, name=name)
    frame = name or method.__name__

    @nn.compact
    @functools.wraps(method)
    def scoped(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        if self.scope is None:
            raise flax.errors.CallCompactUnboundModuleError()
        # A rewound scope has the same variables and random counters, but all names are free.
        scope: Any = self.scope.rewound()
        scope._root = self.scope._root or self.scope  # a copy of the root is no other run
        if frame != "__call__":
            scope = scope.push(f"~{frame}")
        run = ScopeFrame(functools.partial(method, self), bundle=self.scope, parent=scope)
        return run(*args, **kwargs)

    return scoped


def name_like(method_name: str) -> Callable[..., Any]:
    """Give a method the scope of another one: ``hk.experimental.name_like``."""
    return method_scope(name=method_name)


@contextlib.contextmanager
def name_scope(name: str, *, method_name: str = "__call__") -> Iterator[None]:
    """Add a level of names in a ``with`` block: ``hk.name_scope``.

    Modules, parameters and state that are created in the block belong to the scope. A name that
    is taken is numbered (``foo``, ``foo_1``) and a name with slashes nests, as in Haiku; unlike in
    Haiku, the latter is not numbered: entering it again shares.

    linen knows levels by modules only, so the current module works in a child scope for a while.

    Args:
        name: name of the scope.
        method_name: adds a level ``~method_name`` for the submodules.

    Raises:
        flax.errors.AssignSubModuleError: no compact method is being run.
    """
    module = running_module("name_scope")
    outside = module.scope
    *outer, last = name.split("/")
    scope = outside
    for part in outer:
        scope = scope.push(part, reuse=True)
    scope = scope.push(last if outer else new_name(module, last))
    if method_name != "__call__":
        scope = scope.push(f"~{method_name}")
    names = save_names(module)
    object.__setattr__(module, "scope", scope)
    restore_names(module, Names())
    try:
        yield
    finally:
        object.__setattr__(module, "scope", outside)
        restore_names(module, names)


def new_name(module: nn.Module, name: str) -> str:
    """Return ``name`` the first time, then ``name_1``, ``name_2`` ... until the method returns.

    Raises:
        flax.errors.AssignSubModuleError: no compact method is being run, so that there is no
            telling when to start over.
    """
    with contextlib.suppress(flax.errors.NameInUseError):
        ScopeFrame(functools.partial, name="~probe")
    counts = module._state.autoname_cursor
    number = counts.get(f"~{name}", 0)
    counts[f"~{name}"] = number + 1
    return f"{name}_{number}" if number else name


class Names(NamedTuple):
    """The names that a module has given to its submodules and variables."""

    taken: Mapping[str, set[str | None]] = types.MappingProxyType({})
    counts: Mapping[str, int] = types.MappingProxyType({})
    children: Mapping[str, Any] = types.MappingProxyType({})


def save_names(module: Any) -> Names:
    """Return the names that are taken in a module, see `restore_names`."""
    taken = {name: set(kinds) for name, kinds in module.scope.reservations.items()}
    state = module._state
    return Names(taken, dict(state.autoname_cursor), dict(state.children))


def module_children(module: nn.Module) -> list[nn.Module]:
    """Return the submodules that a bound module has."""
    return [child for child in module._state.children.values() if isinstance(child, nn.Module)]


def restore_names(module: Any, names: Names) -> None:
    """Go back to the names that were taken earlier.

    Haiku names what a branch of `cond` or the body of a loop creates as if the other branches and
    iterations had not been traced. linen's counters are private and nothing public resets them:
    this function and those above are all that the helpers need to know about them.
    """
    module.scope.reservations.clear()
    for name, kinds in names.taken.items():
        module.scope.reservations[name] |= kinds
    state = module._state
    for mine, saved in ((state.autoname_cursor, names.counts), (state.children, names.children)):
        mine.clear()
        mine.update(saved)
