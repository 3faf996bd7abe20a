import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from framework_programs import KEY, ConstantLinear, HkConstantLinear, Linear, X, assert_same, shapes
from same_keys import constant_keys

from hk2flax.linen.loops import fori_loop, map, scan, while_loop
from hk2flax.linen.rng import next_rng_key, with_rng
from hk2flax.linen.scope import method_scope
from hk2flax.linen.transform import transform, transform_with_state
from hk2flax.linen.variables import get_state, set_state

zeros = nn.initializers.zeros
XS = jax.random.normal(jax.random.PRNGKey(3), (4, 2, 3))


class HkCell(hk.Module):
    """A cell with parameters and state, whose weights are constant for comparing state at init."""

    def __call__(self, c, x):
        n = hk.get_state("n", [], init=jnp.zeros)
        hk.set_state("n", n + x.sum())
        c = jnp.tanh(HkConstantLinear(name="c")(c + x)) * (n + 1)
        return c, n


class Cell(nn.Module):
    @nn.compact
    def __call__(self, c, x):
        n = get_state("n", [], init=zeros)
        set_state("n", n + x.sum())
        c = jnp.tanh(ConstantLinear(name="c")(c + x)) * (n + 1)
        return c, n


@pytest.mark.parametrize("options", [{}, {"reverse": True}, {"unroll": 3}])
def test_scan_over_a_local_module_with_state(options):
    def before(c, xs):
        cell = HkCell(name="cell")
        return hk.scan(lambda c, x: cell(c, x), c, xs, **options)

    def after(c, xs):
        cell = Cell(name="cell")
        return scan(lambda c, x: cell(c, x), c, xs, **options)

    assert_same(before, after, X, XS)


@pytest.mark.parametrize("length", [0, 1, 3])
def test_scan_of_any_length(length):
    def before(c):
        cell = hk.Linear(3, name="cell")
        return hk.scan(lambda c, _: (jnp.tanh(cell(c)), {"y": c}), c, None, length=length)

    def after(c):
        cell = Linear(name="cell")
        return scan(lambda c, _: (jnp.tanh(cell(c)), {"y": c}), c, None, length=length)

    if length:
        assert_same(before, after, X)
    else:
        pair = transform(lambda c, xs: scan(lambda c, x: (Linear(name="l")(c), x), c, xs))
        params = pair.init(KEY, X, XS[:0])
        assert shapes(params) == {"l/w": (3, 3), "l/b": (3,)}
        assert pair.apply(params, None, X, XS[:0])[1].shape == (0, 2, 3)


class HkTower(hk.Module):
    """The body is a method, with layers in a list, made in the constructor and in the method."""

    def __init__(self, name):
        super().__init__(name)
        self.layers = [hk.Linear(3, name="l0"), hk.Linear(3, name="l1")]

    def step(self, c, x):
        for layer in self.layers:
            c = jnp.tanh(layer(c + x))
        return hk.Linear(3, name="out")(c), c

    def __call__(self, c, xs):
        c, _ = hk.scan(self.step, c, xs)
        return hk.scan(self.step, c, xs)


class Tower(nn.Module):
    def setup(self):
        self.layers = [Linear(name="l0"), Linear(name="l1")]

    @method_scope
    def step(self, c, x):
        for layer in self.layers:
            c = jnp.tanh(layer(c + x))
        return Linear(name="out")(c), c

    def __call__(self, c, xs):
        c, _ = scan(self.step, c, xs)
        return scan(self.step, c, xs)


def test_scan_over_methods_and_lists_of_modules():
    assert_same(
        lambda c, xs: HkTower("t")(c, xs), lambda c, xs: Tower(name="t")(c, xs), X, XS, steps=1
    )


def test_the_body_reaches_modules_through_objects_of_any_kind():
    class Holder:
        def __init__(self, cell):
            self.box = {"cells": [cell]}

        def __call__(self, c, x):
            return self.box["cells"][0](c, x)

    def program(make, loop):
        def run(c, xs):
            holder = Holder(make(name="cell"))
            return loop(holder, c, xs)

        return run

    assert_same(program(HkCell, hk.scan), program(Cell, scan), X, XS)


class SetUp(nn.Module):
    """Keeps values that depend on parameters on the module."""

    def setup(self):
        self.w = self.param("w", nn.initializers.normal(1.0), (3,))
        self.squared = self.w**2

    def __call__(self, x):
        return x * self.squared + self.w


def test_modules_are_set_up_before_the_loop():
    def program(x):
        layer = SetUp(name="l")
        y = scan(lambda c, _: (layer(c), None), x, None, length=2)[0]
        return y + layer(x)

    pair = transform(program)
    with jax.checking_leaks():
        params = jax.jit(pair.init)(KEY, X)
        out = jax.jit(pair.apply)(params, None, X)
    w = params["l"]["w"]
    layer = lambda x: x * w**2 + w  # noqa: E731
    np.testing.assert_allclose(out, layer(layer(X)) + layer(X), rtol=1e-5)


