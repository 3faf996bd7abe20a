import flax
import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from framework_programs import KEY, Linear, X, assert_close, assert_same, random_like, shapes

from hk2flax.linen.introspection import (
    Deferred,
    current_name,
    get_current_state,
    get_initial_state,
    get_params,
    running_init,
    to_module,
    transparent,
)
from hk2flax.linen.lift import (
    lift,
    lift_with_state,
    transparent_lift,
    transparent_lift_with_state,
)
from hk2flax.linen.parameter_trees import data_structures
from hk2flax.linen.rng import next_rng_key, next_rng_keys
from hk2flax.linen.scope import method_scope, name_scope
from hk2flax.linen.testing import transform_and_run
from hk2flax.linen.transform import NonEmptyStateError, transform, transform_with_state
from hk2flax.linen.variables import get_state, set_state

zeros = nn.initializers.zeros


def haiku_linear(name):
    return hk.Linear(3, name=name)


def test_what_is_running():
    seen = []

    class Net(nn.Module):
        @method_scope
        def helper(self):
            return current_name()

        @transparent
        @nn.compact
        def __call__(self, x):
            with name_scope("foo"):
                seen.extend([current_name(), self.helper()])
            seen.extend([current_name(), running_init()])
            Linear(name="l")(x)
            return shapes(get_params())

    def program(x):
        seen.append(current_name())
        return Net(name="net")(x)

    pair = transform(program)
    params = pair.init(KEY, X)
    assert seen == ["~", "net/foo", "net/foo", "net", True]
    assert pair.apply(params, None, X) == shapes(params)
    assert seen[-1] is False
    with pytest.raises(ValueError, match="`running_init` must be used inside"):
        running_init()


def test_state_during_init_and_apply():
    def program():
        get_state("x", [], init=zeros)
        set_state("x", get_state("x") + 1)
        return get_current_state(), get_initial_state() if running_init() else None

    seen = []
    pair = transform_with_state(lambda: seen.append(program()))
    state = pair.init(KEY)[1]
    assert_close(seen[0], ({"state": {"x": 1.0}}, {"state": {"x": 0.0}}))
    pair.apply({}, state, None)
    assert_close(seen[1][0], {"state": {"x": 1.0}})
    before = transform_with_state(get_initial_state).apply({}, state, None)[0]
    assert_close(before, {"state": {"x": 0.0}})


def test_to_module_and_deferred():
    def before(x):
        def block(x):
            return hk.Linear(3, name="l")(x)

        make = hk.to_module(block)
        return hk.Deferred(lambda: haiku_linear("d"))(make()(make("named")(make()(x))))

    def after(x):
        def block(x):
            return Linear(name="l")(x)

        make = to_module(block)
        deferred = Deferred(lambda: Linear(name="d"))
        assert deferred.size == 3
        return deferred(make()(make("named")(make()(x))))

    assert_same(before, after, X)


def ensemble(make, transform, lift, keys, initializing, name):
    def net(x):
        inner = transform(lambda x: make(name="l")(x))
        init = jax.vmap(inner.init, in_axes=(0, None))
        init = lift(init, name=name) if name else lift(init)
        params = init(keys(4) if initializing() else None, x)
        return jax.vmap(inner.apply, in_axes=(0, None, None))(params, None, x)

    return net


@pytest.mark.parametrize("name", ["ensemble", None])
def test_lift_of_an_ensemble(name):
    old_lift, new_lift = (hk.lift, lift) if name else (hk.transparent_lift, transparent_lift)
    before = ensemble(haiku_linear, hk.transform, old_lift, hk.next_rng_keys, hk.running_init, name)
    after = ensemble(Linear, transform, new_lift, next_rng_keys, running_init, name)
    assert_same(before, after, X)


@pytest.mark.parametrize("how", ["named", "transparent"])
def test_lift_with_state(how):
    lifting = lift_with_state if how == "named" else transparent_lift_with_state

    def count(x):
        n = get_state("n", [], init=zeros)
        set_state("n", n + 1)
        return Linear(name="l")(x) * n

    def program(x):
        inner = transform_with_state(count)
        init, updater = lifting(inner.init)
        params, state = init(next_rng_key() if running_init() else None, x)
        out, state = inner.apply(params, state, None, x)
        updater.update(state)
        return out

    pair = transform_with_state(program)
    params, state = pair.init(KEY, X)
    path = "lifted/" if how == "named" else ""
    assert shapes(params) == {f"{path}l/w": (3, 3), f"{path}l/b": (3,)}
    assert shapes(state["state"]) == {f"{path}n": ()}
    for step in range(3):
        leaf = jax.tree.leaves(state)[0]
        assert leaf == step
        state = jax.jit(pair.apply)(params, state, None, X)[1]


