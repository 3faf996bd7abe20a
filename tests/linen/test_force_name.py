"""Modules at absolute places share variables, as in Haiku."""

import flax.linen as nn
import haiku as hk
import jax.numpy as jnp
import pytest
from flax.errors import NameInUseError
from framework_programs import KEY, Linear, X, assert_same, shapes

from hk2flax.linen.absolute_names import force_name
from hk2flax.linen.jax_transforms import remat
from hk2flax.linen.loops import scan
from hk2flax.linen.scope import method_scope, name_scope
from hk2flax.linen.transform import transform
from hk2flax.linen.variables import get_state, set_state


class HkCount(hk.Module):
    def __call__(self):
        n = hk.get_state("n", [], init=jnp.zeros)
        hk.set_state("n", n + 1)
        return n


class Count(nn.Module):
    @nn.compact
    def __call__(self):
        n = get_state("n", [], init=nn.initializers.zeros)
        set_state("n", n + 1)
        return n


class HkNet(hk.Module):
    def __init__(self, name=None):
        super().__init__(name=name)
        self.first = hk.Linear(3, name=hk.force_name("shared"))

    def __call__(self, x):
        return self.head(self.first(x)) * HkCount(name=hk.force_name("a/~/n"))()

    def head(self, x):
        return hk.Linear(3, name=hk.force_name("shared"))(hk.Linear(3, name="l")(x))


class Net(nn.Module):
    def setup(self):
        self.first = Linear(3, **force_name("shared"))

    @method_scope
    def __call__(self, x):
        return self.head(self.first(x)) * Count(**force_name("a/~/n"))()

    @method_scope
    def head(self, x):
        return Linear(3, **force_name("shared"))(Linear(3, name="l")(x))


def test_sharing_from_everywhere():
    def before(x):
        net, forced = HkNet(name="net"), HkNet(name=hk.force_name("other/net"))
        x = net(x) + forced(x) + HkNet(name=hk.force_name("other/net"))(x)
        with hk.name_scope("scope"):
            x = hk.Linear(3, name=hk.force_name("shared"))(x)
        x = hk.remat(lambda x: hk.Linear(3, name=hk.force_name("shared"))(x))(x)
        x = hk.scan(lambda x, _: (hk.Linear(3, name=hk.force_name("s"))(x), None), x, None, 2)[0]
        return x + hk.Linear(3, name="plain")(x) + hk.Linear(3, name=hk.force_name("plain"))(x)

    def after(x):
        net, forced = Net(name="net"), Net(**force_name("other/net"))
        x = net(x) + forced(x) + Net(**force_name("other/net"))(x)
        with name_scope("scope"):
            x = Linear(3, **force_name("shared"))(x)
        x = remat(lambda x: Linear(3, **force_name("shared"))(x))(x)
        x = scan(lambda x, _: (Linear(3, **force_name("s"))(x), None), x, None, 2)[0]
        return x + Linear(3, name="plain")(x) + Linear(3, **force_name("plain"))(x)

    assert_same(before, after, X)


def test_the_path_of_another_module():
    def program(x):
        first = nn.Dense(3)
        return first(x) - nn.Dense(3, **force_name("/".join(first.path)))(x)

    pair = transform(program)
    params = pair.init(KEY, X)
    assert shapes(params) == {"Dense_0/kernel": (3, 3), "Dense_0/bias": (3,)}
    assert not pair.apply(params, None, X).any()


def test_a_name_that_is_forced_first():
    # Haiku would call the second one `shared_1`.
    def program(x):
        forced = Linear(3, **force_name("shared"))
        return Linear(3, name="shared")(forced(x))

    with pytest.raises(NameInUseError):
        transform(program).init(KEY, X)


def test_the_top_of_the_tree_is_out_of_reach_of_linens_own_transformations():
    class Cell(nn.Module):
        @nn.compact
        def __call__(self, c, _):
            return Linear(3, **force_name("shared"))(c), None

    class Program(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.scan(Cell, variable_broadcast="params", length=2)()(x, None)

    with pytest.raises(ValueError, match="'shared' cannot be reached"):
        Program().init(KEY, X)
    with pytest.raises(ValueError, match="must be used inside"):
        force_name("shared")
