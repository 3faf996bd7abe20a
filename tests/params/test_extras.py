from __future__ import annotations

import pickle

import numpy as np
import pytest

from hk2flax.params import (
    Checkpoint,
    CheckpointError,
    Entry,
    Map,
    Target,
    convert_file,
    read_checkpoint,
    read_variables,
)
from hk2flax.params.guess import guess_map, snake_case
from hk2flax.params.optimizer import convert_extras, is_moment
from hk2flax.params.optimizer_back import restore_extras
from hk2flax.params.unreplicate import unreplicate

PARAMS = {
    "lstm/linear": {"w": np.ones((3, 4), np.float32), "b": np.full(4, 2, np.float32)},
    "head": {"w": np.full((4, 5), 3, np.float32)},
}
MAP = Map(
    (
        Entry(
            "params",
            "lstm/linear",
            "w",
            (3, 4),
            "float32",
            (
                Target("params", ("cell", "i", "kernel"), (1, 4), (("slice", 0, 0, 1),)),
                Target("params", ("cell", "h", "kernel"), (2, 4), (("slice", 0, 1, 3),)),
            ),
        ),
        Entry(
            "params",
            "lstm/linear",
            "b",
            (4,),
            "float32",
            (Target("params", ("cell", "h", "bias"), (4,), (("add", 1.0),)),),
        ),
        Entry(
            "params",
            "head",
            "w",
            (4, 5),
            "float32",
            (Target("params", ("Dense_0", "kernel"), (5, 4), (("swap", 0, 1),)),),
        ),
    )
)


def _convert(tmp_path, whole):
    (tmp_path / "in").write_bytes(pickle.dumps(whole))
    report = convert_file(tmp_path / "in", tmp_path / "out.msgpack", map=MAP)
    return read_variables(tmp_path / "out.msgpack")[0], report


def test_adam_state_is_converted_without_the_shift(tmp_path):
    optax = pytest.importorskip("optax")
    serialization = pytest.importorskip("flax.serialization")
    optimizer = optax.chain(optax.clip(1.0), optax.adamw(1e-3))
    state = optimizer.init(PARAMS)
    _, state = optimizer.update(PARAMS, state, PARAMS)
    whole = {"params": PARAMS, "opt_state": state, "ema_params": PARAMS, "step": 7}
    variables, report = _convert(tmp_path, whole)
    assert report.mirrors == ["opt_state/1/0/mu", "opt_state/1/0/nu", "ema_params"]
    mu = variables["opt_state"]["1"]["0"]["mu"]
    old = state[1][0].mu
    assert np.array_equal(mu["cell"]["h"]["bias"], old["lstm/linear"]["b"])
    assert np.array_equal(mu["Dense_0"]["kernel"], np.asarray(old["head"]["w"]).T)
    assert variables["params"]["cell"]["h"]["bias"][0] == 3
    assert variables["ema_params"]["cell"]["h"]["bias"][0] == 3
    restored = serialization.from_state_dict(
        optimizer.init(variables["params"]), variables["opt_state"]
    )
    assert restored[1][0].count == 1
    assert np.array_equal(restored[1][0].mu["Dense_0"]["kernel"], mu["Dense_0"]["kernel"])


def test_masked_multi_steps_and_trace(tmp_path):
    optax = pytest.importorskip("optax")
    mask = {m: {n: n == "w" for n in d} for m, d in PARAMS.items()}
    optimizer = optax.MultiSteps(optax.masked(optax.trace(0.9), mask), 2)
    variables, report = _convert(tmp_path, {"params": PARAMS, "opt_state": optimizer.init(PARAMS)})
    assert len(report.mirrors) == 2
    trace = variables["opt_state"]["inner_opt_state"]["inner_state"]["trace"]
    assert trace["cell"]["h"]["bias"] == {}
    assert variables["opt_state"]["acc_grads"]["Dense_0"]["kernel"].shape == (5, 4)


def test_memory_with_a_leading_axis():
    memory = {m: {n: np.stack([a, 2 * a]) for n, a in d.items()} for m, d in PARAMS.items()}
    found = convert_extras({"opt_state": {"diff_params_memory": memory}}, MAP)
    tree = found.tree["opt_state"]["diff_params_memory"]
    assert tree["Dense_0"]["kernel"].shape == (2, 5, 4)
    assert np.array_equal(tree["cell"]["i"]["kernel"][1], 2 * PARAMS["lstm/linear"]["w"][:1])


def test_factored_moments_are_refused(tmp_path):
    optax = pytest.importorskip("optax")
    state = optax.adafactor(1e-3, min_dim_size_to_factor=2).init(PARAMS)
    with pytest.raises(CheckpointError, match="adafactor"):
        _convert(tmp_path, {"params": PARAMS, "opt_state": state})


def test_one_vector_of_everything_is_refused():
    total = sum(a.size for d in PARAMS.values() for a in d.values())
    with pytest.raises(CheckpointError, match="one vector of all parameters"):
        convert_extras({"opt_state": [np.zeros(total)]}, MAP)


def test_mirror_with_modules_of_its_own_is_refused():
    more = {**PARAMS, "lstm/other": {"w": np.zeros(2)}}
    with pytest.raises(CheckpointError, match="lstm/other"):
        convert_extras({"ema_params": more}, MAP)


