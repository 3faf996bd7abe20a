"""Training: python -m classifier.train [--steps N]."""

import argparse
from typing import NamedTuple

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import optax

from classifier.data import batches
from classifier.models import ResNet


class TrainState(NamedTuple):
    """Everything that changes from step to step."""

    params: hk.Params
    state: hk.State
    opt_state: optax.OptState


def forward(images, is_training):
    """The network as Haiku transforms it."""
    return ResNet(num_classes=10)(images, is_training)


model = hk.transform_with_state(forward)
optimizer = optax.adamw(3e-3, weight_decay=1e-4)


def init(key, images) -> TrainState:
    """A fresh training state."""
    params, state = model.init(key, images, is_training=True)
    return TrainState(params, state, optimizer.init(params))


def loss_fn(params, state, key, images, labels):
    """Mean cross entropy; the new BatchNorm statistics and the accuracy come along."""
    logits, state = model.apply(params, state, key, images, is_training=True)
    loss = optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()
    accuracy = jnp.mean(jnp.argmax(logits, axis=-1) == labels)
    return loss, (state, accuracy)


@jax.jit
def train_step(train_state: TrainState, key, images, labels):
    """One step of the optimizer."""
    params, state, opt_state = train_state
    grad_fn = jax.value_and_grad(loss_fn, has_aux=True)
    (loss, (state, accuracy)), grads = grad_fn(params, state, key, images, labels)
    updates, opt_state = optimizer.update(grads, opt_state, params)
    params = optax.apply_updates(params, updates)
    return TrainState(params, state, opt_state), {"loss": loss, "accuracy": accuracy}


@jax.jit
def predict(train_state: TrainState, images):
    """The most likely digit of each image."""
    logits, _ = model.apply(train_state.params, train_state.state, None, images, is_training=False)
    return jnp.argmax(logits, axis=-1)


def train(steps: int, batch_size: int = 64, seed: int = 0) -> TrainState:
    """Train and print how it goes."""
    data = batches(batch_size, seed)
    keys = hk.PRNGSequence(seed)
    train_state = init(next(keys), next(data)[0])
    for step in range(steps):
        images, labels = next(data)
        train_state, metrics = train_step(train_state, next(keys), images, labels)
        if step % 25 == 0 or step == steps - 1:
            print(f"step {step:4d}  loss {metrics['loss']:.3f}  accuracy {metrics['accuracy']:.2f}")
    images, labels = next(batches(256, seed + 1))
    print(f"test accuracy {np.mean(predict(train_state, images) == labels):.2f}")
    return train_state


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=200)
    train(parser.parse_args().steps)
