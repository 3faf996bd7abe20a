"""Names of the layers of a `layer_stack` that is to look like a loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import flax
import jax
import jax.numpy as jnp


class LayerStackTransparencyMapping:
    """Base class: which module of a stack is which module of a loop.

    Names are paths below the module that uses the stack, with slashes.
    """

    def stacked_to_flat(self, stacked_module_name: str, scan_idx: int) -> str:
        """Return the name that a module of the stack has in the layer ``scan_idx`` of the loop."""
        raise NotImplementedError

    def flat_to_stacked(self, unstacked_module_name: str) -> tuple[str, int] | None:
        """Return name in the stack and number of the layer; None for a module outside of it."""
        raise NotImplementedError


def split_layers(
    tree: Mapping[str, Any], num_layers: int, names: LayerStackTransparencyMapping
) -> dict[str, Any]:
    """Give every layer of a stacked tree modules of its own.

    Raises:
        ValueError: two of them have the same name.
    """
    split: dict[tuple[str, ...], Any] = {}
    for path, leaf in flax.traverse_util.flatten_dict(tree).items():
        for n in range(num_layers):
            module = names.stacked_to_flat("/".join(path[:-1]), n)
            flat = (*module.split("/"), path[-1])
            if flat in split:
                raise ValueError(f"Two layers of the stack are called {module!r}.")
            split[flat] = jax.tree.map(lambda x, n=n: x[n], leaf)
    return flax.traverse_util.unflatten_dict(split)


def stack_layers(
    tree: Mapping[str, Any], num_layers: int, names: LayerStackTransparencyMapping
) -> dict[str, Any]:
    """Collect the modules that belong to the layers into one tree with the layers on axis 0."""
    layers: list[dict[tuple[str, ...], Any]] = [{} for _ in range(num_layers)]
    for path, leaf in flax.traverse_util.flatten_dict(tree).items():
        stacked = names.flat_to_stacked("/".join(path[:-1]))
        if stacked is not None:
            module, n = stacked
            layers[n][(*module.split("/"), path[-1])] = leaf
    together = jax.tree.map(lambda *leaves: jnp.stack(leaves), *layers)
    return flax.traverse_util.unflatten_dict(together)
