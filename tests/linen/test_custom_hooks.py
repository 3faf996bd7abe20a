import contextlib
import threading

import flax
import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import pytest
from framework_programs import KEY, X
from hook_programs import FLAX, HAIKU, close, compare

from hk2flax.linen.rng import with_rng
from hk2flax.linen.transform import transform

HALF = jnp.bfloat16


def half_getter(following, value, context):
    return following(value.astype(HALF))


def float_creator(following, shape, dtype, init, context):
    return following(shape, jnp.float32 if context.original_dtype == HALF else dtype, init)


def original_getter(following, value, context):
    if context.original_dtype == HALF:
        assert value.dtype == jnp.float32
        value = value.astype(HALF)
    return following(value)


def float_setter(following, value, context):
    is_half = jax.tree.leaves(context.original_dtype)[0] == HALF
    return following(jax.tree.map(lambda v: v.astype(jnp.float32), value) if is_half else value)


def net(lib, x):
    x = lib.BatchNorm(True, True, 0.9, name="bn")(lib.Linear(4, name="l")(x), True)
    return lib.Linear(2, name="out")(x)


def test_creator_and_getter_of_parameters():
    def program(lib, x):
        with lib.custom_creator(float_creator), lib.custom_getter(original_getter):
            x = net(lib, x.astype(HALF))
        return lib.Linear(3, name="after")(x.astype(jnp.float32))

    params, _ = compare(program, X)
    assert {dtype for dtype, _ in params.values()} == {"float32"}


@pytest.mark.parametrize("jit", [False, True])
def test_float_variables_below_half_activations(jit):
    def program(lib, x):
        creator = lib.custom_creator(float_creator, state=True)
        with creator, lib.custom_getter(original_getter, state=True):  # noqa: SIM117
            with lib.custom_setter(float_setter):
                return net(lib, x.astype(HALF))

    _, state = compare(program, X, jit=jit)
    assert {dtype for dtype, _ in state.values()} == {"float32", "int32"}


@pytest.mark.parametrize("kinds", [{}, {"params": False, "state": True}, {"state": True}])
def test_kinds_of_variables(kinds):
    def program(lib, x):
        def creator(following, shape, dtype, init, context):
            return following(shape, dtype, lib.ones)

        def getter(following, value, context):
            return following(value + 1)

        with lib.custom_creator(creator, **kinds), lib.custom_getter(getter, **kinds):
            x = lib.SpectralNorm(name="sn")(lib.Linear(4, name="l")(x))
            count = lib.get_state("count", (), jnp.float32, lib.zeros)
            lib.set_state("count", count * 2)
            return x + count

    compare(program, X)


def test_order_and_what_hooks_are_told():
    def program(lib, x, log):
        def creator(tag):
            def create(following, shape, dtype, init, context):
                log.append((tag, context.name, str(jnp.dtype(dtype)), tuple(shape)))
                return following(shape, dtype, init) * 2 + 1

            return create

        def getter(tag):
            def get(following, value, context):
                what = context.name, context.original_dtype, context.original_shape
                shape = what[2] if what[2] is None else tuple(what[2])
                log.append((tag, what[0], str(jnp.dtype(what[1])), shape))
                return following(value * 2) + 1

            return get

        def setter(tag):
            def put(following, value, context):
                log.append((tag, context.name, context.original_shape))
                return following(value * 2) + 1

            return put

        both = {"params": True, "state": True}
        with lib.custom_creator(creator("c1"), **both), lib.custom_getter(getter("g1"), **both):
            with lib.custom_setter(setter("s1")):
                x = lib.Linear(3, name="a")(x)
                getter_2 = lib.custom_getter(getter("g2"), **both)
                with getter_2, lib.custom_setter(setter("s2")):  # noqa: SIM117
                    with lib.custom_creator(creator("c2"), **both):
                        x = lib.BatchNorm(True, True, 0.9, name="bn")(x, True)
                        x = x + lib.get_state("s", [3], jnp.float32, lib.ones)
                        lib.set_state("s", x[0])
                        x = x * lib.get_state("s")
            w = lib.get_parameter("w", [3], init=lib.ones)
            return x @ lib.Linear(3, name="b")(x).T + w[0] + lib.get_parameter("w", [3])

    logs = []

    def logged(lib, x):
        logs.append([])
        return program(lib, x, logs[-1])

    def square(lib, x):
        return logged(lib, x[:, :3])

    compare(square, jnp.ones((3, 3)) * X[0])
    # init, init, then pairs of applies: Haiku's and ours alternate.
    assert len(logs) == 8
    for step, (old, new) in enumerate(zip(logs[::2], logs[1::2], strict=True)):
        if step == 0:  # at init our layers do not set what init does not return
            old, new = ([entry for entry in log if entry[0][0] != "s"] for log in (old, new))
            assert new == old
            continue
        assert new == old
        assert {"g1", "g2", "s1", "s2"} <= {entry[0] for entry in old}


