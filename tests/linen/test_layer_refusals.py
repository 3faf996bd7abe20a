"""What Haiku refuses the helpers refuse as well, and say why.

What they compute is proven in tests/symbols.
"""

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from haiku_reference import KEY, ours, rnd, transformed

IMAGE = rnd(2, 5, 4, 3)
ROWS = rnd(3, 6)
CONSTRUCTED = [
    (lambda: ours.MultiHeadAttention(2, 4), "w_init"),
    (lambda: ours.MultiHeadAttention(2, 4, 1.0, w_init=ours.Constant(1.0)), "w_init"),
    (lambda: ours.BatchNorm(False, True, 0.9, scale_init=jnp.ones), "scale_init"),
    (
        lambda: ours.BatchNorm(True, True, 0.9, cross_replica_axis_index_groups=[[0]]),
        "cross_replica_axis",
    ),
    (lambda: ours.LayerNorm(-1, False, True, scale_init=jnp.ones), "scale_init"),
    (lambda: ours.RMSNorm(-1, scale_init=jnp.ones, create_scale=False), "scale_init"),
    (lambda: ours.Embed(), "Embed"),
    (lambda: ours.Embed(6), "Embed"),
    (lambda: ours.Embed(5, 3, np.ones((6, 3))), "Embed"),
    (lambda: ours.Embed(6, 4, np.ones((6, 3))), "Embed"),
    (lambda: ours.MLP([3], b_init=ours.Constant(1.0), with_bias=False), "b_init"),
    (lambda: ours.Reshape((-1, -1)), "Reshape"),
    (lambda: ours.Reshape((3,), 0), "Reshape"),
    (lambda: ours.ExponentialMovingAverage(0.9, False, -1), "warm"),
    (lambda: ours.ExponentialMovingAverage(0.9, True, 2), "warm"),
    (lambda: ours.VarianceScaling(scale=-1.0), "VarianceScaling"),
    (lambda: ours.VarianceScaling(mode="fan"), "VarianceScaling"),
    (lambda: ours.VarianceScaling(distribution="cauchy"), "VarianceScaling"),
    (lambda: ours.Orthogonal()(KEY, (3,)), "two dimensions"),
    (lambda: ours.Identity()(KEY, (3,)), "two dimensions"),
    (lambda: ours.deep_rnn_with_skip_connections([ours.LSTM(3), jax.nn.relu]), "RNNCore"),
    (lambda: ours.expand_apply(abs, 1), "axis"),
    (lambda: ours.dropout(KEY, -0.1, ROWS), "rate"),
    (lambda: ours.dropout(KEY, 1.0, ROWS), "rate"),
    (lambda: ours.max_pool(IMAGE, 2, 2, "same"), "pads"),
    (lambda: ours.avg_pool(IMAGE, 2, 2, "SAME", 4), "channel axis"),
    (lambda: ours.max_pool(IMAGE, (1,) * 5, 2, "SAME"), "more axes"),
]
CALLED = [
    (lambda: ours.Linear(3), (jnp.ones(()),), "scalar"),
    (lambda: ours.Bias(None, [0]), (ROWS,), "Bias"),
    (lambda: ours.Bias(None, [5]), (ROWS,), "Bias"),
    (lambda: ours.Bias((4,)), (ROWS,), "Bias"),
    (lambda: ours.Bias(), (rnd(3),), "Bias"),
    (lambda: ours.Conv2DTranspose(5, 3, 2, (20, 20)), (IMAGE,), "comes from an input"),
    (lambda: ours.BatchNorm(True, True, 0.9), (IMAGE, False), "no value yet"),
    (lambda: ours.BatchNorm(False, True, 0.9), (IMAGE, True, False, None, 1.0), "`offset` cannot"),
    (lambda: ours.GroupNorm(4), (IMAGE,), "groups"),
    (lambda: ours.GroupNorm(3), (IMAGE, 1.0), "`scale` cannot"),
    (lambda: ours.LayerNorm(-1, True, True), (IMAGE, 1.0), "`scale` cannot"),
    (lambda: ours.Embed(6, 3), (jnp.ones(2),), "integers"),
    (lambda: ours.LSTM(4), (rnd(2, 3, 4), ours.LSTM(4).initial_state(2)), "rank 1 or"),
    (lambda: ours.GRU(4), (rnd(2, 3, 4), ours.GRU(4).initial_state(2)), "rank 1 or"),
    (lambda: ours.MLP([3]), (ROWS, 0.5), "both"),
    (lambda: ours.MLP([3]), (ROWS, None, KEY), "both"),
    (lambda: ours.SpectralNorm(), (rnd(3),), "matrix"),
    (lambda: ours.SpectralNorm(), (rnd(2, 2, 2), True, True), "matrix"),
    (lambda: ours.VectorQuantizerEMA(4, 6, 0.25, 1.5), (rnd(2, 4), True), "decay"),
    (lambda: ours.ResNet([1, 1], 3), (rnd(2, 8, 8, 3), True), "length 4"),
    (
        lambda: ours.ResetCore(ours.GRU(4)),
        ((rnd(2, 3), jnp.zeros((3,), bool)), ours.GRU(4).initial_state(2)),
        "do not fit",
    ),
    (
        lambda: ours.MultiHeadAttention(2, 4, 1.0),
        (rnd(2, 3, 6), rnd(2, 3, 6), rnd(2, 3, 6), np.ones((1, 3, 3))),
        "rank",
    ),
]


@pytest.mark.parametrize("number", range(len(CONSTRUCTED)))
def test_at_once(number):
    make, reason = CONSTRUCTED[number]
    with pytest.raises(ValueError, match=reason):
        make()


@pytest.mark.parametrize("number", range(len(CALLED)))
def test_when_called(number):
    make, arguments, reason = CALLED[number]
    with pytest.raises(ValueError, match=reason):
        make().init(KEY, *arguments)


@pytest.mark.parametrize(
    "layer, shape",
    [
        (lambda lib: lib.Conv2D(4, 3), (2, 2, 5, 4, 3)),
        (lambda lib: lib.Conv2D(4, 3, feature_group_count=2), (2, 5, 4, 3)),
        (lambda lib: lib.Conv2D(4, 3, mask=np.ones((3, 3))), (2, 5, 4, 3)),
        (lambda lib: lib.Conv2D(4, (1, 2, 3)), (2, 5, 4, 3)),
        (lambda lib: lib.Conv2D(4, 3, data_format="WHO"), (2, 5, 4, 3)),
    ],
)
def test_convolutions(layer, shape):
    with pytest.raises((ValueError, TypeError)):
        transformed(layer)[0](KEY, rnd(*shape))
    with pytest.raises((ValueError, TypeError)):
        layer(ours).init(KEY, rnd(*shape))


@pytest.mark.parametrize("data_format", ["", "N", "C", "HWC", "NCC", "NHCWC", "BTDD", "nhwc"])
def test_data_formats(data_format):
    for function in (ours.get_channel_index, hk.get_channel_index):
        with pytest.raises(ValueError):
            function(data_format)


def test_other_errors():
    with pytest.raises(AttributeError):
        ours.Embed(6, 3, lookup_style="hash").init(KEY, jnp.zeros(2, int))
    with pytest.raises(TypeError, match="padding"):
        ours.create_from_tuple(((1, 2), (3, 4), (5, 6)), 2)
    with pytest.raises(ValueError, match="been called"):
        ours.MLP([3]).init(KEY, method=lambda mlp: mlp.reverse())
    with pytest.raises(ValueError, match="no value yet"):
        ours.ExponentialMovingAverage(0.9).apply({}, method=lambda average: average.average)
