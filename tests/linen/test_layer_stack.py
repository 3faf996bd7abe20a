import flax
import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from framework_programs import (
    KEY,
    ConstantLinear,
    HkConstantLinear,
    Linear,
    X,
    assert_close,
    assert_same,
    random_like,
    shapes,
)
from same_keys import constant_keys

from hk2flax.linen.jax_transforms import remat
from hk2flax.linen.layer_stack import layer_stack
from hk2flax.linen.rng import next_rng_key
from hk2flax.linen.scope import method_scope
from hk2flax.linen.stack_names import LayerStackTransparencyMapping
from hk2flax.linen.transform import transform
from hk2flax.linen.variables import get_parameter, get_state, set_state

YS = jax.random.normal(jax.random.PRNGKey(2), (3, 2, 3))
ones, zeros = nn.initializers.ones, nn.initializers.zeros


def haiku_linear(name):
    return hk.Linear(3, name=name)


def both(program):
    """The program in either framework."""
    old = program(hk.layer_stack, haiku_linear, hk.get_parameter, jnp.ones)
    return old, program(layer_stack, Linear, get_parameter, ones)


@pytest.mark.parametrize("options", [{}, {"unroll": 3}, {"name": "stack"}])
def test_layers_have_their_own_parameters(options):
    def program(stack, make, get, init):
        def net(x):
            f = stack(3, **options)(lambda x: x + jnp.tanh(make(name="l")(x)))
            return stack(2)(make(name="l"))(f(x)) if not options else f(x)

        return net

    if options:
        assert_same(*both(program), X)
    else:  # in Haiku a module that is made outside goes below the stack with its full name
        assert_same(*both(program), X)


def test_layers_run_backwards():
    def program(stack, make, get, init):
        def net(x):
            def f(x, reverse=False):
                return jnp.tanh(make(name="l")(x)) * (2.0 if reverse else 1.0)

            return stack(3, pass_reverse_to_layer_fn=True)(f)(x, reverse=True)

        return net

    assert_same(*both(program), X)


def test_several_values_and_inputs_per_layer():
    def program(stack, make, get, init):
        def net(x, ys):
            def two(x, z):
                return jnp.tanh(make(name="l")(x) + z), z * 2

            def inputs(x, y, t):
                x = jnp.tanh(make(name="l")(x) + y) * get("s", [3], init=init)
                return x, {"z": x.sum() + t["t"].sum()}

            x, z = stack(3)(two)(x, x * 0.1)
            return stack(3, with_per_layer_inputs=True)(inputs)(x + z, ys, {"t": ys})

        return net

    old, new = both(program)
    # Haiku keeps what is requested in the function itself in a bundle `~` of the stack.
    assert_same(old, new, X, YS)


def test_stacks_in_stacks_with_remat():
    def program(stack, make, get, init, remat):
        def net(x):
            inner = remat(lambda x: jnp.tanh(make(name="i")(x)))
            return stack(3)(lambda x: stack(2)(inner)(x) + make(name="o")(x))(x)

        return net

    old = program(hk.layer_stack, haiku_linear, None, None, hk.remat)
    assert_same(old, program(layer_stack, Linear, None, None, remat), X)


def test_init_returns_state_after_one_application():
    def before(x):
        def f(x):
            n = hk.get_state("n", [], init=jnp.zeros)
            hk.set_state("n", n + x.sum())
            return HkConstantLinear(name="c")(x)

        return hk.layer_stack(3)(f)(x)

    def after(x):
        def f(x):
            n = get_state("n", [], init=zeros)
            set_state("n", n + x.sum())
            return ConstantLinear(name="c")(x)

        return layer_stack(3)(f)(x)

    assert_same(before, after, X, steps=3)


class HkNet(hk.Module):
    """Layers made in the constructor, in a method, and outside of the stack."""

    def __init__(self, name):
        super().__init__(name)
        self.first = hk.Linear(3, name="first")

    def block(self, x):
        return jnp.tanh(hk.Linear(3, name="l")(self.first(x)))

    def __call__(self, x):
        outside = hk.Linear(3, name="outside")
        w = hk.get_parameter("w", [3], init=jnp.ones)
        x = hk.layer_stack(3)(self.block)(x)
        x = hk.layer_stack(2)(lambda x: outside(x) * w + self.block(x))(x)
        return outside(x) + self.first(x)


