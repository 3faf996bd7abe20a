"""Figures about hk2flax: `python -m benchmarks.NAME` from the top of the repository."""
