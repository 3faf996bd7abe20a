"""haiku.nets: whole networks. linen has none of them."""

from __future__ import annotations

from .build import layer

_RESNET = "haiku/_src/nets/resnet.py; arXiv:1512.03385"
_RESNET_CALL = "inputs, is_training, test_local_stats=False"
_RESNET_NOTE = (
    "Built from the helper BatchNorm with decay_rate 0.9; the classifier starts at zero, as does "
    "the scale of each last normalisation of a v1 bottleneck."
)

SYMBOLS = (
    layer(
        "nets.MLP",
        "output_sizes, w_init=None, b_init=None, with_bias=True, activation=jax.nn.relu, "
        "activate_final=False, name=None",
        "inputs, dropout_rate=None, rng=None",
        note="Dropout comes before the activation. Layers are named linear_0, linear_1, ...",
        gives_array=True,
        source="haiku/_src/nets/mlp.py",
    ),
    layer(
        "nets.ResNet",
        "blocks_per_group, num_classes, bn_config=None, resnet_v2=False, bottleneck=True, "
        "channels_per_group=(256, 512, 1024, 2048), use_projection=(True, True, True, True), "
        "logits_config=None, name=None, initial_conv_config=None, strides=(1, 2, 2, 2)",
        _RESNET_CALL,
        note=_RESNET_NOTE,
        source=_RESNET,
    ),
    *(
        layer(
            f"nets.ResNet{depth}",
            "num_classes, bn_config=None, resnet_v2=False, logits_config=None, name=None, "
            "initial_conv_config=None, strides=(1, 2, 2, 2)",
            _RESNET_CALL,
            note=_RESNET_NOTE,
            source=_RESNET,
        )
        for depth in (18, 34, 50, 101, 152, 200)
    ),
    layer(
        "nets.MobileNetV1",
        "strides=(1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1), "
        "channels=(64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024), "
        "num_classes=1000, use_bn=True, name=None",
        "inputs, is_training",
        note="Normalisation with decay_rate 0.999.",
        source="haiku/_src/nets/mobilenetv1.py; arXiv:1704.04861",
    ),
    layer(
        "nets.VectorQuantizer",
        "embedding_dim, num_embeddings, commitment_cost, dtype=jnp.float32, name=None, "
        "cross_replica_axis=None",
        "inputs, is_training",
        note="The codebook has shape (embedding_dim, num_embeddings).",
        source="haiku/_src/nets/vqvae.py; arXiv:1711.00937",
    ),
    layer(
        "nets.VectorQuantizerEMA",
        "embedding_dim, num_embeddings, commitment_cost, decay, epsilon=1e-05, "
        "dtype=jnp.float32, cross_replica_axis=None, name=None",
        "inputs, is_training",
        note="Everything is state: there are no parameters.",
        source="haiku/_src/nets/vqvae.py; arXiv:1711.00937",
    ),
)
