"""A Haiku checkpoint in memory: the two trees that Haiku knows, and everything else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Tree = dict[str, dict[str, np.ndarray]]


@dataclass
class Checkpoint:
    """Haiku's params and state, two levels each ({module: {name: array}}), and the rest.

    extras: opt_state, ema_params, step, rng, config, ... with the structure of the file.
    format: of the file it came from. notes: what was repaired or assumed while reading.
    """

    params: Tree
    state: Tree = field(default_factory=dict)
    extras: dict[str, Any] = field(default_factory=dict)
    format: str = ""
    notes: list[str] = field(default_factory=list)

    def leaves(self) -> Iterator[tuple[tuple[str, str, str], np.ndarray]]:
        """Yield ((kind, module, name), array) for params, then state."""
        for kind, tree in (("params", self.params), ("state", self.state)):
            for module, names in tree.items():
                for name, array in names.items():
                    yield (kind, module, name), array
