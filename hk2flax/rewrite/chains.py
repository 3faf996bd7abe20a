"""Chains of layers (`hk.Sequential`) that plain linen runs in the same way.

linen spreads a tuple or dict that one layer returns over the arguments of the next, so every layer
but the last has to be seen to return one array.
"""

from __future__ import annotations

import ast

from hk2flax.catalog import conv, norm, pooling, reshape
from hk2flax.rewrite.context import Context

_LAYERS = {
    *("haiku.Linear", "haiku.Bias", "haiku.Embed", "haiku.nets.MLP"),
    *(
        s.name
        for section in (conv, norm, pooling, reshape)
        for s in section.SYMBOLS
        if s.kind == "layer" and not s.name.endswith("Tree")
    ),
}
_FUNCTIONS = ("tanh", "sin", "cos", "exp", "log", "abs", "square", "sqrt", "ravel", "squeeze")


def is_plain_chain(context: Context, call: ast.Call) -> bool:
    """True for `hk.Sequential([hk.Linear(3), jax.nn.relu, ...])`, layers that return arrays."""
    layers = _layers(call)
    if not layers or isinstance(layers[-1], ast.Starred):
        return False
    return all(_gives_array(context, n) for n in layers[:-1])


def _layers(call: ast.Call) -> list[ast.expr]:
    """The layers of a chain that are listed in the call."""
    given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "layers")]
    return given[0].elts if given and isinstance(given[0], ast.List | ast.Tuple) else []


def _gives_array(context: Context, node: ast.expr) -> bool:
    name = context.name(node)
    module, _, function = name.rpartition(".")
    if module == "jax.nn" or (module == "jax.numpy" and function in _FUNCTIONS):
        return True
    if not isinstance(node, ast.Call):
        return False
    called = context.name(node.func)
    if called == "haiku.Sequential":
        layers = _layers(node)
        return bool(layers) and all(_gives_array(context, n) for n in layers)
    if called == "functools.partial":
        return bool(node.args) and _gives_array(context, node.args[0])
    return called in _LAYERS
