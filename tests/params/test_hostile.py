from __future__ import annotations

import functools
import gzip
import importlib
import io
import operator
import os
import pickle
import random
import shutil
import struct
import subprocess
import zipfile

import numpy as np
import pytest
from params_samples import MAP, PARAMS, STATE

from hk2flax.params import CheckpointError, convert_file, read_checkpoint
from hk2flax.params.readers import streams


class Attack:
    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def _refused(tmp_path, data, match=None, name="checkpoint.bin"):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(CheckpointError, match=match) as caught:
        read_checkpoint(tmp_path / name)
    assert caught.value.file == str(tmp_path / name)
    return str(caught.value)


def _attacks(trace):
    text = f"open({str(trace)!r}, 'w')"
    return {
        "posix.system": Attack(os.system, f"touch {trace}"),
        "builtins.eval": Attack(eval, text),
        "builtins.exec": Attack(exec, text),
        "builtins.getattr": Attack(getattr, "", "x"),
        "io.open": Attack(open, str(trace), "w"),
        "subprocess.Popen": Attack(subprocess.Popen, ["touch", str(trace)]),
        "operator.attrgetter": Attack(operator.attrgetter, "system"),
        "importlib.import_module": Attack(importlib.import_module, "os"),
        "shutil.copyfile": Attack(shutil.copyfile, __file__, str(trace)),
        "system": Attack(functools.partial(os.system, f"touch {trace}")),
        "numpy.save": Attack(np.save, str(trace), 1),
    }


@pytest.mark.parametrize("name", _attacks(""))
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_pickle_that_would_run_code_is_refused_by_name(tmp_path, name, protocol):
    trace = tmp_path / "trace"
    data = pickle.dumps({"params": PARAMS, "x": _attacks(trace)[name]}, protocol)
    message = _refused(tmp_path, data, "refused")
    assert not trace.exists()
    assert name.rsplit(".", 1)[-1] in message


@pytest.mark.parametrize(
    "stream",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"(S'true'\nios\nsystem\n.",
        b"(cos\nsystem\nS'true'\no.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
        b"\x80\x02cbuiltins\nglobals\n)R.",
        b"\x80\x02c__main__\nmain\n)R.",
        b"\x80\x02cnumpy.testing._private.utils\nrunstring\nU\x01xU\x01y\x86R.",
        b"\x80\x02cjax.numpy\nload\nU\x01x\x85R.",
        b"\x80\x02P1\n.",
        b"\x80\x02\x82\x01.",
        b"\x80\x02K\x01)R.",
        b"\x80\x02K\x01)\x81.",
        b"\x80\x02cnumpy\nndarray\n}U\x01xK\x01sb.",
    ],
)
def test_hand_made_streams_are_refused(tmp_path, stream):
    _refused(tmp_path, stream)


def test_truncated_files_of_every_format(tmp_path):
    stream = io.BytesIO()
    np.savez(stream, **{"m//w": np.arange(100.0)})
    files = {"npz": stream.getvalue(), "pickle": pickle.dumps(PARAMS)}
    source = tmp_path / "source.pkl"
    source.write_bytes(pickle.dumps({"params": PARAMS, "state": STATE}))
    for fmt in ("msgpack", "safetensors"):
        convert_file(source, tmp_path / f"x.{fmt}", map=MAP)
        files[fmt] = (tmp_path / f"x.{fmt}").read_bytes()
    files["gzip"] = gzip.compress(files["pickle"])
    for fmt, data in files.items():
        for keep in (len(data) // 4, len(data) // 2, len(data) - 1):
            _refused(tmp_path, data[:keep], name=f"cut.{fmt}")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"weights: 1, 2, 3\n", "a text file"),
        (b'{"a": 1}', "a text file"),
        (b"\x00" * 64, "first bytes"),
        (b"\x89HDF\r\n\x1a\n" + b"\x00" * 32, "HDF5"),
        (b"\x28\xb5\x2f\xfd" + b"\x00" * 32, "zstd"),
        (b"PK\x05\x06" + b"\x00" * 18, "npy members"),
        (pickle.dumps([1, 2, 3]), "no Haiku parameters"),
        (pickle.dumps({}), "no Haiku parameters"),
        (pickle.dumps({"params": {}}), "no arrays"),
        (pickle.dumps("text"), "no Haiku parameters"),
    ],
)
def test_files_that_are_no_checkpoint(tmp_path, data, why):
    _refused(tmp_path, data, why)