class Net(nn.Module):
    def setup(self):
        self.first = Linear(name="first")

    @method_scope
    def block(self, x):
        return jnp.tanh(Linear(name="l")(self.first(x)))

    @nn.compact
    def __call__(self, x):
        outside = Linear(name="outside")
        w = get_parameter("w", [3], init=ones)
        x = layer_stack(3)(self.block)(x)
        x = layer_stack(2)(lambda x: outside(x) * w + self.block(x))(x)
        return outside(x) + self.first(x)


def test_modules_from_outside_become_copies_per_layer():
    assert_same(lambda x: HkNet("net")(x), lambda x: Net(name="net")(x), X)


def test_stochastic_layers_draw_different_keys():
    class Noise(nn.Module):
        def __call__(self, x):
            return x + jax.random.normal(self.make_rng("dropout"))

    class Program(nn.Module):
        @nn.compact
        def __call__(self, x):
            def f(x, _):
                drawn = [next_rng_key(), self.make_rng("dropout"), Noise()(0.0)]
                return x, jnp.stack([jax.random.normal(key) for key in drawn[:2]] + drawn[2:])

            return layer_stack(3, with_per_layer_inputs=True)(f)(x, YS)[1]

    pair = transform(Program())
    with jax.checking_leaks():
        jax.jit(pair.init)(KEY, X)
        draws = jax.jit(pair.apply)({}, KEY, X)
    assert len(set(np.asarray(draws).ravel().tolist())) == 9


def test_dropout_is_haikus_under_the_same_keys():
    def program(stack, make, key):
        def f(x):
            return make(name="l")(x) * jax.random.bernoulli(key(), 0.5, x.shape)

        return lambda x: stack(3)(f)(x)

    old = hk.transform(program(hk.layer_stack, haiku_linear, hk.next_rng_key))
    new = transform(program(layer_stack, Linear, next_rng_key))
    params = random_like(old.init(KEY, X))
    name = "__layer_stack_no_per_layer"
    with constant_keys(KEY):
        expected = old.apply(params, KEY, X)
        actual = new.apply({name: {"l": params[f"{name}/l"]}}, KEY, X)
    assert_close(actual, expected)


def test_stacks_work_in_bare_modules_with_immutable_state():
    class Norm(nn.Module):
        train: bool

        @nn.compact
        def __call__(self, x):
            def f(x):
                return nn.BatchNorm(use_running_average=not self.train, name="n")(x)

            return layer_stack(3, name="stack")(f)(x)

    variables = Norm(True).init(KEY, X)
    assert shapes(variables["batch_stats"]) == {"stack/n/mean": (3, 3), "stack/n/var": (3, 3)}
    Norm(False).apply(variables, X)
    _, updated = Norm(True).apply(variables, X, mutable="batch_stats")
    assert shapes(updated["batch_stats"]) == shapes(variables["batch_stats"])
    with pytest.raises(flax.errors.ModifyScopeVariableError):
        Norm(True).apply(variables, X)


class Numbered(LayerStackTransparencyMapping):
    def stacked_to_flat(self, stacked_module_name, scan_idx):
        return f"{stacked_module_name}_{scan_idx}"

    def flat_to_stacked(self, unstacked_module_name):
        name, _, number = unstacked_module_name.rpartition("_")
        return (name, int(number)) if name.endswith("l") else None


def test_transparent_stacks_look_like_loops():
    def program(stack, make, get, init):
        def net(x):
            options = {"transparent": True, "transparency_map": Numbered()}
            x = stack(3, **options)(lambda x: jnp.tanh(make(name="l")(x)))(x)
            return make(name="head")(x)

        return net

    old, new = both(program)
    assert_same(old, new, X)
    assert sorted(transform(new).init(KEY, X)) == ["head", "l_0", "l_1", "l_2"]


def test_layers_are_initialised_differently():
    params = transform(lambda x: layer_stack(2, name="s")(Linear())(x)).init(KEY, X)
    w = params["s"]["Linear_0"]["w"]
    assert not np.allclose(w[0], w[1])


def test_what_stacks_cannot_do():
    with pytest.raises(ValueError, match="needs a `transparency_map`"):
        layer_stack(3, transparent=True)
    with pytest.raises(ValueError, match="name its arguments"):
        layer_stack(3)(lambda *args: args)
    with pytest.raises(ValueError, match="need 3 entries"):
        layer_stack(3, with_per_layer_inputs=True)(lambda x, y: (x, y))(X, X)
    with pytest.raises(TypeError):
        layer_stack(3)(lambda x, k: x)(X, k=2)
    with pytest.raises(ValueError, match="`layer_stack` must be used inside"):
        layer_stack(3)(lambda x: x)(X)
