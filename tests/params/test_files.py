from __future__ import annotations

import errno
import json
import os
import pickle

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from params_samples import MAP, PARAMS, STATE, same

from hk2flax.params import (
    CheckpointError,
    Entry,
    Map,
    Target,
    convert,
    convert_file,
    read_checkpoint,
    read_variables,
)
from hk2flax.params.keys import join_key, split_key
from hk2flax.params.writers import atomic

FORMATS = ("npz", "msgpack", "safetensors", "orbax")


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "haiku.ckpt"
    path.write_bytes(pickle.dumps({"params": PARAMS, "state": STATE, "step": 4}))
    return path


def _expected(source):
    return convert(read_checkpoint(source), MAP)


@pytest.mark.parametrize("fmt", FORMATS)
def test_each_format_holds_the_same_variables(source, tmp_path, fmt):
    report = convert_file(source, tmp_path / f"out.{fmt}", map=MAP)
    assert report.output_format == fmt
    variables, _ = read_variables(tmp_path / f"out.{fmt}")
    expected = _expected(source)
    assert same({key: variables[key] for key in expected}, expected)
    assert np.asarray(variables["step"]) == 4 or fmt == "npz"


@pytest.mark.parametrize("back", [*FORMATS, "pickle"])
@pytest.mark.parametrize("fmt", FORMATS)
def test_there_and_back_is_equal_to_the_bit(source, tmp_path, fmt, back):
    middle, out = tmp_path / "middle", tmp_path / "out"
    convert_file(source, middle, map=MAP, to=fmt)
    report = convert_file(middle, out, map=MAP, to=back, reverse=True)
    found = read_checkpoint(out)
    assert same(found.params, PARAMS)
    assert same(found.state, {"bn/~/mean_ema": {"average": STATE["bn/~/mean_ema"]["average"]}})
    assert any("not restored: state bn/~/mean_ema counter" in note for note in report.notes)
    assert np.asarray(found.extras["step"]) == 4


def test_npz_keys_are_paths_and_slashes_are_escaped(source, tmp_path):
    convert_file(source, tmp_path / "out.npz", map=MAP)
    with np.load(tmp_path / "out.npz") as arrays:
        assert set(arrays) == {
            "params/Cell_0/i/kernel",
            "params/Cell_0/h/kernel",
            "params/Cell_0/h/bias",
            "params/MLP_0/kernel%2Fu",
            "params/MLP_0/inner/scale",
            "params/a%25b",
            "batch_stats/BatchNorm_0/mean",
            "step",
        }
        assert arrays["params/Cell_0/h/bias"].dtype.str == "|V2"


def test_haiku_npz_uses_the_keys_that_haiku_users_know(tmp_path):
    source = tmp_path / "s.npz"
    np.savez(source, **{"a/~/b//w": np.ones((2, 3), "f4")})
    target = Target("params", ("B", "kernel"), (2, 3))
    mapping = Map((Entry("params", "a/~/b", "w", (2, 3), "float32", (target,)),))
    convert_file(source, tmp_path / "flax.npz", map=mapping)
    convert_file(tmp_path / "flax.npz", tmp_path / "back.npz", map=mapping, reverse=True)
    with np.load(tmp_path / "back.npz") as arrays:
        assert list(arrays) == ["a/~/b//w"]


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4))
def test_joined_keys_can_be_split(path):
    assert split_key(join_key(tuple(path))) == tuple(path)


def test_msgpack_is_what_flax_writes_and_reads(source, tmp_path):
    serialization = pytest.importorskip("flax.serialization")
    convert_file(source, tmp_path / "out.msgpack", map=MAP)
    data = (tmp_path / "out.msgpack").read_bytes()
    expected = {**_expected(source), "step": 4}
    assert data == serialization.to_bytes(expected)
    assert same(serialization.from_bytes(expected, data), expected)


def test_msgpack_chunks_like_flax(monkeypatch, tmp_path):
    serialization = pytest.importorskip("flax.serialization")
    from hk2flax.params.writers import msgpack_file

    monkeypatch.setattr(msgpack_file, "_CHUNK", 64)
    monkeypatch.setattr(serialization, "MAX_CHUNK_SIZE", 64)
    tree = {"params": {"w": np.arange(100, dtype="f4").reshape(10, 10)}}
    with (tmp_path / "x").open("wb") as stream:
        msgpack_file.write_msgpack(tree, stream)
    assert (tmp_path / "x").read_bytes() == serialization.to_bytes(tree)
    assert same(read_variables(tmp_path / "x")[0], tree)


def test_safetensors_package_reads_it(source, tmp_path):
    package = pytest.importorskip("safetensors.numpy")
    convert_file(source, tmp_path / "out.safetensors", map=MAP)
    found = package.load_file(tmp_path / "out.safetensors")
    assert same(found["params/Cell_0/h/bias"], _expected(source)["params"]["Cell_0"]["h"]["bias"])


def test_safetensors_of_other_tools_with_dots(tmp_path):
    package = pytest.importorskip("safetensors.numpy")
    package.save_file({"Dense_0.kernel": np.ones((2, 2))}, tmp_path / "x")
    variables, loaded = read_variables(tmp_path / "x")
    assert same(variables, {"params": {"Dense_0": {"kernel": np.ones((2, 2))}}})
    assert loaded.notes


