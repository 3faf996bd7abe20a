"""Parameters of another dtype than the inputs, as after loading a checkpoint."""

import jax.numpy as jnp
import numpy as np
import pytest
from haiku_reference import check, ours, rnd

IMAGE, ROW = (2, 3, 2, 6), (2, 6)
LAYERS = {
    "Linear": (lambda lib: lib.Linear(4), ROW),
    "Bias": (lambda lib: lib.Bias(), ROW),
    "InstanceNorm": (lambda lib: lib.InstanceNorm(True, True), IMAGE),
    "LayerNorm": (lambda lib: lib.LayerNorm(-1, True, True), IMAGE),
    "GroupNorm": (lambda lib: lib.GroupNorm(3), IMAGE),
    "RMSNorm": (lambda lib: lib.RMSNorm(-1), IMAGE),
    "MLP": (lambda lib: lib.nets.MLP([4, 3]), ROW),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("inputs, parameters", [("bfloat16", "float32"), ("float32", "bfloat16")])
def test_layers(name, inputs, parameters):
    build, shape = LAYERS[name]
    check(build, rnd(*shape, dtype=jnp.dtype(inputs)), cast=jnp.dtype(parameters))


@pytest.mark.parametrize("name", ["LSTM", "GRU", "VanillaRNN"])
def test_cores(name):
    x, state = rnd(2, 6, dtype=jnp.bfloat16), getattr(ours, name)(4).initial_state(2)
    check(lambda lib: getattr(lib, name)(4), x, state, cast=jnp.float32)


def test_attention():
    x = rnd(2, 3, 6, dtype=jnp.bfloat16)
    mask = np.tri(3, dtype=bool)[None, None]

    def build(lib):
        return lib.MultiHeadAttention(2, 4, w_init=lib.initializers.VarianceScaling())

    check(build, x, x, x, mask, cast=jnp.float32)
