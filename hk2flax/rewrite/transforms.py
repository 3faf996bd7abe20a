"""Transforms that become plain linen modules, and their call sites."""

from __future__ import annotations

from hk2flax.rewrite.context import Context


def rewrite_transforms(context: Context) -> None:
    """Carries out the transform plan in one file."""
