"""Parameters, state, random keys, names and lifting."""

from __future__ import annotations

import numpy as np

from tests.symbols.inputs import normal
from tests.symbols.proof import Proof

INPUTS = {"x": normal(2, 3), "key": np.array([1, 2], np.uint32)}
TWICE = ({"train": True}, {"train": True}, {"train": False})
# Modules that the cases use; where names matter, a case has names of its own.
MODULES = """
class Scaled(hk.Module):
    def __call__(self, x):
        scale = hk.get_parameter('scale', [x.shape[-1]], x.dtype, init=hk.initializers.Constant(2))
        return x * scale

    def again(self, x):
        return self(x) + hk.get_parameter('scale', [x.shape[-1]], x.dtype)


class Counter(hk.Module):
    def __call__(self, step=1):
        count = hk.get_state('count', [], jnp.int32, init=jnp.zeros)
        hk.set_state('count', count + step)
        return count


class Open(hk.Module):
    @hk.transparent
    def visible(self, x):
        return hk.Linear(3, name='seen')(x)

    def __call__(self, x):
        return self.visible(x)


def inner(x):
    return jnp.tanh(hk.Linear(3, name='deep')(x))


def inner_with_state(x):
    return inner(x) + Counter()().astype(x.dtype)
"""


def cases(*sources: str, **more) -> Proof:
    return Proof(helper=sources, before=MODULES, inputs=INPUTS, **more)


def draws(*sources: str) -> Proof:
    """Keys are compared as numbers drawn with them."""
    return cases(*sources)


