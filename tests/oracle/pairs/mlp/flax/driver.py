import flax.linen as nn
import jax
import numpy as np

init = nn.initializers.variance_scaling(1.0, "fan_in", "truncated_normal")


class Scale(nn.Module):
    size: int

    def setup(self):
        self.w = self.param("w", nn.initializers.ones, (self.size,))

    def __call__(self, x):
        return x * self.w


class Net(nn.Module):
    def setup(self):
        self._first = Scale(4)
        self._second = Scale(4)
        self.layers = [nn.Dense(4), nn.Dense(4)]
        self.shared = nn.Dense(4, name="tied")

    @nn.compact
    def __call__(self, x):
        x = self._second(x)
        x = self._first(x)
        for layer in self.layers:
            x = jax.nn.relu(layer(x))
        x = self.shared(self.shared(x))
        x = nn.LayerNorm(epsilon=1e-5, use_fast_variance=False)(x)
        return nn.Dense(4)(nn.Dense(4)(x))


def build():
    return Net()


def inputs():
    return (np.random.RandomState(0).randn(3, 4).astype(np.float32),), {}
