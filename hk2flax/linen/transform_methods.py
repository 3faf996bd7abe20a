"""Several methods of one module as pure functions."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax

from .transform import MultiTransformed, transform


def transform_methods(module: nn.Module, methods: Any) -> MultiTransformed:
    """Turn methods of a module into functions that share parameters: ``hk.multi_transform``.

    ``init`` runs the module's ``__call__``; ``apply`` has the structure of ``methods``, a tree of
    method names. linen itself takes the name at every call: ``apply(..., method="encode")``.
    """
    apply = jax.tree.map(lambda name: transform(getattr(module, name)).apply, methods)
    return MultiTransformed(transform(module).init, apply)
