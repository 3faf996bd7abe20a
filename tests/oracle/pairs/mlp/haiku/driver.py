"""Setup names, inline auto-names, a shared module, attributes, order that setup changes."""

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np


class Scale(hk.Module):
    def __init__(self, size, name=None):
        super().__init__(name=name)
        self.w = hk.get_parameter("w", [size], init=jnp.ones)

    def __call__(self, x):
        return x * self.w


class Net(hk.Module):
    def __init__(self, name=None):
        super().__init__(name=name)
        self._first = Scale(4)
        self._second = Scale(4)
        self.layers = [hk.Linear(4), hk.Linear(4)]
        self.shared = hk.Linear(4, name="tied")

    def __call__(self, x):
        x = self._second(x)
        x = self._first(x)
        for layer in self.layers:
            x = jax.nn.relu(layer(x))
        x = self.shared(self.shared(x))
        x = hk.LayerNorm(-1, True, True)(x)
        return hk.Linear(4)(hk.Linear(4)(x))


def forward(x):
    return Net()(x)


net = hk.without_apply_rng(hk.transform(forward))


def build():
    return net


def inputs():
    return (np.random.RandomState(0).randn(3, 4).astype(np.float32),), {}
