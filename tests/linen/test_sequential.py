import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
from haiku_reference import KEY, assert_equal, ours, randomize, rnd


def test_children_live_where_they_are_made():
    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            layers = [ours.Linear(4, name="linear"), jax.nn.relu, ours.Linear(2, name="linear_1")]
            return ours.Sequential(layers)(x)

    theirs = hk.transform(lambda x: hk.Sequential([hk.Linear(4), jax.nn.relu, hk.Linear(2)])(x))
    params = randomize(theirs.init(KEY, rnd(3, 5)))
    mine = Net().apply({"params": params}, rnd(3, 5))
    assert_equal(mine, theirs.apply(params, None, rnd(3, 5)))


def test_one_object_is_handed_on():
    pair = ours.Sequential([lambda x: (x, x + 1), lambda both: both[0] * both[1]])
    assert pair.apply({}, 3) == 12
    assert ours.Sequential([lambda x: {"a": x}, lambda tree: tree["a"]]).apply({}, 3) == 3


def test_extra_arguments_go_to_the_first_layer():
    chain = ours.Sequential([lambda x, y, scale: (x + y) * scale, jnp.negative])
    assert chain.apply({}, 1, 2, scale=5) == -15


def test_empty_and_generators():
    assert ours.Sequential([]).apply({}, 3) == 3
    assert ours.Sequential(f for f in (jnp.negative, abs)).apply({}, 3) == 3