def test_every_step_draws_other_keys():
    class Noise(nn.Module):
        def __call__(self):
            return jax.random.normal(self.make_rng("dropout"))

    class Program(nn.Module):
        def setup(self):
            self.noise = Noise()

        @nn.compact
        def __call__(self):
            local = Noise(name="local")

            def body(c, _):
                one = jax.random.normal(next_rng_key())
                made = Noise()()
                return c, jnp.stack(
                    [one, jax.random.normal(self.make_rng("dropout")), made, local(), self.noise()]
                )

            def all_loops():
                yield scan(body, None, None, length=3)[1].ravel()
                yield map(lambda x: body(None, x)[1], jnp.arange(3)).ravel()
                yield scan(lambda c, _: (c, scan(body, c, None, length=2)[1]), None, None, 2)[1]
                yield fori_loop(0, 3, lambda i, v: v.at[i].set(body(None, i)[1]), jnp.ones((3, 5)))
                if not self.is_initializing():
                    yield while_loop(
                        lambda v: v[0] < 3,
                        lambda v: (v[0] + 1, v[1].at[v[0]].set(body(None, None)[1])),
                        (0, jnp.ones((3, 5))),
                    )[1]

            return jnp.concatenate([draws.ravel() for draws in all_loops()]), body(None, None)[1]

    program = transform(lambda: Program(name="p")())
    with jax.checking_leaks():
        jax.jit(program.init)(KEY)
        first, last = jax.jit(program.apply)({}, KEY)
    assert len(set(np.asarray(first).tolist() + np.asarray(last).tolist())) == 85


def test_draws_inside_of_with_rng_differ_between_steps():
    def program():
        with with_rng(KEY):
            ys = scan(lambda c, _: (c, jax.random.normal(next_rng_key())), None, None, length=3)[1]
            return jnp.append(ys, jax.random.normal(next_rng_key()))

    with jax.checking_leaks():
        draws = jax.jit(transform(program).apply)({}, None)
    assert len(set(draws.tolist())) == 4


def test_stochastic_scan_is_haikus_under_the_same_keys():
    def program(loop, key):
        return lambda: loop(lambda c, _: (c + jax.random.normal(key()), c), 0.0, None, length=3)

    with constant_keys(KEY):
        expected = hk.transform(program(hk.scan, hk.next_rng_key)).apply({}, KEY)
        actual = transform(program(scan, next_rng_key)).apply({}, KEY)
    np.testing.assert_allclose(actual[1], expected[1], rtol=1e-6)


def test_map():
    def before(xs):
        return hk.map(hk.Linear(3, name="l"), xs)

    def after(xs):
        return map(Linear(name="l"), xs)

    assert_same(before, after, XS)


def test_fori_loop_with_static_bounds():
    def before(x):
        cell = HkCell(name="cell")
        return hk.fori_loop(0, 4, lambda i, v: cell(v, v + i)[0], x)

    def after(x):
        cell = Cell(name="cell")
        return fori_loop(0, 4, lambda i, v: cell(v, v + i)[0], x)

    assert_same(before, after, X)


@pytest.mark.parametrize("upper", [0, 1, 3])
def test_fori_loop_with_traced_bounds(upper):
    def before(x, n):
        cell = HkCell(name="cell")
        return hk.fori_loop(0, n, lambda i, v: cell(v, v + i)[0], x)

    def after(x, n):
        cell = Cell(name="cell")
        return fori_loop(0, n, lambda i, v: cell(v, v + i)[0], x)

    assert_same(before, after, X, jnp.int32(upper), grads=False, init=upper > 0)


def test_while_loop():
    def program(make, running_init, loop):
        def run(x):
            cell = make(name="cell")
            if running_init():
                return cell(x, x)[0]
            return loop(lambda v: v.sum() < 50.0, lambda v: cell(v, x)[0] + 9.0, x)

        return run

    initializing = lambda: get_initializing()  # noqa: E731
    assert_same(
        program(HkCell, hk.running_init, hk.while_loop),
        program(Cell, initializing, while_loop),
        X,
        grads=False,
    )


def get_initializing():
    from hk2flax.linen.scope import running_module

    return running_module("test").is_initializing()


def test_what_loops_cannot_do():
    with pytest.raises(ValueError, match="`scan` must be used inside"):
        scan(lambda c, x: (c, x), 0, XS)
    with pytest.raises(ValueError, match="running_init"):
        transform(lambda: while_loop(lambda v: v < 3, lambda v: v + 1, 0)).init(KEY)

    def new_names(x):
        calls = []

        def body(c, _):
            calls.append(c)
            return Linear(name=f"l{len(calls)}")(c), None

        return scan(body, x, None, length=3)

    with pytest.raises(ValueError, match="body of `scan` creates parameters"):
        transform(new_names).init(KEY, X)

    def counting_condition():
        def condition(v):
            set_state("n", get_state("n") + 1)
            return v < 3

        get_state("n", [], init=zeros)
        return while_loop(condition, lambda v: v + 1, 0)

    with pytest.raises(ValueError, match="cannot update state"):
        transform_with_state(counting_condition).apply({}, {"state": {"n": 0.0}}, None)


def test_a_failing_body_leaves_no_tracers_behind():
    class Program(nn.Module):
        @nn.compact
        def __call__(self, x):
            def body(c, _):
                set_state("n", c.sum())
                raise RuntimeError

            get_state("n", [], init=zeros)
            if not self.is_initializing():
                with pytest.raises(RuntimeError):
                    scan(body, x, None, length=2)
            return get_state("n")

    pair = transform_with_state(Program())
    state = pair.init(KEY, X)[1]
    assert pair.apply({}, state, None, X) == (0.0, {"state": {"n": 0.0}})


def test_bodies_may_create_modules():
    def program(x):
        x = Linear()(x)
        x = scan(lambda c, _: (Linear()(c), None), x, None, length=3)[0]
        return Linear()(x)

    pair = transform(program)
    params = pair.init(KEY, X)
    assert sorted(params) == ["Linear_0", "Linear_1", "Linear_2"]
    x = X
    for name in ("Linear_0", "Linear_1", "Linear_1", "Linear_1", "Linear_2"):
        x = x @ params[name]["w"] + params[name]["b"]
    np.testing.assert_allclose(pair.apply(params, None, X), x, rtol=1e-5)
