"""Transforms, run inside of the program; weights are constants, because keys are derived otherwise.

The types of what they return, and other names for annotations and isinstance.
"""

from __future__ import annotations

from tests.symbols.inputs import normal
from tests.symbols.proof import Proof

BEFORE = """
ONES = hk.initializers.Constant(0.5)


def plain(x):
    return jnp.tanh(hk.Linear(3, w_init=ONES, b_init=ONES)(x))


def counting(x):
    count = hk.get_state('count', [], init=jnp.zeros)
    hk.set_state('count', count + 1)
    return plain(x) * (1 + count).astype(x.dtype)


def drawing(x):
    return plain(x) + jax.random.normal(hk.next_rng_key(), x.shape, x.dtype)


def several():
    linear = hk.Linear(3, w_init=ONES)

    def once(x):
        return linear(x)

    def twice(x):
        return linear(linear(x))

    return once, {'once': once, 'twice': twice}


def several_with_state():
    average = hk.ExponentialMovingAverage(0.9)

    def update(x):
        return average(x)

    def read(x):
        return average(x, update_stats=False)

    return update, (update, read)


def count(params: hk.Params) -> int:
    return len(jax.tree.leaves(params))


class Double(hk.Module):
    def __call__(self, x):
        return 2 * x
"""
INPUTS = {"x": normal(2, 3)}


def cases(*sources: str, **more) -> Proof:
    return Proof(helper=sources, before=BEFORE, inputs=INPUTS, **more)


def pair(name: str, transform: str) -> Proof:
    """A named tuple of init and apply."""
    return cases(
        f"isinstance(hk.{transform}, hk.{name})",
        f"""
        pair = hk.{name}(init=lambda *_: 1, apply=lambda *_: x)
        return pair.init(), pair.apply(), pair._fields
        """,
        f"hk.{name}(lambda *_: 1, lambda *_: x)._replace(init=lambda *_: 2).init()",
    )


def tree(name: str) -> Proof:
    """A type for annotations, also in strings."""
    return cases(
        f"""
        def read(tree: hk.{name}) -> 'hk.{name}':
            return jax.tree.map(jnp.sin, tree)
        return read({{'a': {{'b': x}}}})
        """,
        f"""
        found: 'dict[str, hk.{name}]' = {{'a': {{'b': {{'c': x}}}}}}
        return found
        """,
    )


