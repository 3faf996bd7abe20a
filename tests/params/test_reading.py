from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import zlib
from collections import OrderedDict, defaultdict, namedtuple
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from params_samples import PARAMS, STATE, dumps_named, old_jax_pickle, same

from hk2flax.params import CheckpointError, read_checkpoint
from hk2flax.params.records import Record

DATA = Path(__file__).parent / "data"
TrainState = namedtuple("TrainState", "params state step")
PLAIN = {"mlp/~/linear_0": {"w": np.arange(6, dtype="f4").reshape(2, 3), "b": np.zeros(3, "f4")}}


class FlatMapping(dict):
    """Stands in for Haiku's, which old pickles name."""

    def __reduce__(self):
        return FlatMapping, (dict(self),)


def _read(tmp_path, data: bytes, name="checkpoint.bin"):
    (tmp_path / name).write_bytes(data)
    return read_checkpoint(tmp_path / name)


@pytest.mark.parametrize("protocol", range(6))
def test_every_pickle_protocol(tmp_path, protocol):
    found = _read(tmp_path, pickle.dumps(PARAMS, protocol))
    assert same(found.params, PARAMS)
    assert (found.state, found.extras, found.format) == ({}, {}, "pickle")


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize(
    ("function", "aval"),
    [
        ("jax._src.device_array.reconstruct_device_array", {"named_shape": {}, "weak_type": False}),
        ("jax._src.array._reconstruct_array", {"named_shape": {}, "weak_type": False}),
        ("jax._src.array._reconstruct_array", {"weak_type": True}),
        ("jax.interpreters.xla._reconstruct_device_array", {}),
        ("jaxlib.xla_extension._reconstruct_array", {"sharding": None}),
    ],
)
def test_arrays_of_old_jax_become_numpy(tmp_path, function, aval, protocol):
    found = _read(tmp_path, old_jax_pickle(PARAMS, function, aval, protocol))
    assert same(found.params, PARAMS)


def test_pickle_of_numpy_1_and_python_2_names(tmp_path):
    data = pickle.dumps(PLAIN, 2).replace(b"numpy._core", b"numpy.core")
    assert same(_read(tmp_path, data).params, PLAIN)


def test_bfloat16_of_old_jaxlib(tmp_path):
    data = pickle.dumps(PARAMS, 2)
    data = data.replace(b"cml_dtypes\nbfloat16\n", b"cjaxlib.xla_extension\nbfloat16\n")
    assert same(_read(tmp_path, data).params, PARAMS)


@pytest.mark.parametrize(
    "pack", [gzip.compress, bz2.compress, lzma.compress, zlib.compress], ids=lambda f: f.__module__
)
def test_compressed_pickles(tmp_path, pack):
    assert same(_read(tmp_path, pack(pickle.dumps(PARAMS))).params, PARAMS)


@pytest.mark.parametrize("name", ["plain.joblib", "zlib.joblib"])
def test_joblib(name):
    assert same(read_checkpoint(DATA / name).params, PLAIN)


def test_dill_with_a_namedtuple_of_the_training_script():
    found = read_checkpoint(DATA / "namedtuple.dill")
    assert same(found.params, PLAIN)
    assert same(found.state, {"bn": {"x": np.ones(2)}})
    assert found.extras == {"step": 5}


def test_cloudpickle_with_a_class_by_value_is_refused():
    with pytest.raises(CheckpointError, match="_make_skeleton_class"):
        read_checkpoint(DATA / "class_by_value.cloudpickle")


@pytest.mark.parametrize(
    ("whole", "extras"),
    [
        ({"params": PARAMS, "state": STATE}, {}),
        ((PARAMS, STATE), {}),
        ([PARAMS, STATE, 7], {"2": 7}),
        ({"params": PARAMS, "network_state": STATE, "step": 3}, {"step": 3}),
        (OrderedDict(params=PARAMS, state=STATE), {}),
        (defaultdict(dict, params=PARAMS, state=STATE), {}),
        ({"experiment_state": {"params": PARAMS, "state": STATE}, "step": 1}, {"step": 1}),
        ({"params": FlatMapping(PARAMS), "state": STATE}, {}),
        ({"meta": {"params": "yes"}, "x": {"params": PARAMS, "state": STATE}}, None),
    ],
)
def test_structures_of_the_wild(tmp_path, whole, extras):
    found = _read(tmp_path, pickle.dumps(whole))
    assert same(found.params, PARAMS)
    assert same(found.state, STATE)
    if extras is not None:
        assert found.extras == extras


def test_params_and_their_average_are_not_params_and_state(tmp_path):
    found = _read(tmp_path, pickle.dumps((PARAMS, PARAMS)))
    assert found.state == {} and same(found.extras["1"], PARAMS)


