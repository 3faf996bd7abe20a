"""Every public Haiku name by execution: see `tests/symbols/proof.py`."""

import pytest

from tests.symbols.prove import prove
from tests.symbols.table import PROOFS


@pytest.mark.parametrize("name", sorted(PROOFS))
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_rewritten_program_computes_the_same(name, precision, tmp_path):
    proof = PROOFS[name]
    if precision == "bfloat16" and proof.half is None:
        pytest.skip("no floating point inputs")
    prove(name, proof, precision, tmp_path)
