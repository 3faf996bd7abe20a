"""Moves a Haiku project to Flax linen: code, checkpoints, and the proof that nothing changed."""

__version__ = "0.1.0"
