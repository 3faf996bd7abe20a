"""Every public Haiku name by execution: see `tests/symbols/proof.py`."""

import pytest

from tests.symbols.prove import prove
from tests.symbols.table import PROOFS

RUNS = [
    (name, precision)
    for name, proof in sorted(PROOFS.items())
    for precision in ("float32", "bfloat16")
    if precision == "float32" or proof.half is not None
]


@pytest.mark.parametrize("name, precision", RUNS)
def test_the_rewritten_program_computes_the_same(name, precision, tmp_path):
    prove(name, PROOFS[name], precision, tmp_path)
