"""hk2flax convert-params: options, and what reaches the converter."""

import numpy as np
import pytest

from hk2flax.params import CheckpointError
from hk2flax.params.map import Entry, Map, Target

MAP = Map(
    (
        Entry(
            "params", "linear", "w", (2, 3), "float32", (Target("params", ("D", "kernel"), (2, 3)),)
        ),
    )
)


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "haiku.npz"
    np.savez(path, **{"linear//w": np.ones((2, 3), np.float32)})
    return path


@pytest.fixture
def map_file(tmp_path):
    MAP.save(tmp_path / "map.json")
    return tmp_path / "map.json"


@pytest.fixture
def calls(monkeypatch):
    seen = []

    def convert_file(checkpoint, output, **options):
        seen.append((checkpoint, output, options))
        return "a report"

    monkeypatch.setattr("hk2flax.params.convert_file", convert_file, raising=False)
    monkeypatch.setattr("hk2flax.oracle.build_map", lambda *arguments: arguments)
    return seen


DEFAULTS = {"map": None, "to": None, "reverse": False, "unreplicate": False, "dry_run": False}


def test_names_alone(run, calls, checkpoint, tmp_path):
    result = run("convert-params", checkpoint, "-o", tmp_path / "out.npz", code=0)
    assert calls == [(checkpoint, tmp_path / "out.npz", DEFAULTS)]
    assert result.stdout == "a report\n"


def test_with_a_map(run, calls, checkpoint, map_file):
    flags = ("--reverse", "--dry-run", "--unreplicate", "--to", "orbax")
    run("convert-params", checkpoint, "--map", map_file, *flags, code=0)
    options = {"to": "orbax", "reverse": True, "unreplicate": True, "dry_run": True}
    assert calls == [(checkpoint, None, {"map": MAP, **options})]


def test_with_both_projects(run, calls, checkpoint, tmp_path):
    trees = ("--source", tmp_path, "--target", tmp_path, "--entry", "a:b", "--inputs", "a:c")
    run("convert-params", checkpoint, "-o", "x.npz", *trees, code=0)
    assert calls[0][2]["map"] == (tmp_path, tmp_path, "a:b", "a:c")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "-o OUT"),
        (("--dry-run", "--source", "."), "--target and --entry missing"),
        (("--dry-run", "--inputs", "a:b"), "missing"),
        (("--dry-run", "--map", "map.json", "--entry", "a:b"), "--map needs no --entry"),
        (("--dry-run", "--map", "nowhere.json"), "nowhere.json"),
        (("-o", "x", "--to", "pickle"), "--to"),
    ],
)
def test_wrong_use(run, calls, checkpoint, map_file, monkeypatch, arguments, words):
    monkeypatch.chdir(checkpoint.parent)
    assert words in run("convert-params", checkpoint, *arguments, code=2).stderr
    assert calls == []


def test_missing_checkpoint(run, calls):
    assert "nowhere.npz" in run("convert-params", "nowhere.npz", "--dry-run", code=2).stderr


def test_what_the_converter_says_is_one_line(run, checkpoint, monkeypatch):
    def fail(*arguments, **options):
        raise CheckpointError(checkpoint, "cannot read", "truncated")

    monkeypatch.setattr("hk2flax.params.convert_file", fail, raising=False)
    result = run("convert-params", checkpoint, "--dry-run", code=2)
    assert result.stderr == f"hk2flax: error: {checkpoint}: cannot read: truncated\n"


def test_for_real(run, checkpoint, map_file, tmp_path):
    out = tmp_path / "flax.npz"
    run("convert-params", checkpoint, "--map", map_file, "-o", out, code=0)
    with np.load(out) as arrays:
        assert list(arrays) == ["params/D/kernel"]
    back = tmp_path / "back.npz"
    run("convert-params", out, "--map", map_file, "--reverse", "-o", back, code=0)
    with np.load(checkpoint) as old, np.load(back) as new:
        assert [new[key].tolist() for key in new] == [old["linear//w"].tolist()]


def test_a_broken_map(run, checkpoint, map_file):
    map_file.write_text("{}")
    result = run("convert-params", checkpoint, "--map", map_file, "--dry-run", code=2)
    assert result.stderr.startswith("hk2flax: error: ")
    assert len(result.stderr.splitlines()) == 1
