"""Other random keys for a stretch of code: what makes iterations of a loop draw differently."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax

from .scope import module_children, running_module


def stream_keys(module: Any) -> dict[str, jax.Array]:
    """Return the keys from which a module's random streams are derived, by name of the stream."""
    return {name: lazy.rng for name, lazy in module.scope.rngs.items()}


@contextlib.contextmanager
def streams(keys: Mapping[str, jax.Array], modules: Sequence[nn.Module]) -> Iterator[None]:
    """Derive all random streams from other keys in a ``with`` block.

    linen hands its keys down when a module is bound, so those of the modules that exist already
    have to be exchanged one by one: of the given ones at once, of every other one when one of its
    methods is entered. New modules get theirs from their parent.

    Args:
        keys: by name of the stream.
        modules: bound modules that the block may draw from without calling a method of theirs.
    """
    current = running_module("streams")
    root, old_keys = current.scope.root, stream_keys(current)
    seen: dict[int, nn.Module] = {}

    def exchange(module: nn.Module) -> None:
        if id(module) not in seen and module.scope is not None and module.scope.root == root:
            seen[id(module)] = module
            derive_streams(module.scope, keys)

    def enter(call: Callable[..., Any], args: Any, kwargs: Any, context: Any) -> Any:
        exchange(context.module)
        return call(*args, **kwargs)

    try:
        if not keys:
            yield
            return
        for module in (current, *modules):
            exchange(module)
        with nn.intercept_methods(enter):
            yield
    finally:
        for module in seen.values():
            # Modules that were made in the block but never called have keys of the block as well.
            for each in (module, *module_children(module)):
                derive_streams(each.scope, old_keys)


def derive_streams(scope: Any, keys: Mapping[str, jax.Array]) -> None:
    """Exchange the keys of a scope and of those above it, keeping what is folded into them."""
    while scope is not None:
        scope.rngs = {
            name: lazy.replace(rng=keys.get(name, lazy.rng)) for name, lazy in scope.rngs.items()
        }
        scope = scope.parent
