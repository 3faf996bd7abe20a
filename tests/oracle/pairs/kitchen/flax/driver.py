import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from hk2flax.linen.batch_norm import BatchNorm
from hk2flax.linen.recurrent import LSTM


def kernel_init(key, shape, dtype=jnp.float32):
    return jax.random.truncated_normal(key, -2.0, 2.0, shape, dtype) / np.sqrt(shape[0])


class Counter(nn.Module):
    @nn.compact
    def __call__(self, x):
        steps = self.variable("state", "steps", lambda: jnp.zeros([]))
        before = steps.value
        if not self.is_initializing():
            steps.value = before + 1
        return x + before


class Block(nn.Module):
    size: int
    rate: float

    @nn.compact
    def __call__(self, x, is_training):
        h = nn.Dense(self.size, kernel_init=kernel_init, name="a")(x)
        h = nn.Dense(self.size, kernel_init=kernel_init, name="a_1")(jax.nn.gelu(h))
        return x + nn.Dropout(self.rate, deterministic=not is_training)(h)


class Layer(nn.Module):
    @nn.compact
    def __call__(self, x, _):
        return nn.Dense(4, kernel_init=kernel_init)(x), None


class Net(nn.Module):
    @nn.compact
    def __call__(self, x, is_training=True):
        x = BatchNorm(True, True, 0.9, name="norm")(x, is_training)
        x = Block(4, 0.3)(x, is_training)
        stack = nn.scan(
            Layer,
            variable_axes={"params": 0},
            split_rngs={"params": True, "dropout": True},
            length=3,
        )
        x, _ = stack()(x, None)
        core = LSTM(4)
        state = core.initial_state(x.shape[0])
        outputs = []
        for _ in range(2):
            x, state = core(x, state)
            outputs.append(x)
        x = Counter()(sum(outputs))
        return {"logits": nn.Dense(3, kernel_init=kernel_init)(x), "index": jnp.argmax(x, -1)}


net = Net()


def inputs():
    return (np.random.RandomState(0).randn(6, 4).astype(np.float32),), {"is_training": True}
