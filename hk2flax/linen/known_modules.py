"""The modules of an init or apply that exist so far."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import flax.linen as nn

from .scope import ScopeFrame, current_module, module_children


def known_modules(*modules: nn.Module) -> Iterator[nn.Module]:
    """Yield the modules of the init or apply that is being run, with those that may be new to it.

    Args:
        *modules: modules to start from, beside the one that is being run.
    """
    roots = [outermost(each) for each in (current_module(), *modules) if each is not None]
    seen: set[int] = set()
    while roots:
        module = roots.pop()
        if id(module) not in seen and module.scope is not None:
            seen.add(id(module))
            yield module
            roots += module_children(module)


def outermost(module: Any) -> Any:
    """Return the root of the tree that a module is in."""
    while True:
        outer = framed_module(module) if isinstance(module, ScopeFrame) else module.parent
        if not isinstance(outer, nn.Module):
            return module
        module = outer


def framed_module(frame: Any) -> Any:
    """Return the module whose method runs in a frame, see `method_scope`, or None."""
    return None if frame.bundle is None else frame.fn.args[0]


def owner_of(scope: Any) -> nn.Module | None:
    """Return the module whose variables are in a scope, or None outside of all modules."""
    module = current_module()
    if isinstance(module, ScopeFrame) or module is None or module.scope != scope:
        found = (m for m in known_modules() if not isinstance(m, ScopeFrame) and m.scope == scope)
        return next(found, None)
    return module


def set_up_modules(*modules: nn.Module) -> None:
    """Run the ``setup`` of all modules that exist.

    Haiku runs constructors where they stand, linen ``setup`` at the first use. Where that makes a
    difference it has to be caught up on.

    Args:
        *modules: modules to start from, beside the one that is being run.
    """
    for module in known_modules(*modules):
        hasattr(module, "~")  # looking up any attribute that is missing runs setup
