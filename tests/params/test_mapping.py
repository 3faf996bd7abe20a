from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
from params_samples import MAP, PARAMS, STATE, same

from hk2flax.params import Checkpoint, CheckpointError, Map, convert, convert_back


def _checkpoint():
    return Checkpoint(copy.deepcopy(PARAMS), copy.deepcopy(STATE))


def test_leaves_are_split_moved_and_shifted():
    variables = convert(_checkpoint(), MAP)
    w = PARAMS["mlp/~/linear_0"]["w"]
    cell = variables["params"]["Cell_0"]
    assert same(cell["i"]["kernel"], w[:2])
    assert same(cell["h"]["kernel"], w[2:].reshape(2, 2).T)
    assert same(cell["h"]["bias"], np.arange(1, 5).astype(cell["h"]["bias"].dtype))
    assert cell["h"]["bias"].dtype.name == "bfloat16"
    assert variables["params"]["MLP_0"]["kernel/u"].shape == (3, 2)
    assert set(variables) == {"params", "batch_stats"}


def test_way_back_is_equal_to_the_bit_and_names_what_cannot_return():
    back = convert_back(convert(_checkpoint(), MAP), MAP)
    assert same(back.params, PARAMS)
    assert same(back.state, {"bn/~/mean_ema": {"average": STATE["bn/~/mean_ema"]["average"]}})
    assert back.notes == [
        "not restored: state bn/~/mean_ema counter (Flax has none: linen keeps no counter)"
    ]


def test_every_bad_leaf_is_named():
    broken = _checkpoint()
    del broken.params["~"]
    broken.params["mlp"]["extra"] = np.zeros(1)
    broken.params["mlp/~/linear_0"]["b"] = np.zeros((2, 2))
    with pytest.raises(CheckpointError) as caught:
        convert(broken, MAP)
    text = str(caught.value)
    assert "missing: params ~ a/b" in text
    assert "not in the map: params mlp extra" in text
    assert "wrong shape: params mlp/~/linear_0 b is (2, 2), the map says (4,)" in text


def test_every_bad_flax_leaf_is_named():
    variables = convert(_checkpoint(), MAP)
    del variables["params"]["a%b"]
    variables["params"]["more"] = {"x": np.zeros(1)}
    variables["batch_stats"]["BatchNorm_0"]["mean"] = np.zeros(3)
    with pytest.raises(CheckpointError) as caught:
        convert_back(variables, MAP)
    text = str(caught.value)
    assert "missing: params/a%b" in text
    assert "not in the map: params/more/x" in text
    assert "wrong shape: batch_stats/BatchNorm_0/mean is (3,), the map says (4,)" in text


def test_state_that_the_map_does_not_know_is_never_dropped_silently():
    broken = _checkpoint()
    broken.state["other"] = {"x": np.zeros(1)}
    with pytest.raises(CheckpointError, match="not in the map: state other x"):
        convert(broken, MAP)


def test_slices_that_leave_elements_out_are_refused():
    first = MAP.entries[0]
    partial = Map((replace(first, targets=first.targets[:1]), *MAP.entries[1:]))
    with pytest.raises(CheckpointError, match="leave elements out"):
        convert(_checkpoint(), partial)


def test_copies_of_one_leaf_must_agree_on_the_way_back():
    entry = MAP.entries[3]
    twin = replace(entry.targets[0], path=("twin",), ops=(("slice", 0, 0, 3),))
    mapping = Map((replace(entry, targets=(*entry.targets, twin)),))
    checkpoint = Checkpoint({entry.module: dict(PARAMS[entry.module])})
    variables = convert(checkpoint, mapping)
    assert same(convert_back(variables, mapping).params, checkpoint.params)
    variables["params"]["twin"] = variables["params"]["twin"] + 1
    with pytest.raises(CheckpointError, match="different values"):
        convert_back(variables, mapping)


def test_replicated_checkpoint_gets_a_hint():
    tree = {m: {n: np.stack([a] * 8) for n, a in d.items()} for m, d in PARAMS.items()}
    state = {m: {n: np.stack([a] * 8) for n, a in d.items()} for m, d in STATE.items()}
    with pytest.raises(CheckpointError, match=r"of size 8[\s\S]*--unreplicate"):
        convert(Checkpoint(tree, state), MAP)


def test_contradictory_map_is_refused():
    with pytest.raises(CheckpointError, match="listed twice"):
        convert(_checkpoint(), Map((*MAP.entries, MAP.entries[0])))
