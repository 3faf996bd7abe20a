import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from framework_programs import KEY, Linear, X, assert_close, assert_same, shapes
from same_keys import constant_keys
from test_loops import XS, Cell, HkCell, SetUp

from hk2flax.linen.gradients import grad, value_and_grad
from hk2flax.linen.jax_transforms import eval_shape, remat, vmap
from hk2flax.linen.rng import next_rng_key
from hk2flax.linen.scope import method_scope, running_module
from hk2flax.linen.transform import transform, transform_with_state
from hk2flax.linen.variables import get_parameter, get_state, set_state

zeros = nn.initializers.zeros


def haiku_linear(name=None):
    return hk.Linear(3, name=name)


def test_vmap_shares_parameters():
    def program(make, run):
        def net(xs, y):
            layer = make(name="l")
            f = run(lambda a, b: layer(a) + b, in_axes=(1, None), out_axes=1, split_rng=False)
            g = run(make(name="k"), split_rng=False)
            h = run(lambda x: g(x), [0], axis_name="i", axis_size=4, split_rng=False)
            return h(f(xs, y))

        return net

    assert_same(program(haiku_linear, hk.vmap), program(Linear, vmap), XS, jnp.ones(3))


def test_vmap_with_state_that_does_not_depend_on_the_element():
    def program(make, get, set_, init, run):
        def net(xs):
            layer = make(name="l")

            def f(x):
                n = get("n", [], init=init)
                set_("n", n + 1)
                return layer(x) * n

            return run(f, split_rng=False)(xs)

        return net

    assert_same(
        program(haiku_linear, hk.get_state, hk.set_state, jnp.zeros, hk.vmap),
        program(Linear, get_state, set_state, zeros, vmap),
        XS,
        rename=lambda path: path.removeprefix("~/"),
    )


def test_elements_draw_the_same_keys_or_not():
    class Noise(nn.Module):
        def __call__(self, x):
            return jnp.stack(
                [jax.random.normal(self.make_rng("dropout")), jax.random.normal(next_rng_key())]
            )

    def program(split):
        noise = Noise(name="noise")
        split = split and not running_module("test").is_initializing()
        return vmap(noise, split_rng=split)(jnp.arange(3)), noise(0)

    pair = transform(program)
    with jax.checking_leaks():
        jax.jit(pair.init, static_argnums=1)(KEY, True)
        split, after = jax.jit(pair.apply, static_argnums=2)({}, KEY, True)
    assert len({*np.asarray(split).ravel().tolist(), *np.asarray(after).tolist()}) == 8
    same, _ = pair.apply({}, KEY, False)
    assert len(set(np.asarray(same).ravel().tolist())) == 2

    def sample(key, run):
        return lambda: run(lambda x: x + jax.random.normal(key()), split_rng=True)(jnp.ones(3))

    with constant_keys(KEY):
        expected = hk.transform(sample(hk.next_rng_key, hk.vmap)).apply({}, KEY)
        assert_close(transform(sample(next_rng_key, vmap)).apply({}, KEY), expected)


def test_what_vmap_cannot_do():
    with pytest.raises(ValueError, match="at least one axis"):
        vmap(jnp.sin, in_axes=None, split_rng=False)
    with pytest.raises(TypeError, match="split_rng"):
        vmap(jnp.sin)
    with pytest.raises(ValueError, match="`vmap` must be used inside"):
        vmap(jnp.sin, split_rng=False)(X)
    with pytest.raises(ValueError, match="out_axes"):
        transform_with_state(
            lambda xs: vmap(lambda x: set_state("s", x.sum()), split_rng=False)(xs)
        ).init(KEY, XS)


def test_remat_of_modules_called_twice():
    def program(make, run):
        def net(c, x):
            cell, plain = make(name="cell"), make(name="plain")
            f = run(cell)
            c, n = f(*f(c, x))
            c, m = run(lambda c: plain(c, n))(c)
            return run(plain)(c, m)

        return net

    assert_same(program(HkCell, hk.remat), program(Cell, remat), X, X)


