"""Vector quantisation."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax

from .initializers import VarianceScaling
from .moving_averages import ExponentialMovingAverage, layer_state, set_layer_state
from .variables import scope_parameter


def nearest_codes(
    inputs: jax.Array, embeddings: jax.Array, again: jax.Array | None = None
) -> dict[str, jax.Array]:
    """The closest embedding to each input: distances, one-hot encodings and their indices.

    inputs [..., dim], embeddings [dim, number]; `again` is the same where Haiku asks for it again,
    since a getter may change it. Plain linen has no vector quantiser.
    """
    again = embeddings if again is None else again
    flat = jnp.reshape(inputs, (-1, embeddings.shape[0]))
    distances = (
        jnp.sum(jnp.square(flat), 1, keepdims=True)
        - 2 * jnp.matmul(flat, embeddings)
        + jnp.sum(jnp.square(again), 0, keepdims=True)
    )
    indices = jnp.argmax(-distances, 1)
    return {
        "encodings": jax.nn.one_hot(indices, embeddings.shape[1], dtype=distances.dtype),
        "encoding_indices": jnp.reshape(indices, inputs.shape[:-1]),
        "distances": distances,
    }


def straight_through(inputs: jax.Array, quantized: jax.Array) -> jax.Array:
    """The quantised values with the gradient of the inputs; plain linen has no vector quantiser."""
    return inputs + lax.stop_gradient(quantized - inputs)


def code_perplexity(encodings: jax.Array, cross_replica_axis: str | None) -> jax.Array:
    """How many codes are in use, as a perplexity; plain linen has no vector quantiser."""
    share = jnp.mean(encodings, 0)
    if cross_replica_axis:
        share = lax.pmean(share, cross_replica_axis)
    return jnp.exp(-jnp.sum(share * jnp.log(share + 1e-10)))


class VectorQuantizer(nn.Module):
    """Replaces vectors by the closest of a learned set (`hk.nets.VectorQuantizer`).

    inputs [..., embedding_dim] -> a dict with quantize (of the same shape), loss, perplexity,
    encodings, encoding_indices and distances; parameter embeddings [embedding_dim, num_embeddings].
    Plain linen has no such layer.
    """

    embedding_dim: int
    num_embeddings: int
    commitment_cost: float
    dtype: Any = jnp.float32
    cross_replica_axis: str | None = None

    @property
    def embeddings(self) -> jax.Array:
        """The embeddings; a property, since Haiku asks for the parameter whenever it is used."""
        init = VarianceScaling(distribution="uniform")
        shape = (self.embedding_dim, self.num_embeddings)
        return scope_parameter(self.scope, "embeddings", shape, self.dtype, init)

    def __call__(self, inputs: jax.Array, is_training: bool) -> dict[str, jax.Array]:
        """Quantises the inputs."""
        codes = nearest_codes(inputs, self.embeddings, self.embeddings)
        quantized = self.quantize(codes["encoding_indices"])
        e_latent_loss = jnp.mean(jnp.square(lax.stop_gradient(quantized) - inputs))
        q_latent_loss = jnp.mean(jnp.square(quantized - lax.stop_gradient(inputs)))
        return {
            "quantize": straight_through(inputs, quantized),
            "loss": q_latent_loss + self.commitment_cost * e_latent_loss,
            "perplexity": code_perplexity(codes["encodings"], self.cross_replica_axis),
            **codes,
        }

    def quantize(self, encoding_indices: jax.Array) -> jax.Array:
        """The embeddings of some indices."""
        return jnp.asarray(self.embeddings).T[(encoding_indices,)]


class VectorQuantizerEMA(nn.Module):
    """A quantiser whose embeddings follow the inputs (`hk.nets.VectorQuantizerEMA`).

    Called as `VectorQuantizer`. It has no parameters: embeddings [embedding_dim, num_embeddings] is
    in `state`, the averages ema_cluster_size and ema_dw are in `batch_stats`. The outputs are those
    of the embeddings before the update. Plain linen has no such layer.
    """

    embedding_dim: int
    num_embeddings: int
    commitment_cost: float
    decay: float
    epsilon: float = 1e-5
    dtype: Any = jnp.float32
    cross_replica_axis: str | None = None

    def setup(self) -> None:
        """Creates the averages."""
        if not 0 <= self.decay <= 1:
            raise ValueError(f"VectorQuantizerEMA: decay must be in [0, 1], got {self.decay}.")
        self.cluster_size_average = ExponentialMovingAverage(self.decay, name="ema_cluster_size")
        self.dw_average = ExponentialMovingAverage(self.decay, name="ema_dw")

    @property
    def embeddings(self) -> jax.Array:
        """The current embeddings."""
        init = VarianceScaling(distribution="uniform")
        shape = (self.embedding_dim, self.num_embeddings)
        return layer_state(self, "state", "embeddings", shape, self.dtype, init)

    @property
    def ema_cluster_size(self) -> ExponentialMovingAverage:
        """The average number of inputs that use each embedding."""
        # Starting at zero before the first update is why `init` returns zero averages here.
        self.cluster_size_average.initialize((self.num_embeddings,), self.dtype)
        return self.cluster_size_average

    @property
    def ema_dw(self) -> ExponentialMovingAverage:
        """The average sum of the inputs that use each embedding."""
        self.dw_average.initialize((self.embedding_dim, self.num_embeddings), self.dtype)
        return self.dw_average

    def __call__(self, inputs: jax.Array, is_training: bool) -> dict[str, jax.Array]:
        """Quantises the inputs; training moves the embeddings."""
        codes = nearest_codes(inputs, self.embeddings)
        quantized = self.quantize(codes["encoding_indices"])
        e_latent_loss = jnp.mean(jnp.square(lax.stop_gradient(quantized) - inputs))
        if is_training:
            self.update(jnp.reshape(inputs, (-1, self.embedding_dim)), codes["encodings"])
        return {
            "quantize": straight_through(inputs, quantized),
            "loss": self.commitment_cost * e_latent_loss,
            "perplexity": code_perplexity(codes["encodings"], self.cross_replica_axis),
            **codes,
        }

    def update(self, inputs: jax.Array, encodings: jax.Array) -> None:
        """Moves the embeddings to the average of the inputs that use them."""
        size = jnp.sum(encodings, axis=0)
        dw = jnp.matmul(inputs.T, encodings)
        if self.cross_replica_axis:
            size, dw = (lax.psum(value, self.cross_replica_axis) for value in (size, dw))
        size, dw = self.ema_cluster_size(size), self.ema_dw(dw)
        total = jnp.sum(size)
        # Laplace smoothing, so that an unused embedding is not divided by zero.
        size = (size + self.epsilon) / (total + self.num_embeddings * self.epsilon) * total
        set_layer_state(self, "state", "embeddings", dw / jnp.reshape(size, (1, -1)))

    def quantize(self, encoding_indices: jax.Array) -> jax.Array:
        """The embeddings of some indices."""
        return jnp.asarray(self.embeddings).T[(encoding_indices,)]
