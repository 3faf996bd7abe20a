"""The networks: images of shape [batch, 28, 28, 1] to logits of shape [batch, 10]."""

from collections.abc import Sequence

import haiku as hk
import jax

from classifier.layers import ResidualBlock, dropout


class ResNet(hk.Module):
    """A stem, one residual block per entry of `widths`, average pooling, a linear classifier."""

    def __init__(
        self,
        num_classes: int,
        widths: Sequence[int] = (8, 16),
        dropout_rate: float = 0.1,
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.num_classes = num_classes
        self.widths = widths
        self.dropout_rate = dropout_rate

    def __call__(self, images: jax.Array, is_training: bool) -> jax.Array:
        x = hk.Conv2D(self.widths[0], 3, stride=2, with_bias=False, name="stem")(images)
        for i, width in enumerate(self.widths):
            x = ResidualBlock(width, stride=1 if i == 0 else 2)(x, is_training)
        x = x.mean(axis=(1, 2))
        x = dropout(x, self.dropout_rate, is_training)
        # Small logits at the start: the loss begins at log(num_classes).
        return hk.Linear(self.num_classes, w_init=hk.initializers.VarianceScaling(0.01))(x)


class MLP(hk.Module):
    """Two hidden layers; much faster than ResNet and a little worse."""

    def __init__(self, num_classes: int, hidden: int = 64, name: str | None = None):
        super().__init__(name=name)
        self.num_classes = num_classes
        self.hidden = hidden

    def __call__(self, images: jax.Array, is_training: bool) -> jax.Array:
        x = hk.Flatten()(images)
        for _ in range(2):
            x = jax.nn.gelu(hk.Linear(self.hidden)(x))
            x = hk.LayerNorm(axis=-1, create_scale=True, create_offset=True)(x)
        return hk.Linear(self.num_classes)(dropout(x, 0.5, is_training))
