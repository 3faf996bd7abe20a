from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from params_samples import MAP

from hk2flax.params.errors import CheckpointError
from hk2flax.params.map import Entry, Map, Target, apply_ops, invert, linear_part, output_shape


def test_saved_and_loaded_map_is_the_same(tmp_path):
    MAP.save(tmp_path / "map.json")
    assert Map.load(tmp_path / "map.json") == MAP
    assert [path.name for path in tmp_path.iterdir()] == ["map.json"]


def test_map_has_one_entry_a_line():
    assert len(MAP.to_json().splitlines()) == len(MAP.entries) + 2


def test_importing_the_map_loads_no_numpy():
    code = "import sys, hk2flax.params.map; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(version=2), "map version 2"),
        (lambda d: d.pop("format"), "format"),
        (lambda d: d.update(entries={}), '"entries" must be a list'),
        (lambda d: d["entries"][0].pop("module"), "entry 1: missing module"),
        (lambda d: d["entries"][0].update(extra=1), "entry 1: unknown extra"),
        (lambda d: d["entries"][1].update(shape=[-1]), "list of sizes"),
        (lambda d: d["entries"][1]["targets"][0].update(ops=[["fold"]]), "not a layout operation"),
        (lambda d: d["entries"][1]["targets"][0].update(path="a"), '"path" must be a list'),
        (lambda d: d["entries"].append(d["entries"][0]), "listed twice"),
        (lambda d: d["entries"][6].pop("reason"), "no target and no reason"),
        (lambda d: d["entries"][1].update(shape=[5]), "ops give"),
    ],
)
def test_broken_map_is_explained(tmp_path, change, message):
    data = json.loads(MAP.to_json())
    change(data)
    path = tmp_path / "map.json"
    path.write_text(json.dumps(data))
    with pytest.raises(CheckpointError, match=message) as caught:
        Map.load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["", "[1, 2]", "{", "PK\x03\x04", "[" * 100_000])
def test_foreign_file_is_no_map(tmp_path, text):
    (tmp_path / "map.json").write_text(text)
    with pytest.raises(CheckpointError):
        Map.load(tmp_path / "map.json")


def test_missing_map_is_explained(tmp_path):
    with pytest.raises(CheckpointError, match="No such file"):
        Map.load(tmp_path / "absent.json")


def test_two_leaves_at_one_place_and_leaf_above_leaf_are_problems():
    target = Target("params", ("a",), ())
    one = Entry("params", "m", "w", (), "float32", (target,))
    two = replace(one, name="v")
    below = replace(one, name="u", targets=(replace(target, path=("a", "b")),))
    problems = "\n".join(Map((one, two, below)).problems())
    assert "filled by params m w and by params m v" in problems
    assert "params/a: a leaf, and yet params m u goes below it" in problems


def _ops(draw, shape):
    ops = []
    for _ in range(draw(st.integers(0, 4))):
        rank = len(shape)
        kind = draw(st.sampled_from(["reshape", "transpose", "swap", "squeeze", "add"]))
        if kind == "transpose":
            op = (kind, tuple(draw(st.permutations(range(rank)))))
        elif kind == "swap" and rank:
            op = (kind, draw(st.integers(-rank, rank - 1)), draw(st.integers(0, rank - 1)))
        elif kind == "reshape":
            op = draw(st.sampled_from([(kind, (-1,)), (kind, ("k",) * min(rank, 1) + (-1, 1))]))
        elif kind == "add":
            op = (kind, 1)
        else:
            op = ("squeeze",)
        ops.append(op)
        shape = output_shape(shape, [op])
    return ops


@given(st.data())
def test_operations_can_be_undone(data):
    shape = tuple(data.draw(st.lists(st.integers(1, 4), max_size=4)))
    array = np.arange(int(np.prod(shape))).reshape(shape)
    ops = _ops(data.draw, shape)
    moved = apply_ops(array, ops)
    assert moved.shape == output_shape(shape, ops)
    assert np.array_equal(invert(moved, ops, shape), array)


def test_linear_part_drops_only_shifts():
    ops = (("swap", 0, 1), ("add", 1.0), ("reshape", (-1,)))
    assert linear_part(ops) == (("swap", 0, 1), ("reshape", (-1,)))


@pytest.mark.parametrize(
    "op",
    [
        ("transpose", (0, 0)),
        ("swap", 0, 5),
        ("squeeze", 0),
        ("slice", 0, 1, 9),
        ("reshape", (5,)),
        ("reshape", ("k", "k", "k")),
        ("fold", 1),
        ("add", "1"),
        (),
    ],
)
def test_operation_that_does_not_fit_is_refused(op):
    with pytest.raises(ValueError, match=r"."):
        apply_ops(np.zeros((2, 3)), [op])
