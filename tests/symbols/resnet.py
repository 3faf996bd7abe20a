"""Networks with normalisation: residual networks and MobileNet."""

from tests.symbols.inputs import normal
from tests.symbols.proof import Proof

X = {"x": normal(2, 8, 8, 3)}
MODES = ({"train": True}, {"train": True}, {"train": False})
SMALL = (
    "channels_per_group=(4, 4, 8, 8), initial_conv_config={'output_channels': 4, 'kernel_shape': 3}"
)
BASIC = "bottleneck=False, use_projection=(False, True, True, True)"
LOGITS = "logits_config={'w_init': hk.initializers.RandomNormal(), 'name': 'classes'}"


# Networks that are too large to be run here: their programs are compared as text.
LARGE = {"inputs": X, "modes": MODES[:1], "half": None, "run": False}


def deep(depth: int) -> Proof:
    """Its arguments are those of ResNet18, which has the same class."""
    return Proof(helper=(f"hk.nets.ResNet{depth}(3)(x, train)",), **LARGE)


ARGUMENTS = (
    "hk.nets.ResNet([1, 1, 1, 1], 3)(x, train)",
    f"hk.nets.ResNet(blocks_per_group=(1, 2, 1, 1), num_classes=2, {LOGITS}, {SMALL}, "
    f"bn_config={{'decay_rate': 0.5, 'eps': 1e-3}}, {BASIC})(inputs=x, is_training=train)",
    f"hk.nets.ResNet([1, 1, 1, 2], 3, resnet_v2=True, {SMALL}, strides=(1, 1, 2, 1),"
    " name='net')(x, train, test_local_stats=True)",
    f"hk.nets.ResNet([1, 1, 1, 1], 3, None, True, {BASIC}, {SMALL})(x, False, True)",
)

PROOFS = {
    "haiku.nets.ResNet": Proof(
        helper=(f"hk.nets.ResNet([1, 1, 1, 1], 3, {LOGITS}, {SMALL})(x, train)",),
        inputs=X,
        modes=MODES,
        half=None,
        more=(Proof(helper=ARGUMENTS, **LARGE),),
    ),
    "haiku.nets.ResNet18": Proof(
        helper=(
            "hk.nets.ResNet18(3)(x, train)",
            "hk.nets.ResNet18(num_classes=2, bn_config={'decay_rate': 0.5}, resnet_v2=True,"
            f" {LOGITS}, initial_conv_config={{'kernel_shape': 3}}, strides=(1, 1, 1, 1),"
            " name='net')(inputs=x, is_training=train, test_local_stats=True)",
        ),
        **LARGE,
    ),
    "haiku.nets.ResNet34": deep(34),
    "haiku.nets.ResNet50": deep(50),
    "haiku.nets.ResNet101": deep(101),
    "haiku.nets.ResNet152": deep(152),
    "haiku.nets.ResNet200": deep(200),
    "haiku.nets.MobileNetV1": Proof(
        helper=(
            "hk.nets.MobileNetV1((1, 2), (4, 6), 5)(x, train)",
            "hk.nets.MobileNetV1(strides=(2,), channels=(4,), num_classes=3, use_bn=False,"
            " name='net')(inputs=x, is_training=train)",
        ),
        inputs=X,
        modes=MODES,
        more=(Proof(helper=("hk.nets.MobileNetV1()(x, train)",), **LARGE),),
    ),
}
