"""Every helper layer asks for its variables as Haiku's layer does: what, in which order, how often.

This is what hooks and policies rest on: a creator is told a name, a shape and a dtype.
"""

import haiku as hk
import jax
import jax.numpy as jnp
import pytest
from haiku_reference import ours, rnd

from hk2flax.linen import hooks
from hk2flax.linen.transform import transform_with_state

X1, X2, X3, X4 = (rnd(2, *[4] * n) for n in (1, 2, 3, 4))
IDS = jnp.array([[0, 1], [2, 0]])
CASES = [
    ("Linear", lambda lib: lib.Linear(3)(X1)),
    ("Bias", lambda lib: lib.Bias()(X2)),
    ("Conv1D", lambda lib: lib.Conv1D(3, 2)(X2)),
    ("Conv2D", lambda lib: lib.Conv2D(4, 3, feature_group_count=2)(X3)),
    ("Conv3D", lambda lib: lib.Conv3D(2, 2, with_bias=False)(X4)),
    ("Conv2DTranspose", lambda lib: lib.Conv2DTranspose(3, 3, stride=2)(X3)),
    ("DepthwiseConv2D", lambda lib: lib.DepthwiseConv2D(2, 3)(X3)),
    ("SeparableDepthwiseConv2D", lambda lib: lib.SeparableDepthwiseConv2D(2, 3)(X3)),
    ("BatchNorm", lambda lib: lib.BatchNorm(True, True, 0.9)(X2, True)),
    ("LayerNorm", lambda lib: lib.LayerNorm(-1, True, True)(X2)),
    ("GroupNorm", lambda lib: lib.GroupNorm(2)(X3)),
    ("InstanceNorm", lambda lib: lib.InstanceNorm(True, True)(X3)),
    ("RMSNorm", lambda lib: lib.RMSNorm(-1)(X2)),
    ("Embed", lambda lib: lib.Embed(3, 4)(IDS)),
    ("Embed of a matrix", lambda lib: lib.Embed(embedding_matrix=X1.astype(jnp.float16))(IDS % 2)),
    ("LSTM", lambda lib: recurrent(lib.LSTM(3))),
    ("GRU", lambda lib: recurrent(lib.GRU(3))),
    ("VanillaRNN", lambda lib: recurrent(lib.VanillaRNN(3))),
    ("MultiHeadAttention", lambda lib: attend(lib.MultiHeadAttention, lib.initializers)),
    ("MLP", lambda lib: lib.nets.MLP([3, 2])(X1)),
    ("SpectralNorm", lambda lib: lib.SpectralNorm()(X1)),
    ("ExponentialMovingAverage", lambda lib: lib.ExponentialMovingAverage(0.9)(X1)),
    ("VectorQuantizer", lambda lib: lib.nets.VectorQuantizer(4, 3, 0.2)(X2, True)["quantize"]),
    ("VectorQuantizerEMA", lambda lib: ema_quantizer(lib.nets.VectorQuantizerEMA)),
    ("ResNet", lambda lib: lib.nets.ResNet([1] * 4, 2, channels_per_group=(4,) * 4)(X3, True)),
    ("MobileNetV1", lambda lib: lib.nets.MobileNetV1((1,), (4,), 2)(X3, True)),
]


def recurrent(core):
    return core(X1, core.initial_state(2))[0]


def attend(layer, initializers):
    init = initializers.VarianceScaling()
    return layer(2, 3, w_init=init)(X2, X2, X2)


def ema_quantizer(layer):
    return layer(4, 3, 0.2, 0.9)(X2, True)["quantize"]


def requests(program, lib, hook_functions, transform):
    """What hooks see in init and in apply: kind, name, dtype, shape."""
    seen = []

    def note(kind, context):
        dtype = str(jnp.dtype(context.original_dtype))
        seen.append((kind, context.name, dtype, tuple(context.original_shape or ())))

    def creator(following, shape, dtype, init, context):
        note("create", context)
        return following(shape, dtype, init)

    def getter(following, value, context):
        note("get", context)
        return following(value)

    def setter(following, value, context):
        note("set", context)
        return following(value)

    def run():
        create, get, put = hook_functions
        with create(creator, state=True), get(getter, state=True), put(setter):
            return program(lib)

    pair = transform(run)
    params, state = jax.eval_shape(pair.init, jax.random.PRNGKey(0))
    # At init our layers do not set what init would not return.
    at_init = [entry for entry in seen if entry[0] != "set"]
    seen.clear()
    jax.eval_shape(pair.apply, params, state, jax.random.PRNGKey(0))
    return at_init, seen


@pytest.mark.parametrize("program", [pytest.param(run, id=name) for name, run in CASES])
def test_requests(program):
    old = hk.custom_creator, hk.custom_getter, hk.custom_setter
    new = hooks.custom_creator, hooks.custom_getter, hooks.custom_setter
    expected = requests(program, hk, old, hk.transform_with_state)
    actual = requests(program, ours, new, transform_with_state)
    assert actual == expected
    assert expected[0]