def test_two_pickles_in_a_row(tmp_path):
    found = _read(tmp_path, pickle.dumps(PARAMS) + pickle.dumps(STATE))
    assert same(found.params, PARAMS) and same(found.state, STATE)


def test_unknown_class_keeps_its_path_and_fields(tmp_path):
    weight = TrainState(PARAMS, STATE, 5)
    data = dumps_named({"params": PARAMS, "ts": weight, "odd": FlatMapping()}, {})
    found = _read(tmp_path, data)
    record = found.extras["ts"]
    assert isinstance(record, Record)
    assert record.path.endswith("test_reading.TrainState")
    assert same(record.args[0], PARAMS)


def test_whole_state_under_one_name(tmp_path):
    state = {"core": {"carry": {"h": np.ones(2), "c": (np.zeros(2), np.ones(1))}}}
    found = _read(tmp_path, pickle.dumps((PARAMS, state)))
    assert sorted(found.state["core"]) == ["carry/c/0", "carry/c/1", "carry/h"]


def test_deep_dicts_are_joined(tmp_path):
    deep = {"mlp": {"linear": {"w": np.ones(2)}, "out": {"b": np.ones(1)}}}
    found = _read(tmp_path, pickle.dumps(deep))
    assert sorted(found.params) == ["mlp/linear", "mlp/out"]


def _npz(**arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def _keyed(form, tree=PLAIN, kind="params"):
    return {form.format(kind=kind, m=m, n=n): a for m, d in tree.items() for n, a in d.items()}


@pytest.mark.parametrize(
    "form",
    [
        "{m}//{n}",
        "{m}:{n}",
        "{kind}:{m}:{n}",
        "{kind}:{m}//{n}",
        "{kind}//{m}//{n}",
        "{m}/{n}",
        "{kind}/{m}/{n}",
    ],
)
def test_npz_key_styles(tmp_path, form):
    found = _read(tmp_path, _npz(**_keyed(form)))
    assert same(found.params, PLAIN) and found.format == "npz"


@pytest.mark.parametrize("form", ["{kind}:{m}:{n}", "{kind}:{m}//{n}", "{kind}//{m}//{n}"])
def test_npz_with_state_and_settings(tmp_path, form):
    arrays = _keyed(form) | _keyed(form, STATE, "state")
    found = _read(tmp_path, _npz(**arrays, **{"model_config:width": np.array(4)}))
    assert same(found.params, PLAIN) and same(found.state, STATE)
    assert found.extras["model_config"]["width"] == 4


def test_npz_with_one_object_a_module(tmp_path):
    found = _read(tmp_path, _npz(**{m: np.array(d, dtype=object) for m, d in PARAMS.items()}))
    assert same(found.params, PARAMS)


def test_npz_of_whole_trees_as_objects(tmp_path):
    data = _npz(params=np.array(PARAMS, dtype=object), state=np.array(STATE, dtype=object))
    found = _read(tmp_path, data)
    assert same(found.params, PARAMS) and same(found.state, STATE)


def test_npy_of_a_pickled_dict(tmp_path):
    stream = io.BytesIO()
    np.save(stream, {"params": PARAMS, "state": STATE, "global_step": 9}, allow_pickle=True)
    found = _read(tmp_path, stream.getvalue())
    assert same(found.params, PARAMS) and found.extras == {"global_step": 9}


def test_typed_key_becomes_its_data(tmp_path):
    jax = pytest.importorskip("jax")
    found = _read(tmp_path, pickle.dumps({"params": PARAMS, "rng": jax.random.key(7)}))
    assert found.extras["rng"]["impl"] == "threefry2x32"
    assert same(found.extras["rng"]["key_data"], np.asarray(jax.random.key_data(jax.random.key(7))))


def test_haiku_tree_in_orbax(tmp_path):
    ocp = pytest.importorskip("orbax.checkpoint")
    with ocp.PyTreeCheckpointer() as saver:
        saver.save(tmp_path / "ck", {"params": PARAMS, "state": STATE})
    found = read_checkpoint(tmp_path / "ck")
    assert same(found.params, PARAMS) and same(found.state, STATE)


def test_big_endian_and_fortran_order(tmp_path):
    tree = {"m": {"a": np.arange(6, dtype=">f4").reshape(2, 3), "b": np.asfortranarray(np.eye(3))}}
    for data in (pickle.dumps(tree), _npz(**{"m//a": tree["m"]["a"], "m//b": tree["m"]["b"]})):
        found = _read(tmp_path, data).params["m"]
        assert np.array_equal(found["a"], tree["m"]["a"]) and found["a"].dtype.isnative
        assert np.array_equal(found["b"], np.eye(3))


def test_float8_e5m2_that_numpy_cannot_read_back(tmp_path):
    array = np.arange(4).astype(ml_dtypes.float8_e5m2)
    data = _npz(**{"m//a": array})
    assert same(_read(tmp_path, data).params["m"]["a"], array)
