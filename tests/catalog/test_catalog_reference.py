"""docs/reference/symbols.md says what the catalog says."""

from __future__ import annotations

from hk2flax.catalog import SYMBOLS
from hk2flax.catalog.aliases import ALIASES
from hk2flax.catalog.model import Symbol
from hk2flax.catalog.reference import PAGE, level, main, render


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == render(), "run python -m hk2flax.catalog.reference"


def test_every_name_is_on_the_page():
    lines = set(render().splitlines())
    text = render()
    assert all(f"### {name}" in lines for name in SYMBOLS)
    assert all(f"`{alias}`" in text for alias in ALIASES)


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
