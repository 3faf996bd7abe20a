"""haiku.testing."""

from __future__ import annotations

from .build import symbol

SYMBOLS = (
    symbol(
        "testing.transform_and_run",
        "transform",
        "f=None, seed=42, run_apply=True, jax_transform=None, *, map_rng=None",
        note="Runs init and then apply of the decorated function.",
        source="haiku/_src/test_utils.py",
    ),
)