def test_remat_of_functions_that_create_modules():
    class HkNet(hk.Module):
        def block(self, x):
            return hk.Linear(3, name="l")(x) * hk.get_parameter("s", [3], init=jnp.ones)

        def __call__(self, x):
            return hk.remat(self.block)(hk.remat(self.block)(x))

    class Net(nn.Module):
        @method_scope
        def block(self, x):
            return Linear(name="l")(x) * get_parameter("s", [3], init=nn.initializers.ones)

        def __call__(self, x):
            return remat(self.block)(remat(self.block)(x))

    assert_same(lambda x: HkNet("net")(x), lambda x: Net(name="net")(x), X)

    pair = transform(lambda x: Linear()(remat(lambda x: Linear()(x))(remat(lambda x: x * 2)(x))))
    assert sorted(pair.init(KEY, X)) == ["Linear_0", "Linear_1"]


def test_remat_of_a_module_with_values_from_setup():
    def program(x):
        layer = SetUp(name="l")
        return remat(layer)(remat(layer)(x)) + layer(x)

    pair = transform(program)
    with jax.checking_leaks():
        params = jax.jit(pair.init)(KEY, X)
        out = jax.jit(pair.apply)(params, None, X)
    w = params["l"]["w"]
    layer = lambda x: x * w**2 + w  # noqa: E731
    np.testing.assert_allclose(out, layer(layer(X)) + layer(X), rtol=1e-5)


def test_remat_recomputes_and_keeps_random_keys():
    calls = []

    def program(x, scale, train):
        calls.append(train)
        noisy = x + jax.random.normal(next_rng_key(), x.shape) if train else x
        return (Linear(name="l")(noisy) * scale).sum()

    def options(f):
        policy = jax.checkpoint_policies.nothing_saveable
        return remat(f, prevent_cse=False, policy=policy, static_argnums=2)

    plain, again = transform(program), transform(lambda *args: options(program)(*args))
    params = plain.init(KEY, X, 2.0, True)
    for train in (True, False):
        expected = jax.value_and_grad(plain.apply)(params, KEY, X, 2.0, train)
        assert_close(jax.value_and_grad(again.apply)(params, KEY, X, 2.0, train), expected)
    jaxpr = str(jax.make_jaxpr(lambda p: again.apply(p, KEY, X, 2.0, True))(params))
    assert "checkpoint" in jaxpr or "remat" in jaxpr


def test_static_arguments_can_be_modules():
    def program(x):
        return remat(lambda layer, x: layer(x), static_argnums=(0,))(Linear(name="l"), x)

    assert shapes(transform(program).init(KEY, X)) == {"l/w": (3, 3), "l/b": (3,)}


def test_gradients_by_the_arguments():
    def program(make, run, run_grad):
        def net(x, y):
            cell = make(name="cell")
            f = lambda a, b, scale=1.0: ((cell(a, b)[0] * b).sum() * scale, {"aux": a})  # noqa: E731
            (value, aux), (ga, gb) = run(f, (0, 1), has_aux=True)(x, y, scale=2.0)
            g1 = run_grad(lambda a, b: f(a, b)[0], argnums=1)(x, y)
            g2, aux2 = run_grad(f, has_aux=True)(x, y)
            value2, g3 = run(lambda a: f(a, y)[0])(x)
            return value, aux, ga, gb, g1, g2, aux2, value2, g3

        return net

    assert_same(
        program(HkCell, hk.value_and_grad, hk.grad),
        program(Cell, value_and_grad, grad),
        X,
        X * 0.5,
    )


def test_eval_shape_creates_nothing():
    def program(make, running_init, shape_of):
        def net(x):
            shape = shape_of(make(name="l"), x) if running_init() else x
            return jnp.zeros(shape.shape) + make(name="k")(x)

        return net

    initializing = lambda: running_module("test").is_initializing()  # noqa: E731
    assert_same(
        program(haiku_linear, hk.running_init, hk.eval_shape),
        program(Linear, initializing, eval_shape),
        X,
    )
    pair = transform(lambda x: (eval_shape(lambda: Linear()(x)).shape, Linear()(x))[0])
    assert pair.apply(pair.init(KEY, X), None, X) == (2, 3)
