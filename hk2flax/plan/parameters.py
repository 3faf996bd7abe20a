"""Whether a function surely makes parameters: linen has no `params` where nothing does."""

from __future__ import annotations

import ast

from hk2flax.plan.hooks import keeps_values_out
from hk2flax.project.creates import is_layer
from hk2flax.project.index import File, Project
from hk2flax.project.walk import walk

# Layers that have no parameters, or may have none.
_EMPTY = frozenset(
    f"haiku.{name}"
    for name in [
        "Module",
        "Sequential",
        "Flatten",
        "Reshape",
        "MaxPool",
        "AvgPool",
        "BatchNorm",
        "LayerNorm",
        "InstanceNorm",
        "GroupNorm",
        "IdentityCore",
        "ResetCore",
        "RNNCore",
        "DeepRNN",
        "ExponentialMovingAverage",
        "EMAParamsTree",
        "SpectralNorm",
        "SNParamsTree",
        "nets.VectorQuantizerEMA",
        "BatchApply",
    ]
)


def makes_parameters(project: Project, file: File, function: ast.AST) -> bool:
    """True when the function, or what it calls, names a layer that has parameters."""
    if keeps_values_out(project):
        return False
    seen: set[ast.AST] = set()
    work = [(file, function)]
    while work:
        file, root = work.pop()
        if root in seen:
            continue
        seen.add(root)
        for node in walk(root):
            if not isinstance(node, ast.Name | ast.Attribute):
                continue
            name = project.name(file, node)
            if name == "haiku.get_parameter" or (is_layer(name) and name not in _EMPTY):
                return True
            if name in project.functions:
                inner, home = project.functions[name]
                work.append((home, inner))
            elif name in project.classes:
                work += [(c.file, c.node) for c in project.mro(name)]
    return False
