import haiku as hk
import jax
import jax.numpy as jnp
import pytest
from haiku_reference import KEY, assert_same_shapes, carried, check, ours, rnd

SMALL = dict(
    channels_per_group=(4, 4, 8, 8),
    initial_conv_config=dict(output_channels=4, kernel_shape=3),
)
BASIC = dict(bottleneck=False, use_projection=(False, True, True, True))
X = rnd(2, 8, 8, 3)


@pytest.mark.parametrize("block", ["BlockV1", "BlockV2"])
@pytest.mark.parametrize("bottleneck, stride, project", [(True, 2, True), (False, 1, False)])
def test_blocks(block, bottleneck, stride, project):
    def build(lib):
        config = {"decay_rate": 0.5} if block == "BlockV2" else {}
        return getattr(lib.nets.ResNet, block)(4, stride, project, config, bottleneck)

    mode = dict(is_training=True, test_local_stats=False)
    check(build, rnd(2, 4, 4, 4), grads=False, weighted=True, **mode)


# A whole network is compiled as one program, so differences would be of rounding order.
LOOSE = dict(tol=1e-6, grad_tol=1e-4, weighted=True)


def net(lib, **options):
    logits = dict(w_init=lib.initializers.RandomNormal())
    return lib.nets.ResNet([1, 1, 1, 1], 3, logits_config=logits, **SMALL, **options)


def test_training():
    check(net, X, is_training=True, **LOOSE)


def test_version_2_without_bottlenecks():
    def build(lib):
        return net(lib, resnet_v2=True, **BASIC)

    check(build, X, is_training=True, grads=False, **LOOSE)


def test_evaluation():
    init = [("is_training", True)]
    check(net, X, is_training=False, init=init, grads=False, **LOOSE)


@pytest.mark.parametrize("depth", [18, 34, 50, 101, 152, 200])
def test_configurations(depth):
    assert hk.nets.ResNet.CONFIGS[depth] == ours.ResNet.CONFIGS[depth]
    name = f"ResNet{depth}"
    if depth not in (18, 50):
        assert (
            getattr(ours, name)(10).blocks_per_group
            == ours.ResNet.CONFIGS[depth]["blocks_per_group"]
        )
        return
    x = jnp.zeros((1, 32, 32, 3))
    theirs = hk.transform_with_state(lambda x: getattr(hk.nets, name)(10, resnet_v2=True)(x, True))
    params, state = jax.eval_shape(theirs.init, KEY, x)
    module = getattr(ours, name)(10, resnet_v2=True)
    mine = jax.eval_shape(lambda key, x: module.init(key, x, True), KEY, x)
    assert_same_shapes(mine, carried(params, state))


def test_initial_zeros():
    block = ours.BlockV1(4, 1, False, {}, True).init(KEY, rnd(1, 2, 2, 4), True, False)["params"]
    assert not block["batchnorm_2"]["scale"].any() and block["batchnorm_1"]["scale"].all()

    logits = []

    def init(key, shape, dtype):
        logits.append(shape)
        return jnp.zeros(shape, dtype)

    module = ours.ResNet([1, 1, 1, 1], 3, logits_config={"w_init": init}, **SMALL)
    jax.eval_shape(lambda: module.init(KEY, X, True))
    assert logits[0] == (8, 3)


def test_refuses_wrong_lengths():
    with pytest.raises(ValueError, match="length 4"):
        ours.ResNet([1, 1], 3).init(KEY, X, True)