def test_creators_run_where_a_variable_is_missing_only():
    counts = []

    def program(lib, x):
        created = []

        def creator(following, shape, dtype, init, context):
            created.append(context.name)
            return following(shape, dtype, init)

        with lib.custom_creator(creator, state=True):
            layer = lib.Linear(3, name="l")
            x = layer(layer(x))
            lib.get_state("n", [], init=lib.zeros)
            lib.get_state("n")
        counts.append(sorted(created))
        return x

    compare(program, X, grads=False)
    assert counts == [["b", "n", "w"]] * 2 + [[]] * 4


def test_values_that_are_not_stored():
    pretrained = {"w": jnp.full((3, 4), 0.5), "b": jnp.arange(4.0), "n": jnp.float32(3.0)}

    def program(lib, x):
        def creator(following, shape, dtype, init, context):
            if context.name in pretrained:
                return lib.DO_NOT_STORE
            return following(shape, dtype, init)

        def getter(following, value, context):
            if context.name in pretrained:
                assert value is lib.DO_NOT_STORE
                value = pretrained[context.name]
            return following(value)

        def setter(following, value, context):
            return lib.DO_NOT_STORE if context.name == "n" else following(value)

        with lib.custom_creator(creator, state=True), lib.custom_getter(getter, state=True):
            layer = lib.Linear(4, name="torso")
            x = layer(x) + layer(x)
            x = x * lib.get_state("n", [], init=lib.ones)
            x = x + lib.get_parameter("w", [3, 4])[0] + lib.get_parameter("w", [3, 4])[1]
            with lib.custom_setter(setter):
                lib.set_state("n", 7.0)
                lib.set_state("m", jnp.float32(7.0))
        return lib.Linear(2, name="tail")(x)

    params, state = compare(program, X)
    assert sorted(params) == ["tail/b", "tail/w"]
    assert list(state) == ["m"]


def test_initialisers_that_do_not_store():
    def program(lib, x):
        def keep_out(*_):
            return lib.DO_NOT_STORE

        with lib.custom_getter(lambda following, value, context: following(jnp.ones((3,)))):
            return x * lib.get_parameter("w", [3], init=keep_out)

    assert compare(program, X, grads=False) == ({}, {})


@pytest.mark.parametrize("how", ["call", "scale", "replace", "reorder", "original"])
def test_what_creators_do_with_initialisers(how):
    def program(lib, x):
        def creator(following, shape, dtype, init, context):
            if how == "call":
                return init(shape, dtype) + 1
            if how == "scale":

                def scaled(*args):
                    return 3 * init(*args)

                return following(shape, dtype, scaled)
            if how == "replace":
                return following(shape, dtype, lib.initializers.RandomNormal(0.1))
            if how == "reorder":
                return following(shape[::-1], jnp.bfloat16, init).T
            return context.original_init(shape, dtype) - 1

        with lib.custom_creator(creator, state=True):
            x = lib.Linear(4, name="l")(x)
            normal = lib.initializers.RandomNormal()
            return x + lib.get_state("s", [4, 4], jnp.float32, normal)[0]

    compare(program, X)


def test_every_call_of_an_initialiser_draws_another_key():
    def program():
        def creator(following, shape, dtype, init, context):
            def layers(shape, dtype):
                def one(number):
                    with with_rng(jax.random.fold_in(KEY, number)):
                        return init(shape, dtype)

                return jax.vmap(one)(jnp.arange(2))

            if context.name == "layers":
                return layers(shape[1:], dtype)
            return jnp.stack([init(shape[1:], dtype), following(shape[1:], dtype, init)])

        normal = nn.initializers.normal()
        with FLAX.custom_creator(creator):
            FLAX.get_parameter("layers", [2, 3], init=normal)
            FLAX.get_parameter("calls", [2, 3], init=normal)

    for value in transform(program).init(KEY).values():
        assert not jnp.allclose(value[0], value[1])


