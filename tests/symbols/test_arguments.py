"""The table of proofs is complete: every name, and every argument of it."""

import pytest

from hk2flax.catalog import SYMBOLS
from tests.symbols.arguments import missing
from tests.symbols.exemptions import ARGUMENTS
from tests.symbols.table import PROOFS


@pytest.mark.parametrize("name", sorted(PROOFS))
def test_every_argument_at_its_default_and_at_another_value(name):
    # Exemptions that are no longer needed show here as well.
    assert sorted(missing(name, PROOFS[name])) == sorted(ARGUMENTS.get(name, {}))


def test_every_layer_and_initialiser_is_in_the_table():
    """`tests/catalog/test_catalog_reference.py` asks for a proof of every other name as well."""
    wanted = {name for name, symbol in SYMBOLS.items() if symbol.kind in ("layer", "initializer")}
    assert wanted <= PROOFS.keys()
