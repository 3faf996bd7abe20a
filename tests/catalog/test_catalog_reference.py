"""docs/reference/symbols.md says what the catalog says."""

from __future__ import annotations

import re

import pytest

from hk2flax.catalog import SYMBOLS
from hk2flax.catalog.aliases import ALIASES
from hk2flax.catalog.model import Symbol
from hk2flax.catalog.proofs import ROOT, proofs
from hk2flax.catalog.reference import PAGE, level, main, render


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == render(), "run python -m hk2flax.catalog.reference"


def test_every_name_is_on_the_page():
    lines = set(render().splitlines())
    text = render()
    assert all(f"### {name}" in lines for name in SYMBOLS)
    assert all(f"`{alias}`" in text for alias in ALIASES)


PROVEN = proofs()


@pytest.mark.parametrize("name", sorted(s for s, v in SYMBOLS.items() if v.native or v.helper))
def test_every_form_is_proven(name):
    assert PROVEN.get(name), (
        f"no case in tests/symbols, and none of tests/symbols/direct.py: {name}"
    )


@pytest.mark.parametrize("path", sorted({path for paths in PROVEN.values() for path in paths}))
def test_a_proof_is_there_and_speaks_of_the_name(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    names = {name for name, paths in PROVEN.items() if path in paths}
    assert names <= SYMBOLS.keys()
    if "import SYMBOLS" in text:  # it goes through the catalog itself
        return
    words = set(re.findall(r"\w+", re.sub(r"\{\w+\}", "", text)))  # f"Conv{n}D" is ConvD
    assert {name for name in names if not _words(name) & words} == set()


def _words(name):
    """A name without its number, its helper, its Flax form."""
    symbol = SYMBOLS[name]
    native = symbol.native.target.rpartition(".")[2] if symbol.native else ""
    found = {name.rpartition(".")[2], (symbol.helper or "").rpartition(".")[2], native}
    return {*found, *(re.sub(r"\d", "", word) for word in found)} - {""}


def test_proofs_are_linked():
    text = render()
    assert "- proof: [tests/" in text
    assert all(f"]({'../../' + path})" in text for paths in PROVEN.values() for path in paths)


def test_levels():
    assert level(SYMBOLS["haiku.Linear"]) == "native"
    assert level(SYMBOLS["haiku.BatchNorm"]) == "native (inexact)"
    assert level(SYMBOLS["haiku.GRU"]) == "helper"
    assert level(Symbol("haiku.none", "function", manual="Write something else.")) == "manual"
    assert level(SYMBOLS["haiku.nets"]) == "module"


def test_check_reports_a_stale_page(tmp_path, monkeypatch, capsys):
    page = tmp_path / "reference" / "symbols.md"
    monkeypatch.setattr("hk2flax.catalog.reference.PAGE", page)
    assert main(["--check"]) == 1
    assert "stale" in capsys.readouterr().out
    assert main([]) == 0
    assert main(["--check"]) == 0
    page.write_text("old")
    assert main(["--check"]) == 1
