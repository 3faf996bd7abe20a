"""State, dropout, recurrence, a stack and a name clash in one stateful transform."""

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np


class Counter(hk.Module):
    def __call__(self, x):
        steps = hk.get_state("steps", [], init=jnp.zeros)
        hk.set_state("steps", steps + 1)
        return x + steps


class Block(hk.Module):
    def __init__(self, size, rate):
        super().__init__()
        self.size = size
        self.rate = rate

    def __call__(self, x, is_training):
        h = hk.Linear(self.size, name="a")(x)
        h = hk.Linear(self.size, name="a")(jax.nn.gelu(h))
        if is_training:
            h = hk.dropout(hk.next_rng_key(), self.rate, h)
        return x + h


class Net(hk.Module):
    def __call__(self, x, is_training=True):
        x = hk.BatchNorm(True, True, 0.9, name="norm")(x, is_training)
        x = Block(4, 0.3)(x, is_training)
        x = hk.experimental.layer_stack(3)(hk.Linear(4))(x)
        core = hk.LSTM(4)
        state = core.initial_state(x.shape[0])
        outputs = []
        for _ in range(2):
            x, state = core(x, state)
            outputs.append(x)
        x = Counter()(sum(outputs))
        return {"logits": hk.Linear(3)(x), "index": jnp.argmax(x, -1)}


net = hk.transform_with_state(lambda x, is_training=True: Net()(x, is_training))


def inputs():
    return (np.random.RandomState(0).randn(6, 4).astype(np.float32),), {"is_training": True}
