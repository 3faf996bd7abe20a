"""A subclass of a layer reads the same attributes as in Haiku, or none."""

import functools
import inspect

import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from haiku_reference import DEFINITIONS

from hk2flax.catalog import SYMBOLS
from hk2flax.linen.layer_norm import AxisSlice

# What a constructor gets where Haiku has no default, and here and there something else than it.
GIVEN = {
    "axis": -1,
    "bn_config": {},
    "blocks_per_group": (1, 1, 1, 1),
    "channel_multiplier": 2,
    "commitment_cost": 0.1,
    "core": None,
    "create_offset": True,
    "create_scale": True,
    "decay": 0.9,
    "decay_rate": 0.9,
    "embed_dim": 3,
    "embedding_dim": 3,
    "groups": 2,
    "hidden_size": 4,
    "input_shape": (5, 5, 1),
    "kernel_shape": 3,
    "key_size": 3,
    "layers": (),
    "num_classes": 3,
    "num_embeddings": 4,
    "num_heads": 2,
    "num_spatial_dims": 2,
    "output_channels": 4,
    "output_shape": (2, 3),
    "output_size": 4,
    "output_sizes": (3, 4),
    "padding": "SAME",
    "strides": 2,
    "vocab_size": 5,
    "window_shape": 3,
}
OPTIONAL = {
    "haiku.MultiHeadAttention": {"w_init_scale": 2.0},
    "haiku.Embed": ("vocab_size", "embed_dim"),
}
# A base that nobody constructs.
ABSTRACT = {"haiku.RNNCore"}
LAYERS = sorted(
    name for name, s in SYMBOLS.items() if s.kind == "layer" and s.helper and name not in ABSTRACT
)


def arguments(name, cls):
    extra = OPTIONAL.get(name, {})
    result = {k: GIVEN[k] for k in extra} if isinstance(extra, tuple) else dict(extra)
    for key, parameter in inspect.signature(cls).parameters.items():
        required = parameter.default is inspect.Parameter.empty
        if required and key in GIVEN:
            result[key] = GIVEN[key]
    return result


def drawn(initialiser, flax):
    shape, dtype = (40, 50), jnp.float32
    if flax:
        return initialiser(jax.random.PRNGKey(0), shape, dtype)
    return hk.transform(lambda: initialiser(shape, dtype)).apply({}, jax.random.PRNGKey(0))


def same(theirs, ours):
    if isinstance(ours, AxisSlice):
        return slice(*ours) == theirs
    if isinstance(theirs, hk.Module):
        return isinstance(ours, nn.Module)
    if isinstance(theirs, tuple | list):
        return len(theirs) == len(ours) and all(map(same, theirs, ours))
    if callable(theirs) and theirs is not ours:
        a, b = drawn(theirs, flax=False), drawn(ours, flax=True)
        return np.isclose(a.mean(), b.mean(), atol=0.1) and np.isclose(a.std(), b.std(), atol=0.05)
    return theirs is ours or theirs == ours


@pytest.mark.parametrize("name", LAYERS)
def test_attributes(name):
    symbol = SYMBOLS[name]
    cls = functools.reduce(getattr, name.split(".")[1:], hk)
    given = arguments(name, cls)
    theirs = {}

    def construct():
        module = cls(**given)
        theirs.update({k: v for k, v in vars(module).items() if not k.startswith("_")})

    hk.transform_with_state(construct).init(jax.random.PRNGKey(0))
    differ = []

    class Root(nn.Module):
        @nn.compact
        def __call__(self):
            module = DEFINITIONS[symbol.helper](**given)
            for again in (module, module.copy()):
                for key, value in theirs.items():
                    # What is missing fails when it is read, and the rewriter says so.
                    if key not in ("module_name", "name") and hasattr(again, key):
                        if not same(value, getattr(again, key)):
                            differ.append(key)

    Root().init({"params": jax.random.PRNGKey(0), "dropout": jax.random.PRNGKey(1)})
    assert not differ