def test_missing_file_directory_and_odd_file(tmp_path):
    for path, why in ((tmp_path / "absent", "no such file"), (tmp_path, "no Orbax checkpoint")):
        with pytest.raises(CheckpointError, match=why):
            read_checkpoint(path)
    with pytest.raises(CheckpointError, match="not a regular file"):
        read_checkpoint("/dev/null")


def test_torch_files_are_named(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("model/data.pkl", b"x")
        archive.writestr("a.npy", b"x")
    _refused(tmp_path, stream.getvalue(), "torch")


def test_arrays_without_names_are_explained(tmp_path):
    stream = io.BytesIO()
    np.savez(stream, np.zeros(2), np.ones(3))
    _refused(tmp_path, stream.getvalue(), "arrays without names")


def test_self_containing_and_exploding_structures(tmp_path):
    loop: list = []
    loop.append(loop)
    _refused(tmp_path, pickle.dumps({"params": PARAMS, "x": loop}), "contains itself")
    deep: list = []
    for _ in range(400):
        deep = [deep]
    _refused(tmp_path, pickle.dumps({"params": PARAMS, "x": deep}), "nested too deeply")


def test_shared_references_do_not_explode(tmp_path, monkeypatch):
    from hk2flax.params.readers import finish

    monkeypatch.setattr(finish, "MAX_CONTAINERS", 10_000)
    bomb: list = []
    for _ in range(40):
        bomb = [bomb, bomb]
    _refused(tmp_path, pickle.dumps({"params": PARAMS, "x": bomb}), "containers")


def test_lengths_that_the_file_does_not_have_allocate_nothing(tmp_path):
    huge = struct.pack("<Q", 1 << 50)
    for opcode in (b"\x8e", b"\x8d", b"\x96", b"\x95"):
        _refused(tmp_path, b"\x80\x05" + opcode + huge + b"abc.", "truncated")
    header = b"{'descr':'<f8','fortran_order':False,'shape':(1125899906842624,)}\n"
    npy = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + b"\x00" * 8
    _refused(tmp_path, npy, "truncated")


def test_decompression_bombs_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "_FREE", 1 << 16)
    _refused(tmp_path, gzip.compress(b"\x00" * (1 << 23)), "bomb")
    stream = io.BytesIO()
    np.savez_compressed(stream, **{"m//w": np.zeros(1 << 20)})
    _refused(tmp_path, stream.getvalue(), "bomb")


@pytest.mark.parametrize("fmt", ["pickle", "npz", "msgpack", "safetensors"])
def test_damaged_files_never_raise_anything_else(tmp_path, fmt):
    source = tmp_path / "source.pkl"
    extras = {"s": {1, 2}} if fmt == "safetensors" else {"c": 1j, "s": {1, 2}}
    source.write_bytes(pickle.dumps({"params": PARAMS, "state": STATE, **extras}))
    if fmt != "pickle":
        convert_file(source, tmp_path / f"x.{fmt}", map=MAP)
        source = tmp_path / f"x.{fmt}"
    data, generator = source.read_bytes(), random.Random(5)
    damaged = tmp_path / "damaged"
    for _ in range(400):
        changed = bytearray(data)
        for _ in range(generator.randint(1, 4)):
            changed[generator.randrange(len(changed))] = generator.randrange(256)
        damaged.write_bytes(changed)
        try:
            read_checkpoint(damaged)
        except CheckpointError as error:
            assert error.why
