"""The lifted constructs inside one another, inside of linen's, and beside native layers."""

import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from framework_programs import KEY, Linear, X, assert_close, assert_same, shapes
from test_loops import XS, Cell, HkCell

from hk2flax.linen.branches import cond
from hk2flax.linen.gradients import grad
from hk2flax.linen.introspection import running_init
from hk2flax.linen.jax_transforms import remat, vmap
from hk2flax.linen.layer_stack import layer_stack
from hk2flax.linen.loops import fori_loop, map, scan
from hk2flax.linen.rng import next_rng_key
from hk2flax.linen.transform import transform, transform_with_state
from hk2flax.linen.variables import get_state, set_state


def nested(make_cell, make_linear, running_init, scan, cond, remat, vmap, grad, stack, fori):
    def net(c, xs):
        cell, gate, out = make_cell("cell"), make_linear("gate"), make_linear("out")
        if running_init():
            gate(c), cell(c, c), out(c)

        def inner(c, x):
            c, n = remat(cell)(c, x)
            c = cond(c.sum() > 0, gate, lambda c: c * 0.5, c)
            return c, n

        def outer(c, x):
            c, ns = scan(inner, c, jnp.stack([x, x * 0.1]))
            g = grad(lambda c: (out(c) ** 2).sum() + cell(c, x)[1])(c)
            ys = vmap(lambda row: out(row), split_rng=False)(c)
            return jnp.tanh(c + 0.1 * g), (ns, ys)

        c, ys = scan(outer, c, xs)
        c = fori(0, 2, lambda i, c: jnp.tanh(gate(c)), c)
        c = stack(2)(lambda c: jnp.tanh(make_linear("l")(remat(make_linear("m"))(c))))(c)
        return c, ys

    return net


def test_constructs_inside_one_another():
    def haiku_cell(name):
        return HkCell(name=name)

    def haiku_linear(name):
        return hk.Linear(3, name=name)

    before = nested(
        haiku_cell,
        haiku_linear,
        hk.running_init,
        hk.scan,
        hk.cond,
        hk.remat,
        hk.vmap,
        hk.grad,
        hk.layer_stack,
        hk.fori_loop,
    )
    after = nested(
        lambda name: Cell(name=name),
        lambda name: Linear(name=name),
        running_init,
        scan,
        cond,
        remat,
        vmap,
        grad,
        layer_stack,
        fori_loop,
    )
    assert_same(before, after, X, XS * 0.1, init=False)


class Loop(nn.Module):
    """Scans over a local module, with random keys and state."""

    @nn.compact
    def __call__(self, x):
        cell = Cell(name="cell")
        c, n = scan(lambda c, _: cell(c, x), x, None, length=3)
        noise = map(lambda _: jax.random.normal(next_rng_key()), jnp.arange(3))
        return c, n, noise


@pytest.mark.parametrize("how", ["plain", "remat", "scan", "jit"])
def test_loops_below_linens_own_transformations(how):
    class Program(nn.Module):
        @nn.compact
        def __call__(self, x):
            if how == "remat":
                return nn.remat(Loop)(name="loop")(x)
            if how == "jit":
                return nn.jit(Loop)(name="loop")(x)
            if how == "plain":
                return Loop(name="loop")(x)
            run = nn.scan(
                lambda loop, c, _: (c, loop(c)),
                variable_axes={"params": 0, "state": 0},
                split_rngs={"params": True, "dropout": True},
                length=1,
            )
            return jax.tree.map(lambda y: y[0], run(Loop(name="loop"), x, None)[1])

    program = Program()
    keys = {"params": KEY, "dropout": KEY}
    with jax.checking_leaks():
        variables = jax.jit(program.init)(keys, X)
        run = jax.jit(lambda v: program.apply(v, X, rngs=keys, mutable="state"))
        out, state = run(variables)
    assert len(set(np.asarray(out[2]).tolist())) == 3
    if how == "scan":
        variables = jax.tree.map(lambda v: v[0], variables)
        state = jax.tree.map(lambda v: v[0], state)
    plain = Loop().apply(
        {name: tree["loop"] for name, tree in variables.items()}, X, rngs=keys, mutable="state"
    )
    assert_close((out[:2], state["state"]["loop"]), (plain[0][:2], plain[1]["state"]))


def test_batch_norm_and_dropout_of_flax_in_a_loop():
    class Program(nn.Module):
        @nn.compact
        def __call__(self, x, train):
            norm = nn.BatchNorm(use_running_average=not train, momentum=0.5)
            drop = nn.Dropout(0.5, deterministic=not train)
            return scan(lambda c, _: (norm(c), drop(jnp.ones(8))), x, None, length=4)

    program = Program()
    variables = program.init(KEY, X, False)
    (_, drops), updated = program.apply(
        variables, X, True, rngs={"dropout": KEY}, mutable="batch_stats"
    )
    assert len({str(row) for row in drops}) == 4
    assert_close(updated["batch_stats"]["BatchNorm_0"]["var"].shape, (3,))
    # Without a mutable collection a loop can still read.
    program.apply(variables, X, False)


def test_what_is_sown_in_a_loop_is_dropped():
    class Sow(nn.Module):
        def __call__(self, x):
            self.sow("intermediates", "x", x)
            return x

    class Program(nn.Module):
        @nn.compact
        def __call__(self, x):
            sow = Sow(name="sow")
            x = scan(lambda c, _: (sow(c), None), x, None, length=3)[0]
            return sow(scan(lambda c, _: (sow(c), None), x, None, length=3)[0])

    with jax.checking_leaks():
        _, sown = jax.jit(lambda: Program().apply({}, X, mutable="intermediates"))()
    assert jax.tree.map(jnp.shape, sown) == {"intermediates": {"sow": {"x": ((2, 3),)}}}


def test_transformed_functions_inside_of_a_loop():
    inner = transform(lambda x: Linear(name="l")(x))
    params = inner.init(KEY, X)

    def program(x):
        layer = Linear(name="outer")
        return scan(lambda c, _: (layer(inner.apply(params, None, c)), None), x, None, length=2)

    pair = transform(program)
    with jax.checking_leaks():
        assert shapes(jax.jit(pair.init)(KEY, X)) == {"outer/w": (3, 3), "outer/b": (3,)}


def test_dict_valued_state_in_a_loop():
    def program(get, set_, loop):
        def run(x):
            def body(c, _):
                d = get("d", [], init=None)
                set_("d", {"a": d["a"] + 1, "b": {"c": d["b"]["c"] * 2}})
                return c, d["a"]

            set_("d", {"a": jnp.zeros(()), "b": {"c": jnp.ones(())}})
            return loop(body, x, None, length=3)[1]

        return run

    old = hk.transform_with_state(program(hk.get_state, hk.set_state, hk.scan))
    new = transform_with_state(program(get_state, set_state, scan))
    haiku_state, state = old.init(KEY, X)[1], new.init(KEY, X)[1]
    assert_close(state["state"], dict(haiku_state["~"]))
    expected, haiku_state = old.apply({}, haiku_state, None, X)
    actual, state = jax.jit(new.apply)({}, state, None, X)
    assert_close((actual, state["state"]), (expected, dict(haiku_state["~"])))


def test_leaks_are_found_by_the_check_of_these_tests():
    kept = []

    def leaky(x):
        kept.append(scan(lambda c, _: (kept.append(c) or c, None), x, None, length=2))

    with pytest.raises(Exception, match="Leaked"), jax.checking_leaks():
        jax.eval_shape(transform(leaky).apply, {}, None, X)
