"""What is said between the processes: plain data, importable without jax."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Mode = Literal["natural", "sequence", "constant"]
# Of the Adam step.
LEARNING_RATE, EPSILON = 1e-2, 1e-3

Key = tuple[str, ...]
Flat = dict[Key, Any]


@dataclass(frozen=True)
class Case:
    """One way to run the program.

    apply: name of the apply function. variant: of the inputs. keys: see `hk2flax.oracle.keys`.
    jit: compile. leaks: only trace, looking for leaked tracers.
    """

    apply: str = ""
    variant: str = "given"
    keys: Mode = "natural"
    jit: bool = False
    leaks: bool = False


@dataclass
class Result:
    """What one run gave, and how many keys it drew.

    outputs: leaves of the first call's output. leaves: state after the last call, or gradients.
    stepped: parameters after an optimizer step.
    """

    outputs: list[Any] = field(default_factory=list)
    leaves: Flat = field(default_factory=dict)
    stepped: Flat = field(default_factory=dict)
    draws: int = 0


@dataclass(frozen=True)
class Call:
    """One finished call of a module's method.

    module: full name. classes: simple names, the user's and the helpers' only.
    outputs: array leaves, or None when a trace hid their values.
    """

    module: str
    classes: tuple[str, ...]
    method: str
    outputs: tuple[Any, ...] | None