def test_stored_shapes_of_creators_are_not_checked_against_the_initialiser():
    """A creator may store a parameter in another form, which a getter turns back."""

    def program(lib, x):
        def creator(following, shape, dtype, init, context):
            return following((int(jnp.prod(jnp.asarray(shape))),), dtype, init)

        def getter(following, value, context):
            return following(value).reshape(context.original_shape)

        with lib.custom_creator(creator), lib.custom_getter(getter):
            return lib.Linear(4, name="l")(x)

    params, _ = compare(program, X)
    assert params["l/w"][1].shape == (12,)


def test_trees_in_state():
    def program(lib, x):
        def setter(following, value, context):
            if len(value) == 3:
                return lib.DO_NOT_STORE
            assert set(context.original_shape) == set(context.original_dtype) == set(value)
            return following(jax.tree.map(lambda v: v + 1, value))

        with lib.custom_setter(setter):
            lib.set_state("s", {"a": x[0], "b": x[1]})
            lib.set_state("s", {"a": x[0]})
            lib.set_state("s", {"a": x[0], "b": x[1], "c": x[0]})
        return lib.get_state("s")["a"] * lib.Linear(3, name="l")(x)

    compare(program, X)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("how", ["remat", "scan", "stack", "vmap", "loop", "grad"])
def test_inside_of_transformations(how, jit):
    def program(lib, x):
        layer = lib.Linear(3, name="l")

        def block(x):
            x = lib.Linear(3, name="l")(x) if how == "stack" else layer(x)
            n = lib.get_state("n", [], jnp.bfloat16, lib.ones)
            lib.set_state("n", n * 2)
            return jnp.tanh(x + n.astype(x.dtype))

        def getter(following, value, context):
            return following(value * 2)

        hooks = (
            lambda: lib.custom_creator(float_creator, state=True),
            lambda: lib.custom_getter(original_getter, state=True),
            lambda: lib.custom_setter(float_setter),
            lambda: lib.custom_getter(getter),
        )
        with hooks[0](), hooks[1](), hooks[2]():
            if how == "remat":
                x = lib.remat(block)(x)
            elif how == "scan":
                x = lib.scan(lambda c, y: (block(c + y), y), x, jnp.stack([x, x]))[0]
            elif how == "stack":
                x = lib.layer_stack(2)(block)(x)
            elif how == "vmap":
                x = lib.vmap(block, split_rng=False)(x[:, None])[:, 0]
            elif how == "loop":
                x = lib.fori_loop(0, 3, lambda i, x: block(x), x)
            else:
                x = lib.value_and_grad(lambda x: jnp.sum(block(x)))(x)[1]

        def inner(x):
            with hooks[3]():
                return lib.Linear(3, name="inner")(x)

        return lib.remat(inner)(x)

    compare(program, X, jit=jit)


def test_layers_of_a_stack_that_do_not_store():
    def program(lib, x):
        def creator(following, shape, dtype, init, context):
            return lib.DO_NOT_STORE if context.name == "b" else following(shape, dtype, init)

        def getter(following, value, context):
            if value is lib.DO_NOT_STORE:
                value = jnp.ones(context.original_shape)
            return following(value)

        with lib.custom_creator(creator), lib.custom_getter(getter):
            return lib.layer_stack(3)(lambda x: jnp.tanh(lib.Linear(3, name="l")(x)))(x)

    params, _ = compare(program, X)
    assert [path.rpartition("/")[2] for path in params] == ["w"]


def test_where_a_module_is_made_does_not_matter():
    """Haiku's layers ask for their variables where they are called."""

    def program(lib, x):
        ids = jnp.array([0, 2])
        embed, other = lib.Embed(3, 3, name="e"), lib.Embed(3, 3, name="f")
        bn, late = lib.BatchNorm(True, True, 0.9, name="bn"), None
        outside = embed(ids)
        with lib.custom_getter(half_getter, state=True):
            inside = embed(ids), other(ids), embed.embeddings
            late = lib.Embed(3, 3, name="g")
            x = bn(x, True)
        return outside, inside, other(ids), late(ids), bn(x, True)

    compare(program, X)


def test_constructors_run_where_they_stand():
    """What a constructor creates is created, and read, under the hooks around the constructor."""

    def before(lib):
        class Table(hk.Module):
            def __init__(self, name=None):
                super().__init__(name)
                self.w = hk.get_parameter("w", [3], init=jnp.ones)
                self.inner = hk.Linear(3, name="inner")

            def __call__(self, x):
                return self.inner(x) * self.w

        class Outer(hk.Module):
            def __init__(self, name=None):
                super().__init__(name)
                self.table = Table(name="table")

            def __call__(self, x):
                return self.table(x)

        return Table, Outer

    def after(lib):
        class Table(nn.Module):
            def setup(self):
                self.w = self.param("w", nn.initializers.ones, (3,), jnp.float32)
                self.inner = lib.Linear(3)

            def __call__(self, x):
                return self.inner(x) * self.w

        class Outer(nn.Module):
            def setup(self):
                self.table = Table()

            def __call__(self, x):
                return self.table(x)

        return Table, Outer

    def program(lib, x):
        table, outer = before(lib) if lib is HAIKU else after(lib)
        early, nested = table(name="early"), outer(name="nested")
        with lib.custom_getter(lambda following, value, context: following(value * 3)):
            out = early(x), nested(x)
            late, late_nested = table(name="late"), outer(name="late_nested")
        return *out, late(x), late_nested(x), early(x)

    compare(program, X)


