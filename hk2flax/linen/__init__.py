"""Flax code for what linen lacks: plain flax and jax, copied into the tree of the user."""
