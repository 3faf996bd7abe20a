"""--select and --ignore."""

import pytest

from hk2flax.diagnostics import Diagnostic
from hk2flax.diagnostics.select import UnknownCode, check_prefixes, wanted

ALL = tuple(Diagnostic("a.py", 1, 1, code, "m") for code in ("HK001", "HK101", "HK102", "HK201"))


def kept(select=(), ignore=()):
    return [d.code for d in wanted(ALL, select, ignore)]


def test_everything_by_default():
    assert kept() == ["HK001", "HK101", "HK102", "HK201"]


def test_prefixes():
    assert kept(select=("HK1",)) == ["HK001", "HK101", "HK102"]
    assert kept(ignore=("HK1",)) == ["HK001", "HK201"]


def test_the_longer_prefix_decides():
    assert kept(select=("HK101",), ignore=("HK1",)) == ["HK001", "HK101"]
    assert kept(select=("HK1",), ignore=("HK101",)) == ["HK001", "HK102"]
    assert kept(select=("HK1",), ignore=("HK1",)) == ["HK001"]


def test_files_that_were_not_processed_are_always_named():
    assert kept(ignore=("HK",)) == ["HK001"]


def test_prefixes_are_checked():
    assert check_prefixes(["hk1, HK201", "HK3"]) == ("HK1", "HK201", "HK3")
    assert check_prefixes(["ALL"]) == ("HK",)
    with pytest.raises(UnknownCode, match="did you mean HK101"):
        check_prefixes(["HK1O1"])
    with pytest.raises(UnknownCode, match="HK201"):
        check_prefixes(["E501"])