def test_other_extras_stay_as_they_are():
    extras = {"rng": np.array([1, 2], np.uint32), "config": {"lr": 0.1, "name": "x"}, "n": None}
    assert convert_extras(extras, MAP).tree == extras


@pytest.mark.parametrize("key", ["opt_state", "ema_params"])
def test_mirrors_return(key):
    there = convert_extras({key: {"mu": PARAMS}}, MAP)
    back = restore_extras(there.tree, MAP)
    assert back.mirrors == [f"{key}/mu"]
    for module, names in PARAMS.items():
        for name, array in names.items():
            assert np.array_equal(back.tree[key]["mu"][module][name], array)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("opt_state", "0", "mu"), True),
        (("opt_state", "0", "trace"), True),
        (("opt_state", "0", "ema"), True),
        (("opt_state", "slow"), False),
        (("ema_params",), False),
        (("avg_params",), False),
        (("target_params",), False),
        (("opt_state",), True),
    ],
)
def test_moments_and_copies(path, expected):
    assert is_moment(path) is expected


def _replicated(tree, n=4):
    return {m: {k: np.stack([a] * n) for k, a in d.items()} for m, d in tree.items()}


def test_unreplicate(tmp_path):
    whole = {"params": _replicated(PARAMS), "opt_state": {"mu": _replicated(PARAMS)}}
    whole["rng"] = np.arange(8, dtype=np.uint32).reshape(4, 2)
    (tmp_path / "in").write_bytes(pickle.dumps(whole))
    with pytest.raises(CheckpointError, match="--unreplicate"):
        convert_file(tmp_path / "in", tmp_path / "out.npz", map=MAP)
    report = convert_file(tmp_path / "in", tmp_path / "out.npz", map=MAP, unreplicate=True)
    variables, _ = read_variables(tmp_path / "out.npz")
    assert variables["params"]["Dense_0"]["kernel"].shape == (5, 4)
    assert variables["opt_state"]["mu"]["Dense_0"]["kernel"].shape == (5, 4)
    assert variables["rng"].shape == (4, 2)
    assert any("rng keeps its leading axis" in note for note in report.notes)


def test_sharded_axis_is_no_replica():
    tree = _replicated(PARAMS)
    tree["head"]["w"][1] += 1
    with pytest.raises(CheckpointError, match=r"differ.*head w"):
        unreplicate(Checkpoint(tree))
    with pytest.raises(CheckpointError, match="no common leading axis"):
        unreplicate(Checkpoint(PARAMS))


def test_names_of_haiku_classes():
    names = ["MLP", "Conv2D", "ResNetV2", "GPT2", "_Private", "MyMLPBlock", "XLNet"]
    expected = ["mlp", "conv2_d", "res_net_v2", "gpt2", "__private", "my_mlp_block", "xl_net"]
    assert [snake_case(name) for name in names] == expected


def test_guessing_follows_the_catalog_and_says_so(tmp_path):
    ones = np.ones((3, 3), np.float32)
    tree = {
        "linear": {"w": ones, "b": ones[0]},
        "net/~/linear_1": {"w": ones},
        "blocks/linear_0": {"w": ones},
        "blocks/linear_1": {"w": ones},
        "my_layer": {"gain": ones},
    }
    (tmp_path / "in").write_bytes(pickle.dumps(tree))
    report = convert_file(tmp_path / "in", tmp_path / "o.npz")
    assert report.guessed == [
        "linear w -> params/Dense_0/kernel",
        "linear b -> params/Dense_0/bias",
        "net/~/linear_1 w -> params/net/Dense_1/kernel",
        "blocks/linear_0 w -> params/blocks/linear_0/kernel",
        "blocks/linear_1 w -> params/blocks/linear_1/kernel",
        "my_layer gain -> params/my_layer/gain",
    ]
    assert "guessed" in str(report)


def test_guessing_refuses_two_leaves_in_one_place():
    tree = {"a/~/x": {"w": np.ones(1)}, "a/x": {"w": np.ones(1)}}
    with pytest.raises(CheckpointError, match="tracing"):
        guess_map(Checkpoint(tree))


def test_guessed_conversion_equals_flax(tmp_path):
    jax = pytest.importorskip("jax")
    hk = pytest.importorskip("haiku")
    nn = pytest.importorskip("flax.linen")

    def program(x):
        return hk.Linear(2)(jax.nn.relu(hk.Conv2D(4, 3)(x)).mean((1, 2)))

    class Flax(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(2)(jax.nn.relu(nn.Conv(4, (3, 3))(x)).mean((1, 2)))

    x = jax.numpy.arange(2 * 5 * 5 * 3.0).reshape(2, 5, 5, 3)
    model = hk.without_apply_rng(hk.transform(program))
    params = model.init(jax.random.key(0), x)
    (tmp_path / "in").write_bytes(pickle.dumps(params))
    convert_file(tmp_path / "in", tmp_path / "out.msgpack")
    variables, _ = read_variables(tmp_path / "out.msgpack")
    assert np.array_equal(model.apply(params, x), Flax().apply(variables, x))
    assert read_checkpoint(tmp_path / "in").format == "pickle"
