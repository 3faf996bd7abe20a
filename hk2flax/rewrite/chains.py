"""Chains of layers (`hk.Sequential`) that plain linen runs in the same way.

linen spreads a tuple or dict that one layer returns over the arguments of the next, so every layer
but the last has to be seen to return one array.
"""

from __future__ import annotations

import ast

from hk2flax.plan.arrays import chain
from hk2flax.rewrite.context import Context


def is_plain_chain(context: Context, call: ast.Call) -> bool:
    """True for `hk.Sequential([hk.Linear(3), jax.nn.relu, ...])`, layers that return arrays."""
    layers = chain(call)
    if not layers or isinstance(layers[-1], ast.Starred):
        return False
    arrays = context.program.arrays
    return all(
        arrays.gives_array(context.file, layer, index > 0)
        for index, layer in enumerate(layers[:-1])
    )