def test_what_lift_cannot_do():
    counter = transform_with_state(lambda: get_state("n", [], init=zeros))
    with pytest.raises(NonEmptyStateError):
        transform(lambda: lift(counter.init)(KEY)).init(KEY)
    inner = transform(lambda x: Linear(name="l")(x))

    def twice(reuse):
        def program(x):
            init = transparent_lift(inner.init, allow_reuse=reuse)
            return init(KEY, x), init(KEY, x)

        return transform(program)

    with pytest.raises(ValueError, match="would overwrite"):
        twice(False).init(KEY, X)
    assert shapes(twice(True).init(KEY, X)) == {"l/w": (3, 3), "l/b": (3,)}


TREE = {"top": 1.0, "b": {"w": 2.0, "a": {"w": 3.0, "b": 4.0}}}
FLAT = {"~": {"top": 1.0}, "b": {"w": 2.0}, "b/a": {"w": 3.0, "b": 4.0}}


def test_trees_are_taken_apart_as_by_haiku():
    ours, theirs = data_structures, hk.data_structures
    assert list(ours.traverse(TREE)) == sorted(theirs.traverse(FLAT))

    def is_weight(module, name, value):
        return name == "w" and "b" in module and value < 9

    def flat(tree):
        return sorted(ours.traverse(tree))

    def same(ours, theirs):
        assert flat(ours) == sorted(hk.data_structures.traverse(theirs))

    same(ours.filter(is_weight, TREE), theirs.filter(is_weight, FLAT))
    for mine, other in zip(
        ours.partition(is_weight, TREE), theirs.partition(is_weight, FLAT), strict=True
    ):
        same(mine, other)
    by_value = lambda module, name, value: int(value) % 3  # noqa: E731
    parts = ours.partition_n(by_value, TREE, 3)
    for mine, other in zip(parts, theirs.partition_n(by_value, FLAT, 3), strict=True):
        same(mine, other)
    double = lambda module, name, value: 2 * value + len(name)  # noqa: E731
    same(ours.map(double, TREE), theirs.map(double, FLAT))
    assert ours.merge(*parts) == ours.merge(TREE, *parts) == TREE
    assert ours.is_subset(subset=parts[0], superset=TREE)
    assert not ours.is_subset(subset=TREE, superset=parts[0])
    # Haiku's two levels stay two levels.
    assert ours.filter(lambda m, n, v: m == "b/a", FLAT) == {"b/a": {"w": 3.0, "b": 4.0}}


def test_trees_are_measured_and_frozen():
    tree = {"a": {"w": np.ones((2, 3), np.float16)}, "b": np.ones(4)}
    assert data_structures.tree_size(tree) == hk.data_structures.tree_size(tree) == 10
    assert data_structures.tree_bytes(tree) == hk.data_structures.tree_bytes(tree) == 44
    frozen = data_structures.to_immutable_dict(TREE)
    assert isinstance(frozen, flax.core.FrozenDict)
    assert data_structures.to_mutable_dict(frozen) == TREE
    assert data_structures.to_haiku_dict(frozen) == TREE
    with pytest.raises(ValueError, match="b/w is there twice"):
        data_structures.merge(
            {"b": {"w": np.ones(2)}}, {"b": {"w": np.ones(3)}}, check_duplicates=True
        )
    with pytest.raises(ValueError, match="range of 2"):
        data_structures.partition_n(lambda *leaf: 2, TREE, 2)


def test_transform_and_run():
    @transform_and_run(jax_transform=jax.jit)
    def program():
        return Linear(name="l")(X).shape[0] + 0 * jax.random.normal(next_rng_key())

    assert program() == 2
    calls = []
    assert transform_and_run(lambda x: calls.append(x), run_apply=False)(1) is None
    assert calls == [1]
    assert transform_and_run(lambda: running_init(), seed=None)() is False
    double = transform_and_run(
        lambda: next_rng_key(),
        map_rng=lambda key: jnp.broadcast_to(key, (1, *key.shape)),
        jax_transform=jax.pmap,
    )
    assert double().shape == (1, 2)
    assert random_like({"a": X})["a"].shape == X.shape