PROOFS = {
    "haiku.get_parameter": cases(
        "hk.get_parameter('a', [3], init=jnp.ones) * x",
        "hk.get_parameter('b', shape=(2, 3), dtype=x.dtype, init=hk.initializers.RandomNormal())",
        "hk.get_parameter(name='c', shape=(), dtype=jnp.int32, init=hk.initializers.Constant(3))",
        "hk.get_parameter('d', [2, 3], init=lambda shape, dtype: jnp.full(shape, 2, dtype)) + x",
        """
        first = hk.get_parameter('e', [3], x.dtype, jnp.ones)
        return first + hk.get_parameter('e', [3], x.dtype, jnp.ones)
        """,
        """
        scaled = Scaled()
        return scaled(x), scaled.again(x)
        """,
        "Scaled(name='own')(x)",
    ),
    "haiku.get_state": cases(
        "hk.get_state('a', [3], init=jnp.ones)",
        "hk.get_state('b', shape=(2, 3), dtype=x.dtype, init=hk.initializers.RandomNormal())",
        """
        if hk.running_init():
            hk.set_state('c', x)
        return hk.get_state(name='c')
        """,
        "Counter()(), Counter(name='own')(2)",
        """
        counter = Counter()
        return counter(), counter(3)
        """,
    ),
    "haiku.set_state": cases(
        """
        hk.set_state('a', x)
        return hk.get_state('a') + 1
        """,
        """
        old = hk.get_state('b', [], x.dtype, init=jnp.zeros)
        hk.set_state(name='b', value=old + x.sum())
        hk.set_state('b', hk.get_state('b') * 2)
        return old, hk.get_state('b')
        """,
        modes=({}, {}, {}),
    ),
    "haiku.get_params": cases(
        """
        Scaled()(x)
        return len(jax.tree.leaves(hk.get_params())) > 0
        """,
        "hk.data_structures.tree_size(hk.get_params()) * (1 - hk.running_init())",
    ),
    "haiku.get_initial_state": cases(
        """
        Counter()()
        return sum(leaf.sum() for leaf in jax.tree.leaves(hk.get_initial_state()))
        """,
        modes=({}, {}, {}),
    ),
    "haiku.get_current_state": cases(
        """
        Counter()()
        return sum(leaf.sum() for leaf in jax.tree.leaves(hk.get_current_state()))
        """,
        modes=({}, {}, {}),
    ),
    "haiku.running_init": cases(
        """
        scale = 1.0 if hk.running_init() else 3.0
        return Scaled()(x) * scale
        """,
        "hk.running_init()",
    ),
    "haiku.next_rng_key": draws(
        "jax.random.normal(hk.next_rng_key(), (3,))",
        "[jax.random.uniform(hk.next_rng_key()) for _ in range(3)]",
        "Scaled()(x) + jax.random.normal(hk.next_rng_key(), x.shape, x.dtype)",
    ),
    "haiku.next_rng_keys": draws(
        "[jax.random.normal(key, (3,)) for key in hk.next_rng_keys(2)]",
        "jax.vmap(jax.random.uniform)(hk.next_rng_keys(num=4)), hk.next_rng_keys(1).shape",
    ),
    "haiku.maybe_next_rng_key": draws(
        "jax.random.normal(hk.maybe_next_rng_key(), (3,))",
        """
        key = hk.maybe_next_rng_key()
        return x if key is None else hk.dropout(key, 0.5, x)
        """,
    ),
    "haiku.reserve_rng_keys": draws(
        """
        hk.reserve_rng_keys(2)
        return jax.random.normal(hk.next_rng_key()), jax.random.normal(hk.next_rng_key())
        """,
        """
        hk.reserve_rng_keys(num=1)
        return jax.random.normal(hk.next_rng_key())
        """,
    ),
    "haiku.with_rng": draws(
        """
        with hk.with_rng(key):
            return jax.random.normal(hk.next_rng_key()), hk.next_rng_keys(3), hk.next_rng_key()
        """,
        """
        with hk.with_rng(key=jax.random.PRNGKey(3)):
            hk.reserve_rng_keys(3)
            first = hk.next_rng_key()
            with hk.with_rng(7):
                second = hk.next_rng_key()
            return first, second, hk.next_rng_key()
        """,
    ),
    "haiku.PRNGSequence": draws(
        """
        keys = hk.PRNGSequence(42)
        return next(keys), keys.take(3), keys.next(), next(keys)
        """,
        """
        keys = hk.PRNGSequence(key_or_seed=key)
        keys.reserve(2)
        first = next(keys)
        return first, next(hk.PRNGSequence(first)), next(keys), next(keys)
        """,
        """
        keys = hk.PRNGSequence(key)
        other = hk.PRNGSequence(keys.internal_state)
        return next(keys), next(other), isinstance(keys, hk.PRNGSequence)
        """,
    ),
    "haiku.name_scope": cases(
        """
        with hk.name_scope('outer'):
            y = Scaled()(x)
        return y + hk.Linear(3)(x)
        """,
        """
        with hk.name_scope(name='first'), hk.name_scope('second', method_name='other'):
            return hk.get_parameter('w', [3], x.dtype, jnp.ones) * x
        """,
    ),
    "haiku.transparent": cases(
        "Open(name='open')(x)",
        """
        module = Open()
        return module(x) + module.visible(2 * x)
        """,
    ),
    "haiku.to_module": cases(
        "hk.to_module(inner)()(x)",
        """
        Inner = hk.to_module(f=lambda x, k: k * hk.Linear(3)(x))
        module = Inner(name='named')
        return module(x, 2.0), module(x, k=3.0)
        """,
    ),
    "haiku.Deferred": cases(
        """
        linear = hk.Deferred(lambda: hk.Linear(3))
        return linear(x), linear(2 * x)
        """,
        """
        scaled = hk.Deferred(factory=Scaled, call_methods=('__call__', 'again'))
        return scaled(x) + scaled.again(x)
        """,
    ),
    "haiku.lift": cases(
        """
        function = hk.transform(inner)
        params = hk.lift(function.init)(hk.maybe_next_rng_key(), x)
        return function.apply(params, None, x)
        """,
        """
        function = hk.transform(inner)
        init = hk.lift(init_fn=function.init, allow_reuse=True, name='own')
        params = init(hk.maybe_next_rng_key(), x)
        return function.apply(params, None, x) + function.apply(params, None, 2 * x)
        """,
    ),
    "haiku.transparent_lift": cases(
        """
        function = hk.transform(inner)
        params = hk.transparent_lift(function.init)(hk.maybe_next_rng_key(), x)
        return function.apply(params, None, x)
        """,
        """
        function = hk.transform(lambda x: hk.Linear(3, name='other')(x))
        init = hk.transparent_lift(init_fn=function.init, allow_reuse=True)
        return function.apply(init(hk.maybe_next_rng_key(), x), None, x)
        """,
    ),
    "haiku.lift_with_state": cases(
        """
        function = hk.transform_with_state(inner_with_state)
        init, updater = hk.lift_with_state(function.init)
        params, state = init(hk.maybe_next_rng_key(), x)
        y, state = function.apply(params, state, None, x)
        updater.update(state)
        return y
        """,
        """
        function = hk.transform_with_state(inner)
        init, updater = hk.lift_with_state(init_fn=function.init, allow_reuse=True, name='own')
        params, state = init(hk.maybe_next_rng_key(), x)
        updater.ignore_update()
        return function.apply(params, state, None, x)[0]
        """,
        modes=({}, {}),
    ),
    "haiku.transparent_lift_with_state": cases(
        """
        function = hk.transform_with_state(inner_with_state)
        init, updater = hk.transparent_lift_with_state(function.init)
        params, state = init(hk.maybe_next_rng_key(), x)
        y, state = function.apply(params, state, None, x)
        updater.update(state)
        return y
        """,
        """
        function = hk.transform_with_state(lambda x: hk.Linear(3, name='other')(x))
        lifted = hk.transparent_lift_with_state(init_fn=function.init, allow_reuse=True)
        params, state = lifted[0](hk.maybe_next_rng_key(), x)
        lifted[1].ignore_update()
        return function.apply(params, state, None, x)[0]
        """,
        modes=({}, {}),
    ),
}
