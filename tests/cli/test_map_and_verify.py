"""map, verify and convert-params: options in, one clear line and an exit code out."""

import json
from pathlib import Path

import pytest

from hk2flax.oracle import Check, OracleError, VerifyReport
from hk2flax.params.map import Entry, Map, Target

MAP = Map(
    (
        Entry(
            "params", "linear", "w", (2, 3), "float32", (Target("params", ("D", "kernel"), (2, 3)),)
        ),
    )
)


@pytest.fixture
def trees(tmp_path):
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    return ("--source", tmp_path / "old", "--target", tmp_path / "new", "--entry", "driver:model")


@pytest.fixture
def oracle(monkeypatch):
    """The oracle, replaced by a list of the calls made to it."""
    calls = []

    def build_map(*arguments):
        calls.append(arguments)
        return MAP

    def verify(*arguments):
        calls.append(arguments)
        status = "differs" if "wrong" in arguments[2] else "equal"
        return VerifyReport(arguments[2], arguments[4] or "cpu", (Check("outputs", status, 0.5),))

    monkeypatch.setattr("hk2flax.oracle.build_map", build_map)
    monkeypatch.setattr("hk2flax.oracle.verify", verify)
    return calls


def test_map(run, trees, oracle, tmp_path):
    out = tmp_path / "map.json"
    result = run("map", *trees, "--inputs", "driver:inputs", "-o", out, code=0)
    assert oracle == [(tmp_path / "old", tmp_path / "new", "driver:model", "driver:inputs")]
    assert Map.load(out) == MAP
    assert "1 leaf mapped" in result.stderr


def test_map_has_a_default_name(run, trees, oracle, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("map", *trees, code=0)
    assert Map.load(Path("hk2flax.map.json")) == MAP


@pytest.mark.parametrize("command", ["map", "verify"])
def test_what_the_oracle_says_is_one_line(run, trees, monkeypatch, command):
    def fail(*arguments):
        raise OracleError("driver.py, line 3: no such thing")

    monkeypatch.setattr("hk2flax.oracle.build_map", fail)
    monkeypatch.setattr("hk2flax.oracle.verify", fail)
    result = run(command, *trees, code=2)
    assert result.stderr == "hk2flax: error: driver.py, line 3: no such thing\n"


@pytest.mark.parametrize("command", ["map", "verify", "convert-params"])
@pytest.mark.parametrize("entry", ["driver", "driver:", ":model"])
def test_the_form_of_an_entry(run, tmp_path, command, entry):
    trees = ("--source", tmp_path, "--target", tmp_path, "--entry", entry)
    first = (tmp_path,) if command == "convert-params" else ()
    assert "MOD:ATTR" in run(command, *first, *trees, code=2).stderr


def test_verify(run, trees, oracle, tmp_path):
    report = tmp_path / "v.json"
    result = run("verify", *trees, "--device", "cpu", "--report", report, code=0)
    assert oracle == [(tmp_path / "old", tmp_path / "new", "driver:model", None, "cpu")]
    assert "outputs" in result.stdout
    assert json.loads(report.read_text())["ok"] is True


def test_verify_a_difference_is_1(run, trees, oracle, tmp_path):
    report = tmp_path / "v.json"
    run("verify", *trees[:-1], "driver:wrong", "--report", report, code=1)
    assert json.loads(report.read_text())["ok"] is False


def test_verify_the_entries_of_pyproject(run, oracle, tmp_path, monkeypatch):
    entry = '[[tool.hk2flax.verify]]\nsource = "a"\ntarget = "b"\nentry = "driver:%s"\n'
    text = entry % "one" + 'device = "gpu"\n' + entry % "wrong"
    (tmp_path / "pyproject.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    result = run("verify", "--report", "v.json", code=1)
    assert [call[2] for call in oracle] == ["driver:one", "driver:wrong"]
    assert oracle[0][:2] == (tmp_path / "a", tmp_path / "b")
    assert [call[4] for call in oracle] == ["gpu", None]
    data = json.loads((tmp_path / "v.json").read_text())
    assert data["ok"] is False
    assert [part["ok"] for part in data["entries"]] == [True, False]
    assert "driver:wrong" in result.stdout


def test_verify_wrong_use(run, trees, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "[[tool.hk2flax.verify]]" in run("verify", code=2).stderr
    assert "--entry missing" in run("verify", *trees[:4], code=2).stderr
    assert "--source" in run("verify", "--inputs", "a:b", code=2).stderr
    assert ".json" in run("verify", *trees, "--report", "v.html", code=2).stderr
    assert "no such directory" in run("verify", *trees, "--report", "no/v.json", code=2).stderr
    assert "nowhere" in run("verify", "--source", "nowhere", code=2).stderr