def test_standard_checkpointer_restores_it(source, tmp_path):
    ocp = pytest.importorskip("orbax.checkpoint")
    convert_file(source, tmp_path / "out", map=MAP)
    with ocp.StandardCheckpointer() as checkpointer:
        restored = checkpointer.restore(tmp_path / "out")
    expected = _expected(source)
    assert same({key: restored[key] for key in expected}, expected)


@pytest.mark.parametrize("name", ["float8_e4m3fn", "float8_e5m2", "int4"])
def test_npz_refuses_dtypes_that_it_would_lose(tmp_path, name):
    tree = {"m": {"w": np.arange(4).astype(getattr(ml_dtypes, name))}}
    (tmp_path / "s").write_bytes(pickle.dumps(tree))
    mapping = Map((Entry("params", "m", "w", (4,), name, (Target("params", ("w",), (4,)),)),))
    with pytest.raises(CheckpointError, match="npz cannot keep"):
        convert_file(tmp_path / "s", tmp_path / "o.npz", map=mapping)
    convert_file(tmp_path / "s", tmp_path / "o.msgpack", map=mapping)
    assert same(read_variables(tmp_path / "o.msgpack")[0]["params"]["w"], tree["m"]["w"])


def test_one_byte_dtypes_are_known_from_the_map_only(tmp_path):
    array = np.arange(4).astype(ml_dtypes.float8_e4m3fn)
    np.savez(tmp_path / "s.npz", **{"m//w": array})
    entry = Entry("params", "m", "w", (4,), "float8_e4m3fn", (Target("params", ("w",), (4,)),))
    report = convert_file(tmp_path / "s.npz", tmp_path / "o.msgpack", map=Map((entry,)))
    assert same(read_variables(tmp_path / "o.msgpack")[0]["params"]["w"], array)
    assert any("the map gave their dtype" in note for note in report.notes)
    with pytest.raises(CheckpointError, match="which dtype"):
        convert_file(tmp_path / "s.npz", tmp_path / "o.msgpack")


@pytest.mark.parametrize("fmt", FORMATS)
def test_full_disk_leaves_nothing_behind(source, tmp_path, monkeypatch, fmt):
    out = tmp_path / f"out.{fmt}"
    convert_file(source, out, map=MAP)
    before = read_variables(out)[0]
    names = sorted(os.listdir(tmp_path))

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic.os, "replace", full)
    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(CheckpointError, match="No space left"):
        convert_file(source, out, map=MAP)
    monkeypatch.undo()
    assert sorted(os.listdir(tmp_path)) == names
    assert same(read_variables(out)[0], before)


def test_full_disk_in_the_middle_of_writing(source, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(CheckpointError, match="No space left"):
        convert_file(source, tmp_path / "out.npz", map=MAP)
    assert sorted(os.listdir(tmp_path)) == ["haiku.ckpt"]


def test_directories_that_are_no_checkpoint_are_kept(source, tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "thesis.tex").write_text("x")
    for to in ("orbax", "npz"):
        with pytest.raises(CheckpointError):
            convert_file(source, tmp_path / "work", map=MAP, to=to)
    assert (tmp_path / "work" / "thesis.tex").read_text() == "x"


def test_orbax_replaces_an_orbax_checkpoint(source, tmp_path):
    for _ in range(2):
        convert_file(source, tmp_path / "out", map=MAP)
    assert sorted(os.listdir(tmp_path)) == ["haiku.ckpt", "out"]


@pytest.mark.parametrize(
    ("name", "to", "message"),
    [("out.bin", None, "suffix '.bin'"), ("out.npz", "zip", "--to zip"), ("o.pkl", None, "suffix")],
)
def test_unknown_output_formats(source, tmp_path, name, to, message):
    with pytest.raises(CheckpointError, match=message):
        convert_file(source, tmp_path / name, map=MAP, to=to)


def test_the_checkpoint_is_never_overwritten(source):
    before = source.read_bytes()
    with pytest.raises(CheckpointError, match="the same"):
        convert_file(source, source, map=MAP, to="npz")
    assert source.read_bytes() == before


def test_dry_run_writes_nothing_and_says_everything(source, tmp_path):
    report = convert_file(source, None, map=MAP, dry_run=True, hashes=True)
    assert os.listdir(tmp_path) == ["haiku.ckpt"]
    assert report.parameters == sum(a.size for d in PARAMS.values() for a in d.values())
    assert report.dropped == ["state bn/~/mean_ema counter: linen keeps no counter"]
    text = str(report)
    assert "params/Cell_0/i/kernel (2, 4) float32" in text and "dry run" in text
    assert len(report.leaves[0].sha256) == 64
    assert json.loads(json.dumps(report.to_dict()))["parameters"] == report.parameters


def test_nowhere_to_write(source):
    with pytest.raises(CheckpointError, match="nowhere to write"):
        convert_file(source, None, map=MAP)


def test_the_way_back_needs_a_map(source):
    with pytest.raises(CheckpointError, match="needs a map"):
        convert_file(source, None, reverse=True, dry_run=True)


def test_errors_name_the_checkpoint(source):
    with pytest.raises(CheckpointError, match=r"haiku\.ckpt"):
        convert_file(source, None, map=Map(()), dry_run=True)
