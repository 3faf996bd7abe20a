"""What proves one public Haiku name: pieces of Haiku source that use it, each a case.

All cases of a name stand in one program, because importing, tracing and compiling cost far more
than running. A case is an expression, or statements that end with `return`; it may use the inputs
of `tests/symbols/inputs.py` and those of its proof by name.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.symbols.inputs import INPUTS

Mode = Mapping[str, Any]

HEADER = """
import functools

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np

"""


@dataclass(frozen=True)
class Proof:
    """The cases of one name.

    native: cases that become plain linen. helper: cases that need the helper of the name. In a
        program that speaks of bfloat16 every layer with parameters becomes its helper.
    single: more that need the helper, in float32 only: Haiku itself refuses other precisions.
    before: source that stands before the cases (functions and classes that they use).
    inputs: arrays and numbers that only these cases use.
    reports: codes of what the rewriter has to say about these cases, which changes nothing in them.
    modes: keyword arguments of the runs, one after the other; state goes from run to run, the
        first mode initialises.
    tolerance: how far float32 results may be apart, relative to the largest number of an array,
        and `why`. Zero is bitwise.
    gradient: the same for gradients, where it is larger.
    half: the same for bfloat16; None where the cases are not run in bfloat16.
    run: False for programs that take long: without gradients and initial values, and where both
        sides compile to the same text nothing is run.
    gradients: False where there are none: loops whose length is not known.
    real_draws: True where the initialisers themselves are the subject (see `draws.py`).
    more: further programs with cases of the same name.
    keys: "sequence" (the n-th draw gives the same key) or "constant" (every draw does).
    """

    native: tuple[str, ...] = ()
    helper: tuple[str, ...] = ()
    single: tuple[str, ...] = ()
    before: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    reports: frozenset[str] = frozenset()
    modes: tuple[Mode, ...] = ({},)
    tolerance: float = 0.0
    gradient: float = 0.0
    half: float | None = 0.0
    why: str = ""
    run: bool = True
    gradients: bool = True
    real_draws: bool = False
    more: tuple[Proof, ...] = ()
    keys: str = "sequence"

    @property
    def cases(self) -> tuple[str, ...]:
        """All of them; the number of a case is its place here."""
        return self.native + self.helper + self.single

    def arguments(self) -> dict[str, Any]:
        """The inputs that the cases use, in order."""
        known = {**INPUTS, **self.inputs}
        used = {name for case in self.cases for name in names_in(case)}
        return {name: value for name, value in known.items() if name in used}


def names_in(case: str) -> set[str]:
    """Every plain name in a case."""
    tree = ast.parse(textwrap.dedent(case))
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def program(proof: Proof, precision: str) -> str:
    """The Haiku program of a proof; `build` returns its transform."""
    arguments = list(proof.arguments())
    statics = list(proof.modes[0])
    functions, results = [], []
    cases = proof.cases if precision == "float32" else proof.native + proof.helper
    for number, case in enumerate(cases):
        given = ", ".join(name for name in (*arguments, *statics) if name in names_in(case))
        body = case if "return" in case else f"return {case.strip()}"
        body = textwrap.indent(textwrap.dedent(body).strip(), "    ")
        functions.append(f"def case_{number}({given}):\n{body}\n")
        results.append(f'"case_{number}": case_{number}({given}),')
    lines = textwrap.indent("\n".join(results), "            ")
    return (
        f"# Inputs are {precision}.\n"
        + HEADER
        + textwrap.dedent(proof.before)
        + "\n\n"
        + "\n\n".join(functions)
        + f"""

def build():
    def forward({", ".join([*arguments, *statics])}):
        return {{
{lines}
        }}

    return hk.transform_with_state(forward)
"""
    )
