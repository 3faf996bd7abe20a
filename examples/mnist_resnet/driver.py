"""What `hk2flax verify` runs: the models, and inputs for them."""

import haiku as hk
from classifier.data import batches
from classifier.models import MLP, ResNet

resnet = hk.transform_with_state(lambda images, is_training: ResNet(10)(images, is_training))
mlp = hk.transform(lambda images, is_training: MLP(10)(images, is_training))


def inputs():
    """Arguments of the models: a batch of eight digits, in training mode."""
    images, _ = next(batches(8))
    return (images,), {"is_training": True}