def test_hooks_are_in_force_at_once_and_until_they_are_left():
    def program(lib, x):
        context = lib.custom_getter(lambda following, value, context: following(value + 1))
        a = lib.get_parameter("w", [], init=lib.ones)
        context.close()
        setter = lib.custom_setter(lambda following, value, context: following(value + 1))
        lib.set_state("s", jnp.float32(1))
        with setter:
            lib.set_state("t", jnp.float32(1))
        return a, lib.get_parameter("w", [], init=lib.ones), lib.get_state("s"), lib.get_state("t")

    compare(program, X, grads=False)


def test_hooks_reach_inner_transforms():
    def program(lib, x):
        inner = (hk.transform if lib is HAIKU else transform)(lambda x: lib.Linear(3, name="l")(x))
        with lib.custom_getter(lambda following, value, context: following(value * 2)):
            params = inner.init(KEY, x)
            out = inner.apply(params, None, x)
        return out, inner.apply(params, None, x)

    compare(program, X, grads=False)


def test_other_threads_have_hooks_of_their_own():
    pair = transform(lambda x: FLAX.Linear(3, name="l")(x))
    params = pair.init(KEY, X)
    expected, found = pair.apply(params, None, X), []

    def program(x):
        with FLAX.custom_getter(lambda following, value, context: following(value * 0)):
            thread = threading.Thread(target=lambda: found.append(pair.apply(params, None, X)))
            thread.start()
            thread.join()
            return FLAX.Linear(3, name="l")(x)

    assert not transform(program).apply(params, None, X).any()
    close(found, [expected])


def test_errors():
    def refused(program, error=ValueError, **kinds):
        with pytest.raises(ValueError):
            hk.transform(lambda: program(HAIKU)).init(KEY)
        with pytest.raises(error) as found:
            transform(lambda: program(FLAX)).init(KEY)
        return str(found.value)

    def ask(lib, **hooks):
        with contextlib.ExitStack() as stack:
            for kind, hook in hooks.items():
                stack.enter_context(getattr(lib, f"custom_{kind}")(hook))
            return lib.get_parameter("w", [3], init=lib.ones)

    def bigger(following, value, context):
        return following(jnp.ones(4))

    def nothing(*args):
        return None

    assert "shape (4,), not (3,)" in refused(lambda lib: ask(lib, getter=bigger))
    assert "cannot be None" in refused(lambda lib: ask(lib, getter=nothing))
    assert "cannot be None" in refused(lambda lib: ask(lib, creator=nothing))
    assert "getter" in refused(lambda lib: ask(lib, creator=lambda *_: lib.DO_NOT_STORE))
    for lib in (HAIKU, FLAX):
        for kind in ("creator", "getter", "setter"):
            with pytest.raises(ValueError, match="custom"), getattr(lib, f"custom_{kind}")(nothing):
                pass
    with pytest.raises(flax.errors.ScopeCollectionNotFound):
        transform(lambda: ask(FLAX, creator=lambda f, *a: f(*a[:3]))).apply({}, None)


def test_other_replacements_of_the_same_methods():
    """Hooks run once whether others replace linen's methods before, after, or only for a while."""

    def program(x):
        with FLAX.custom_getter(lambda following, value, context: following(value + 1)):
            return FLAX.get_parameter("w", [], init=FLAX.ones)

    def replaced(run):
        param = flax.core.Scope.param

        def other(self, name, init, *args, **kwargs):
            return param(self, name, lambda *a: init(*a), *args, **kwargs)

        flax.core.Scope.param = other
        try:
            return run()
        finally:
            flax.core.Scope.param = param

    pair = transform(program)
    params = pair.init(KEY, X)

    def run():
        return pair.apply(params, None, X)

    for _ in range(2):
        assert run() == replaced(run) == replaced(lambda: replaced(run)) == 2
    assert replaced(lambda: pair.init(KEY, X)) == params
