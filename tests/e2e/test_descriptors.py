"""Every module of Haiku's own list, in the list's own file."""

import pytest

from tests.e2e import descriptors, forking

NAMES = descriptors.names()


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    forking.install()
    return descriptors.rewritten(tmp_path_factory.mktemp("descriptors"), len(NAMES))


@pytest.mark.parametrize("number", range(len(NAMES)), ids=NAMES)
def test_module_verifies_equal(number, trees, request):
    device = request.config.getoption("--device", default="cpu")
    report = descriptors.check(*trees, number, device)
    different = [str(c) for c in report.checks if c.status == "differs"]
    assert report.ok and not different, different
