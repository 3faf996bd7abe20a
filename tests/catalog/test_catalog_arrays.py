"""`gives_array` in the catalog, held against what Haiku's layers and functions return."""

import haiku as hk
import jax
import jax.numpy as jnp
import pytest
from haiku._src.integration import descriptors

from hk2flax.catalog import SYMBOLS

X = jax.ShapeDtypeStruct((2, 8, 8, 4), jnp.float32)
OTHERS = {
    "AvgPool": lambda x: hk.AvgPool(2, 2, "SAME")(x),
    "MaxPool": lambda x: hk.MaxPool(2, 2, "SAME")(x),
    "avg_pool": lambda x: hk.avg_pool(x, 2, 2, "SAME"),
    "max_pool": lambda x: hk.max_pool(x, 2, 2, "SAME"),
    "Reshape": lambda x: hk.Reshape((-1,))(x),
    "ExponentialMovingAverage": lambda x: hk.ExponentialMovingAverage(0.9)(x),
    "dropout": lambda x: hk.dropout(hk.next_rng_key(), 0.5, x),
    "get_parameter": lambda x: hk.get_parameter("w", [3], init=jnp.zeros),
    "one_hot": lambda x: hk.one_hot(x[..., 0], 3),
}
MODULES = {module.name: module for module in descriptors.ALL_MODULES}
CLAIMED = sorted(s.name for s in SYMBOLS.values() if s.gives_array)


def returned(f, *args):
    """What a function under `hk.transform_with_state` returns, as shapes."""
    transformed = hk.transform_with_state(f)
    return jax.eval_shape(
        lambda key, *a: transformed.apply(*transformed.init(key, *a), key, *a)[0],
        jax.random.PRNGKey(0),
        *args,
    )


@pytest.mark.parametrize("name", CLAIMED)
def test_it_returns_one_array(name):
    short = name.removeprefix("haiku.")
    if short in OTHERS:
        found = returned(OTHERS[short], X)
    else:
        module = MODULES[short]
        found = returned(
            lambda x: module.create()(x), jax.ShapeDtypeStruct(module.shape, module.dtype)
        )
    assert isinstance(found, jax.ShapeDtypeStruct)


def test_what_returns_several_is_not_claimed():
    for name in ("LSTM", "GRU", "nets.VectorQuantizer", "DeepRNN", "Sequential", "EMAParamsTree"):
        assert not SYMBOLS[f"haiku.{name}"].gives_array
