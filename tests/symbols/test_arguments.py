"""The table of proofs is complete: every name, and every argument of it."""

import pytest

from tests.symbols.arguments import missing
from tests.symbols.exemptions import ARGUMENTS
from tests.symbols.table import PROOFS


@pytest.mark.parametrize("name", sorted(PROOFS))
def test_every_argument_at_its_default_and_at_another_value(name):
    # Exemptions that are no longer needed show here as well.
    assert sorted(missing(name, PROOFS[name])) == sorted(ARGUMENTS.get(name, {}))
