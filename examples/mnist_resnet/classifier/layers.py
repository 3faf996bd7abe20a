"""Building blocks of the networks."""

import haiku as hk
import jax
import jax.numpy as jnp


class ResidualBlock(hk.Module):
    """Two convolutions with BatchNorm around a shortcut.

    The shortcut gets a convolution of its own where the shape changes.
    """

    def __init__(self, channels: int, stride: int = 1, name: str | None = None):
        super().__init__(name=name)
        self.channels = channels
        self.stride = stride
        self.conv_0 = hk.Conv2D(channels, 3, stride=stride, with_bias=False)
        self.norm_0 = hk.BatchNorm(create_scale=True, create_offset=True, decay_rate=0.9)
        self.conv_1 = hk.Conv2D(channels, 3, with_bias=False)
        self.norm_1 = hk.BatchNorm(create_scale=True, create_offset=True, decay_rate=0.9)

    def __call__(self, x: jax.Array, is_training: bool) -> jax.Array:
        shortcut = x
        if self.stride != 1 or x.shape[-1] != self.channels:
            shortcut = hk.Conv2D(
                self.channels, 1, stride=self.stride, with_bias=False, name="shortcut"
            )(x)
        x = jax.nn.relu(self.norm_0(self.conv_0(x), is_training))
        x = self.norm_1(self.conv_1(x), is_training)
        return jax.nn.relu(x + shortcut)


def dropout(x: jnp.ndarray, rate: float, is_training: bool) -> jnp.ndarray:
    """Dropout while training, nothing otherwise."""
    return hk.dropout(hk.next_rng_key(), rate, x) if is_training else x