PROOFS = {
    "haiku.transform": cases(
        """
        pair = hk.transform(plain)
        params = pair.init(None, x)
        return pair.apply(params, None, x), count(params)
        """,
        """
        init, apply = hk.transform(f=drawing, apply_rng=True)
        params = init(rng=jax.random.PRNGKey(1), x=x)
        return apply(params=params, rng=jax.random.PRNGKey(2), x=x).shape
        """,
        """
        pair = hk.transform(lambda x, scale: scale * plain(x))
        return pair.apply(pair.init(None, x, scale=2.0), None, x, scale=3.0)
        """,
    ),
    "haiku.transform_with_state": cases(
        """
        pair = hk.transform_with_state(counting)
        params, state = pair.init(None, x)
        first, state = pair.apply(params, state, None, x)
        second, state = pair.apply(params, state, None, x)
        return first, second, jax.tree.leaves(state)
        """,
        """
        init, apply = hk.transform_with_state(f=counting)
        params, state = init(jax.random.PRNGKey(1), x)
        return apply(params=params, state=state, rng=None, x=x)[0]
        """,
    ),
    "haiku.multi_transform": cases(
        """
        pair = hk.multi_transform(several)
        params = pair.init(None, x)
        return pair.apply['once'](params, None, x), pair.apply['twice'](params, None, x)
        """,
        """
        init, apply = hk.multi_transform(f=several)
        params = init(jax.random.PRNGKey(1), x)
        return apply['twice'](params, None, x), count(params)
        """,
    ),
    "haiku.multi_transform_with_state": cases(
        """
        pair = hk.multi_transform_with_state(several_with_state)
        params, state = pair.init(None, x)
        update, read = pair.apply
        y, state = update(params, state, None, x)
        return y, read(params, state, None, 2 * x)[0]
        """,
        """
        init, apply = hk.multi_transform_with_state(f=several_with_state)
        params, state = init(None, x)
        return apply[0](params, state, None, x)[0]
        """,
    ),
    "haiku.without_apply_rng": cases(
        """
        pair = hk.without_apply_rng(hk.transform(plain))
        return pair.apply(pair.init(None, x), x)
        """,
        """
        pair = hk.without_apply_rng(f=hk.transform_with_state(counting))
        params, state = pair.init(None, x)
        return pair.apply(params, state, x)[0]
        """,
        """
        pair = hk.without_apply_rng(hk.multi_transform(several))
        return pair.apply['twice'](pair.init(None, x), x)
        """,
    ),
    "haiku.without_state": cases(
        """
        pair = hk.without_state(hk.transform_with_state(plain))
        return pair.apply(pair.init(None, x), None, x)
        """,
        """
        pair = hk.without_state(f=hk.transform_with_state(lambda x: 2 * plain(x)))
        return pair.apply(pair.init(None, x), None, x)
        """,
    ),
    "haiku.with_empty_state": cases(
        """
        pair = hk.with_empty_state(hk.transform(plain))
        params, state = pair.init(None, x)
        y, state = pair.apply(params, state, None, x)
        return y, count(state)
        """,
        """
        pair = hk.with_empty_state(f=hk.transform(lambda x: 2 * plain(x)))
        return pair.apply(*pair.init(None, x), None, x)[0]
        """,
    ),
    "haiku.testing.transform_and_run": cases(
        "hk.testing.transform_and_run(plain)(x)",
        "hk.testing.transform_and_run(f=lambda x: 2 * plain(x), seed=1, run_apply=True)(x)",
        "hk.testing.transform_and_run(run_apply=False)(plain)(x)",
        "hk.testing.transform_and_run(plain, None, jax_transform=jax.jit)(x)",
        "hk.testing.transform_and_run(plain, map_rng=lambda key: key)(x)",
    ),
    "haiku.Transformed": pair("Transformed", "transform(plain)"),
    "haiku.TransformedWithState": pair("TransformedWithState", "transform_with_state(counting)"),
    "haiku.MultiTransformed": pair("MultiTransformed", "multi_transform(several)"),
    "haiku.MultiTransformedWithState": pair(
        "MultiTransformedWithState", "multi_transform_with_state(several_with_state)"
    ),
    "haiku.Params": tree("Params"),
    "haiku.MutableParams": tree("MutableParams"),
    "haiku.State": tree("State"),
    "haiku.MutableState": tree("MutableState"),
    "haiku.Module": cases(
        "Double()(x), isinstance(Double(name='twice'), hk.Module)",
        "issubclass(Double, hk.Module), isinstance(x, hk.Module)",
        """
        class Inner(hk.Module):
            def __init__(self, size: int, name: str | None = None):
                super().__init__(name=name)
                self.size = size

            def __call__(self, x):
                return hk.Linear(self.size)(x)

        return Inner(3)(x), Inner(2, name='two')(x)
        """,
    ),
    "haiku.ModuleProtocol": cases(
        """
        def run(module: hk.ModuleProtocol, x):
            return module(x)
        return run(Double(), x)
        """,
        "isinstance(Double(), hk.ModuleProtocol), isinstance(x, hk.ModuleProtocol)",
    ),
    "haiku.SupportsCall": cases(
        """
        def run(module: hk.SupportsCall, x) -> 'jax.Array':
            return module(x)
        return run(Double(), x), run(hk.Linear(3), x)
        """,
    ),
    "haiku.initializers.Initializer": cases(
        """
        def make(size, init: hk.initializers.Initializer):
            return hk.Linear(size, w_init=init)
        return make(3, ONES)(x)
        """,
        """
        def small(shape, dtype):
            return jnp.full(shape, 0.1, dtype)
        init: 'hk.initializers.Initializer | None' = small
        return hk.Linear(3, w_init=init)(x)
        """,
    ),
    "haiku.pad.PadFn": cases(
        """
        def conv(padding: hk.pad.PadFn | str):
            return hk.Conv1D(3, 2, padding=padding)
        return conv(hk.pad.causal)(x), conv('SAME')(x)
        """,
    ),
    "haiku.intercept_methods": cases(
        """
        def double(call, args, kwargs, context):
            result = call(*args, **kwargs)
            return 2 * result if context.method_name == '__call__' else result
        with hk.intercept_methods(double):
            return Double()(x), hk.Linear(3)(x)
        """,
        """
        seen = []
        def watch(call, args, kwargs, context: hk.MethodContext):
            if context.method_name == '__call__':
                seen.append(context.method_name)
            return call(*args, **kwargs)
        with hk.intercept_methods(interceptor=watch):
            y = Double()(x)
        return y, seen
        """,
    ),
    "haiku.MethodContext": cases(
        """
        found = []
        def watch(call, args, kwargs, context: hk.MethodContext):
            if context.method_name == '__call__':
                found.append(context.orig_method(*args, **kwargs))
                found.append(isinstance(context.module, Double))
            return call(*args, **kwargs)
        with hk.intercept_methods(watch):
            Double()(x)
        return found
        """,
    ),
    "haiku.GetterContext": cases(
        """
        def scaled(following, value, context: hk.GetterContext):
            assert isinstance(context, hk.GetterContext)
            return following(value) * len(context.original_shape)
        with hk.custom_getter(scaled):
            return hk.Linear(3)(x)
        """,
    ),
    "haiku.SetterContext": cases(
        """
        def halved(following, value, context: 'hk.SetterContext'):
            return following(value / 2) if context.original_dtype == jnp.float32 else value
        with hk.custom_setter(halved):
            hk.set_state('kept', 1.0 + number)
            return hk.get_state('kept')
        """,
    ),
    "haiku.LiftWithStateUpdater": cases(
        """
        def update(updater: hk.LiftWithStateUpdater, state):
            assert isinstance(updater, hk.LiftWithStateUpdater)
            updater.update(state)
        pair = hk.transform_with_state(counting)
        init, updater = hk.lift_with_state(pair.init)
        params, state = init(hk.maybe_next_rng_key(), x)
        y, state = pair.apply(params, state, None, x)
        update(updater, state)
        return y
        """,
    ),
    "haiku.experimental.fast_eval_shape": Proof(
        native=(
            "hk.experimental.fast_eval_shape(lambda y: (y @ y.T).sum(0), x).shape",
            """
            pair = hk.transform(plain)
            return count(hk.experimental.fast_eval_shape(pair.init, None, x=x))
            """,
        ),
        before=BEFORE,
        inputs=INPUTS,
    ),
    "haiku.name_like": cases(
        """
        class Like(hk.Module):
            def __call__(self, x):
                return hk.Linear(3)(x)

            @hk.name_like('__call__')
            def again(self, x):
                return hk.Linear(3)(x) * 2

        like = Like()
        return like(x), like.again(x)
        """
    ),
    "haiku.current_name": cases(
        "len(hk.current_name()) > -1",
    ),
}
