"""Names whose plain Flax form is a function or class of the same calling convention."""

import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
from framework_programs import KEY, Linear, X, assert_same
from test_loops import XS

from hk2flax.catalog import SYMBOLS
from hk2flax.linen.protocols import SupportsCall
from hk2flax.linen.transform import transform


def target(name):
    return SYMBOLS[name].native.target


def test_batch_apply():
    assert target("haiku.BatchApply") == "flax.linen.BatchApply"

    def program(make, apply):
        def net(x, y):
            x = apply(make("a"))(x)
            x = apply(lambda a, b, k: make("b")(a) * b + k, num_dims=1)(x, y, 2.0)
            return apply(lambda a, scale: {"out": a * scale}, 3)(x, scale=jnp.ones(x.shape))

        return net

    assert_same(
        program(lambda name: hk.Linear(3, name=name), hk.BatchApply),
        program(lambda name: Linear(name=name), nn.BatchApply),
        XS,
        XS,
    )


def test_shapes_without_computing():
    assert target("haiku.experimental.fast_eval_shape") == "jax.eval_shape"

    def f(x, key, *, scale):
        return {"x": jnp.dot(x, x.T) * scale, "y": [jax.random.normal(key, (3,)), x.sum()]}

    args = (jax.ShapeDtypeStruct((2, 3), jnp.bfloat16), KEY)
    expected = hk.experimental.fast_eval_shape(f, *args, scale=2.0)
    assert jax.eval_shape(f, *args, scale=2.0) == expected


def test_a_function_with_a_name():
    # Haiku 0.0.9 was the last version to have its own.
    assert target("haiku.experimental.named_call") == "jax.named_call"

    def f(x):
        return jnp.sin(x) + 1

    named = jax.named_call(f, name="the_name")
    np.testing.assert_array_equal(named(X), f(X))
    assert "the_name" in str(jax.make_jaxpr(named)(X).eqns[0].source_info.name_stack)


class HkOuter(hk.Module):
    def __call__(self, x, scale=1.0):
        return self.helper(hk.Linear(3, name="inner")(x), scale=scale)

    def helper(self, x, scale):
        return x * scale


class Outer(nn.Module):
    @nn.compact
    def __call__(self, x, scale=1.0):
        return self.helper(Linear(name="inner")(x), scale=scale)

    def helper(self, x, scale):
        return x * scale


def test_interceptors():
    assert target("haiku.intercept_methods") == "flax.linen.intercept_methods"
    seen = {"haiku": [], "ours": []}

    def interceptor(lib):
        def run(next_fun, args, kwargs, context):
            if context.method_name in ("__init__", "setup") or type(context.module) not in known:
                return next_fun(*args, **kwargs)
            seen[lib].append(
                (type(context.module).__name__.removeprefix("Hk"), context.method_name)
            )
            seen[lib].append((len(args), sorted(kwargs), callable(context.orig_method)))
            if context.method_name == "helper":
                return context.orig_method(*args, scale=3.0)
            return next_fun(*args, **kwargs) + 1

        known = (HkOuter, hk.Linear, Outer, Linear)
        return run

    def before(x):
        net = HkOuter(name="net")
        with hk.intercept_methods(interceptor("haiku")), hk.intercept_methods(interceptor("haiku")):
            return net(x, scale=2.0) + 1

    def after(x):
        net = Outer(name="net")
        with nn.intercept_methods(interceptor("ours")), nn.intercept_methods(interceptor("ours")):
            return net(x, scale=2.0) + 1

    assert_same(before, after, X, steps=1, grads=False)
    seen["haiku"].clear(), seen["ours"].clear()
    params = hk.transform(before).init(KEY, X)
    hk.transform(before).apply(params, None, X)
    pair = transform(after)
    pair.apply(pair.init(KEY, X), None, X)
    assert seen["ours"] == seen["haiku"]
    assert {kind for kind, *_ in seen["ours"][::2]} == {"Outer", "Linear"}


def test_what_an_interceptor_is_told():
    assert target("haiku.MethodContext") == "flax.linen.module.InterceptorContext"
    fields = list(SYMBOLS["haiku.MethodContext"].native.args)
    assert fields == list(hk.MethodContext._fields[:3])
    context = nn.module.InterceptorContext("module", "name", len)
    assert [getattr(context, field) for field in fields] == ["module", "name", len]


def test_protocols():
    class Silent(nn.Module):
        pass

    class HkSilent(hk.Module):
        pass

    values = [Linear(), Silent(), len, 3, lambda: 1, object()]
    theirs = [lambda: hk.Linear(3), HkSilent, lambda: len, lambda: 3, lambda: lambda: 1, object]

    def program():
        made = [make() for make in theirs]
        return [(isinstance(v, hk.SupportsCall), isinstance(v, hk.ModuleProtocol)) for v in made]

    assert target("haiku.ModuleProtocol") == "flax.linen.Module"
    found = [(isinstance(v, SupportsCall), isinstance(v, nn.Module)) for v in values]
    assert found == hk.transform(program).apply({}, None)
