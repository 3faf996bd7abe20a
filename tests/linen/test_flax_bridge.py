"""Flax modules below functions and functions in Flax modules, as Haiku's own bridge runs them."""

import flax.linen as nn
import haiku as hk
import haiku.experimental.flax as hkflax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.errors import InvalidRngError
from framework_programs import KEY, Linear, X, assert_close, assert_same, random_like, shapes

from hk2flax.linen.flax_bridge import flax_bridge
from hk2flax.linen.rng import next_rng_key
from hk2flax.linen.transform import transform, transform_with_state
from hk2flax.linen.variables import get_parameter, get_state, set_state


class Inner(nn.Module):
    """A Flax module with parameters at two levels, batch statistics and a counter of its own."""

    size: int = 3

    @nn.compact
    def __call__(self, x, train=True):
        x = nn.Dense(self.size)(x) * self.param("scale", nn.initializers.ones, ())
        count = self.variable("counts", "n", lambda: jnp.zeros(()))
        if not self.is_initializing():
            count.value += 1
        x = nn.BatchNorm(use_running_average=not train, momentum=0.5)(x)
        return x * count.value


def lifted(lift):
    def program(x):
        first = lift(Inner(), name="inner")
        x = first(first(x), train=False)
        # Of two with one name Haiku would write the state of both to the first.
        return lift(Inner(size=2), name="other")(x)

    return program


def variables_of(haiku_params, haiku_state):
    """Haiku's two trees as Flax collections."""
    flat = {("params", *k.split("/"), n): v for k, m in haiku_params.items() for n, v in m.items()}
    for key, module in haiku_state.items():
        lifted_name, collection, *path = key.split("/")
        for name, value in module.items():
            flat[(collection, lifted_name, *path, name)] = value
    tree = {}
    for path, value in flat.items():
        node = tree
        for part in (p for p in path[:-1] if p != "~"):
            node = node.setdefault(part, {})
        node[path[-1]] = value
    return tree


def test_a_lifted_module_with_state():
    old, new = (
        hk.transform_with_state(lifted(hkflax.lift)),
        transform_with_state(lifted(flax_bridge.lift)),
    )
    haiku_params, haiku_state = old.init(KEY, X)
    haiku_params = random_like(haiku_params)
    expected = variables_of(haiku_params, haiku_state)
    params, state = new.init(KEY, X)
    assert shapes(params) == shapes(expected.pop("params"))
    assert_close(state, expected)
    params = variables_of(haiku_params, {})["params"]
    for _ in range(3):
        want, haiku_state = old.apply(haiku_params, haiku_state, None, X)
        out, state = new.apply(params, state, None, X)
        assert_close(out, want)
        assert_close(state, variables_of({}, haiku_state))


def test_a_lifted_module_without_state_in_methods_and_gradients():
    def program(make, lift):
        def net(x):
            x = make(name="l")(x)
            return lift(nn.Dense(2, use_bias=False), name="dense")(x)

        return net

    assert_same(
        program(lambda name: hk.Linear(3, name=name), hkflax.lift),
        program(Linear, flax_bridge.lift),
        X,
        rename=lambda path: path.replace("/~", ""),
    )


@pytest.mark.parametrize("lib", ["haiku", "ours"])
def test_keys_of_a_lifted_module(lib):
    lift, run, draw = {
        "haiku": (hkflax.lift, hk.transform, hk.next_rng_key),
        "ours": (flax_bridge.lift, transform, next_rng_key),
    }[lib]

    def program(x, rngs):
        drop = lift(nn.Dropout(0.5, deterministic=False), name="drop")
        dense = lift(nn.Dense(2), name="dense")
        keys = {"dropout": KEY} if rngs == "given" else {"dropout": draw()}
        if rngs == "none":
            return drop(x)
        if rngs == "wrong":
            return drop(x, rngs=KEY)
        return drop(x, rngs=keys), dense(x, rngs=keys), drop(x, rngs={"dropout": KEY})

    pair = run(program)
    params = pair.init(KEY, jnp.ones((8, 8)), "given")
    a, _, c = pair.apply(params, KEY, jnp.ones((8, 8)), "given")
    np.testing.assert_array_equal(a, c)
    expected = nn.Dropout(0.5, deterministic=False).apply(
        {}, jnp.ones((8, 8)), rngs={"dropout": KEY}
    )
    np.testing.assert_array_equal(a, expected)
    a, _, c = pair.apply(params, KEY, jnp.ones((8, 8)), "drawn")
    assert not np.array_equal(a, c)
    with pytest.raises(InvalidRngError):
        pair.apply(params, KEY, jnp.ones((8, 8)), "none")
    with pytest.raises(InvalidRngError, match="rngs"):
        pair.init(KEY, jnp.ones((8, 8)), "wrong")


