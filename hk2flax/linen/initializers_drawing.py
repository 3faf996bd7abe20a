"""Initialisers that draw their own keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

from .rng import with_rng


def drawing_initializer(init: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
    """Turn ``init(shape, dtype)``, which calls `next_rng_key`, into ``init(key, shape, dtype)``.

    linen hands an initialiser its key, and also runs it, without any key, to compare shapes.
    """

    def initialize(key: Any, *args: Any) -> jax.Array:
        with with_rng(key):
            return init(*args)

    return initialize
