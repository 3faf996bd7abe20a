"""Which layers are seen to return one array: what nn.Sequential may hold between others."""

import pytest

from tests.sources import rewrite

MODULES = """
import haiku as hk
import jax
import jax.numpy as jnp


class Block(hk.Module):
    def __init__(self, size):
        super().__init__()
        self.size = size
        self.norm = hk.LayerNorm(-1, True, True)

    def __call__(self, x):
        h = self.hidden(self.norm(x))
        return x + h if self.size else x

    def hidden(self, x):
        for _ in range(2):
            x = jax.nn.relu(hk.Linear(self.size)(x))
        return x


class Wrapped(hk.Linear):
    pass


class Same(hk.Module):
    def __call__(self, x):
        return x


class Pair(hk.Module):
    def __call__(self, x):
        return x, x


class Maybe(hk.Module):
    def __call__(self, x):
        if x.ndim > 1:
            return {"x": x}
        return hk.Linear(3)(x)


class Unpacks(hk.Module):
    def __call__(self, xs):
        x, y = xs
        return x


class Yields(hk.Module):
    def __call__(self, x):
        yield jnp.tanh(x)


class Recursive(hk.Module):
    def __call__(self, x):
        return self(x)


class Circle(hk.Module):
    def __init__(self):
        super().__init__()
        self.body = hk.Linear(3)
        self.body = hk.Sequential([self.body, jnp.tanh])

    def __call__(self, x):
        return self.body(x)


circle = hk.Linear(3)
circle = hk.Sequential([circle, jnp.tanh])


def scaled(x):
    y = x * 2
    y += 1
    return y.astype(jnp.float32)


def listed(x):
    return [x]


def f(x):
    return hk.Sequential([FIRST, SECOND, hk.Linear(3)])(x)
"""


def is_plain(first: str, second: str) -> bool:
    text = rewrite(MODULES.replace("FIRST", first).replace("SECOND", second))
    assert ("nn.Sequential(" in text) != ("return Sequential(" in text)
    return "nn.Sequential(" in text


@pytest.mark.parametrize(
    "layer",
    [
        "hk.Linear(3)",
        "Block(3)",
        "Wrapped(3)",
        "Same()",
        "scaled",
        "jnp.tanh",
        "lambda x: x",
        "lambda x: x.mean(0, keepdims=True)",
        "lambda x: jnp.mean(x, -1)",
        "lambda x: jnp.reshape(x, (-1,)) if x.ndim else x",
        "hk.Sequential([Same(), scaled])",
    ],
)
def test_returns_an_array_when_it_gets_one(layer):
    assert is_plain("hk.Linear(3)", layer)


@pytest.mark.parametrize(
    "layer",
    [
        "Pair()",
        "Maybe()",
        "Unpacks()",
        "Yields()",
        "Recursive()",
        "listed",
        "lambda x: (x, x)",
        "lambda x: jnp.split(x, 2)",
        "lambda x: x.split(2)",
        "unknown",
        "Circle()",
        "circle",
        "hk.Sequential([])",
        "hk.Sequential([Same(), listed])",
        "lambda x: {'a': x}",
    ],
)
def test_may_return_something_else(layer):
    assert not is_plain("hk.Linear(3)", layer)


@pytest.mark.parametrize(
    ("layer", "plain"),
    [
        ("Block(3)", True),  # its argument goes into a layer, which takes arrays only
        ("Same()", False),
        ("scaled", True),
        ("lambda x: x * 2", False),
        ("lambda x: x.mean(0)", False),
    ],
)
def test_what_the_first_layer_gets_is_not_known(layer, plain):
    assert is_plain(layer, "jnp.tanh") == plain