def counted(make, get, put, zeros):
    def net(x, scale=1.0):
        n = get("n", [], init=zeros)
        put("n", n + 1)
        return make("l")(x) * n * scale

    return net


def wrapped(lib):
    if lib == "haiku":
        net = counted(lambda n: hk.Linear(3, name=n), hk.get_state, hk.set_state, jnp.zeros)
        return hkflax.Module, hk.transform(net), hk.transform_with_state(net)
    net = counted(lambda n: Linear(name=n), get_state, set_state, nn.initializers.zeros)
    return flax_bridge.Module, transform(net), transform_with_state(net)


def test_a_function_with_state_as_a_module():
    results = []
    for lib in ("haiku", "ours"):
        cls, _, pair = wrapped(lib)

        class Outer(nn.Module):
            cls: type
            pair: tuple

            @nn.compact
            def __call__(self, x):
                module = self.cls(self.pair)
                return module(module(x), scale=2.0)

        for module, path in ((cls(pair), ()), (Outer(cls, tuple(pair) and pair), ("Module_0",))):
            variables = module.init(KEY, X)
            assert set(variables) == {"params", "state"}
            tree = variables["params"]
            for part in path:
                tree = tree[part]
            assert shapes(tree) == {"l/w": (3, 3), "l/b": (3,)}
            assert [float(leaf) for leaf in jax.tree.leaves(variables["state"])] == [0.0]
            variables = {**variables, "params": random_like(variables["params"])}
            outs = []
            for _ in range(3):
                out, new = jax.jit(lambda v, m=module: m.apply(v, X, mutable=["state"]))(variables)
                variables = {**variables, **new}
                outs.append(out)
            results.append([*outs, jax.tree.leaves(variables["state"])])
    assert_close(results[:2], results[2:])


@pytest.mark.parametrize("lib", ["haiku", "ours"])
def test_a_module_that_is_built_and_keys_of_its_own(lib):
    cls = {"haiku": hkflax.Module, "ours": flax_bridge.Module}[lib]
    layer = {"haiku": hk.Linear, "ours": Linear}[lib]
    module = cls.create(layer, 3, name="l")
    variables = module.init(KEY, X)
    assert set(variables) == {"params"} and isinstance(module, nn.Module)
    assert shapes(variables["params"]) == {"l/w": (3, 3), "l/b": (3,)}
    w, b = (variables["params"]["l"][name] for name in "wb")
    np.testing.assert_allclose(module.apply(variables, X), X @ w + b, rtol=1e-6)

    draw = {"haiku": hk.maybe_next_rng_key, "ours": None}[lib]
    pair = hk.transform(draw) if draw else transform(lambda: next_rng_key())
    noise = cls(pair)
    first, second = (noise.apply({}, rngs={"apply": jax.random.PRNGKey(i)}) for i in range(2))
    assert not np.array_equal(first, second)


def test_state_that_nobody_writes_may_be_immutable():
    results = []
    for lib in ("haiku", "ours"):
        get, parameter, zeros, run, cls = {
            "haiku": (
                hk.get_state,
                hk.get_parameter,
                jnp.zeros,
                hk.transform_with_state,
                hkflax.Module,
            ),
            "ours": (
                get_state,
                get_parameter,
                nn.initializers.zeros,
                transform_with_state,
                flax_bridge.Module,
            ),
        }[lib]
        module = cls(
            run(lambda: get("n", [2], init=zeros) + parameter("w", [2], init=zeros))  # noqa: B023
        )
        results.append(module.apply(module.init(KEY)))
    assert_close(*results)


TREE = {
    "w": 1,
    "dense": {"kernel": 2, "inner": {"b": 3, "deep": {"c": 4}}, "bias": 5},
    "empty": {},
    "v": 6,
}


@pytest.mark.parametrize("tree", [TREE, {}, {"w": 1}, {"a": {"b": {"c": 1}}}, {"a": {"b": {}}}])
def test_flat_trees(tree):
    ours, theirs = (
        f(tree) for f in (flax_bridge.flatten_flax_to_haiku, hkflax.flatten_flax_to_haiku)
    )
    assert ours == theirs
    assert list(ours) == list(theirs)
