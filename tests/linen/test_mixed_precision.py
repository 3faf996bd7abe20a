import threading

import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import jmp
import pytest
from framework_programs import KEY, X
from haiku._src import mixed_precision as haiku_policies
from haiku_reference import carried
from hook_programs import FLAX, HAIKU, close, compare

from hk2flax.linen.mixed_precision import POLICIES
from hk2flax.linen.scope import method_scope
from hk2flax.linen.transform import transform, transform_with_state

MIXED = jmp.get_policy("params=float32,compute=bfloat16,output=float32")
HALF = jmp.get_policy("params=bfloat16,compute=float16,output=bfloat16")
FULL = jmp.get_policy("params=float32,compute=float32,output=bfloat16")


@pytest.fixture(autouse=True)
def no_policies():
    yield
    POLICIES.__init__()
    haiku_policies.reset_thread_local_state_for_test()


def dtypes(lib, x):
    """The dtypes of some values, as a result that can be compared."""
    return jnp.asarray([jnp.dtype(v.dtype).itemsize + 10 * (v.dtype == jnp.bfloat16) for v in x])


def set_in_both(policies):
    """Policies for classes of either library."""
    for lib in (HAIKU, FLAX):
        for cls, policy in policies(lib):
            lib.mixed_precision.set_policy(cls, policy)


def make_net(lib):
    def call(self, x, is_training=True):
        policy = lib.mixed_precision.current_policy()
        y = lib.Linear(4, name="l")(x)
        z = lib.BatchNorm(True, True, 0.9, name="bn")(y, is_training)
        w = lib.get_parameter("w", [4], init=lib.ones)
        n = lib.get_state("n", [], jnp.float32, lib.ones)
        lib.set_state("n", n + 1)
        return z * w * n, dtypes(lib, (x, y, z, w, n)), jnp.float32(policy is not None)

    return lib.module("Net", call)


NETS = {id(lib): make_net(lib) for lib in (HAIKU, FLAX)}


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("policy", [MIXED, HALF, FULL])
def test_policy_of_a_class(policy, jit):
    set_in_both(lambda lib: [(NETS[id(lib)], policy)])

    def program(lib, x):
        return NETS[id(lib)](name="net")(x), lib.Linear(2, name="outside")(x)

    params, _ = compare(program, X, jit=jit)
    assert params["net/l/w"][0] == params["net/w"][0] == str(jnp.dtype(policy.param_dtype))
    assert params["outside/w"][0] == "float32"


def test_policies_of_inner_classes_come_first():
    set_in_both(lambda lib: [(NETS[id(lib)], MIXED), (lib.BatchNorm, FULL), (lib.Linear, HALF)])

    def program(lib, x):
        def call(self, x):
            return NETS[id(lib)](name="net")(x), lib.Linear(2, name="l")(x)

        return lib.module("Outer", call)(name="outer")(x)

    params, _ = compare(program, X)
    kinds = {path: dtype for path, (dtype, _) in params.items()}
    assert kinds["outer/net/l/w"] == "bfloat16"
    assert kinds["outer/net/bn/scale"] == kinds["outer/net/w"] == "float32"


def test_a_policy_for_a_network_of_the_library():
    full = jmp.get_policy("params=float32,compute=float32,output=float16")
    half = jmp.get_policy("params=float32,compute=float16,output=float32")
    set_in_both(lambda lib: [(lib.nets.ResNet, half), (lib.BatchNorm, full)])

    def haiku(x):
        options = {"bottleneck": False, "channels_per_group": (2, 2, 2, 2)}
        return hk.nets.ResNet([1, 1, 1, 1], 3, **options)(x, is_training=True)

    x = jax.random.normal(KEY, (1, 16, 16, 3))
    old = hk.transform_with_state(haiku)
    params, state = old.init(KEY, x)
    expected, new_state = old.apply(params, state, None, x)
    net = FLAX.nets.ResNet([1, 1, 1, 1], 3, bottleneck=False, channels_per_group=(2, 2, 2, 2))
    shapes = jax.eval_shape(lambda: net.init(KEY, x, is_training=True))
    variables = carried(params, state)
    assert jax.tree.map(lambda a, b: a.dtype == b.dtype, shapes, variables)
    actual, updated = net.apply(variables, x, is_training=True, mutable=["batch_stats"])
    close(actual, expected)
    close(updated["batch_stats"], carried({}, new_state)["batch_stats"])


def make_methods(lib):
    def call(self, x):
        return self.encode(x), self.plain(x), dtypes(lib, (self.table, x, self.plain(x)))

    def encode(self, x):
        return lib.get_parameter("e", [3], init=lib.ones) * x

    @lib.transparent
    def plain(self, x):
        return lib.get_parameter("p", [3], init=lib.ones) * x

    def table(self):
        return lib.get_parameter("t", [3], init=lib.ones)

    framed = table if lib is HAIKU else method_scope(table)
    return {"call": call, "encode": encode, "plain": plain, "table": property(framed)}


def test_every_method_and_property_obeys():
    classes = {}
    for lib in (HAIKU, FLAX):
        classes[id(lib)] = lib.module("Methods", **make_methods(lib))
        lib.mixed_precision.set_policy(classes[id(lib)], MIXED)

    def program(lib, x):
        net = classes[id(lib)](name="net")
        x = x.astype(jnp.float16)
        return net(x), net.encode(x), net.table

    compare(program, X)


def test_subclasses_and_super_calls():
    def haiku_classes():
        class Base(hk.Module):
            def __call__(self, x):
                return HAIKU.Linear(3, name="l")(x)

        class Derived(Base):
            def __call__(self, x):
                return super().__call__(x) + jnp.float32(1e-3)

        class Other(Base):
            pass

        return Base, Derived, Other

    def linen_classes():
        class Base(nn.Module):
            @nn.compact
            def __call__(self, x):
                return FLAX.Linear(3, name="l")(x)

        class Derived(Base):
            @nn.compact
            def __call__(self, x):
                return super().__call__(x) + jnp.float32(1e-3)

        class Other(Base):
            pass

        return Base, Derived, Other

    classes = {id(HAIKU): haiku_classes(), id(FLAX): linen_classes()}
    set_in_both(lambda lib: [(classes[id(lib)][1], MIXED)])

    def program(lib, x):
        base, derived, other = classes[id(lib)]
        return base(name="a")(x), derived(name="b")(x), other(name="c")(x)

    compare(program, X)


def test_constructors_obey():
    def haiku_class():
        class Net(hk.Module):
            def __init__(self, scale, name=None):
                super().__init__(name)
                self.scale = scale
                self.w = hk.get_parameter("w", [3], init=jnp.ones)
                self.inner = hk.Linear(3, name="inner")
                self.table = hk.Embed(3, 3, name="table")

            def __call__(self, x):
                out = self.inner(x) * self.scale + self.table(jnp.array([0, 1]))
                return out, dtypes(HAIKU, (self.scale, self.w, self.table.embeddings))

        return Net

    def linen_class():
        class Net(nn.Module):
            scale: jax.Array

            def setup(self):
                self.w = self.param("w", nn.initializers.ones, (3,), jnp.float32)
                self.inner = FLAX.Linear(3)
                self.table = FLAX.Embed(3, 3)

            def __call__(self, x):
                out = self.inner(x) * self.scale + self.table(jnp.array([0, 1]))
                return out, dtypes(FLAX, (self.scale, self.w, self.table.embeddings))

        return Net

    classes = {id(HAIKU): haiku_class(), id(FLAX): linen_class()}
    set_in_both(lambda lib: [(classes[id(lib)], HALF)])

    def program(lib, x):
        net = classes[id(lib)](jnp.ones(3), name="net")
        lib.Linear(3, name="between")(x)
        return net(x), net.inner(x), net.table.embeddings

    compare(program, X)


@pytest.mark.parametrize("how", ["remat", "stack", "scan"])
def test_inside_of_transformations(how):
    def program(lib, x):
        def call(self, x):
            return jnp.tanh(lib.Linear(3, name="l")(x))

        cls = lib.module("Block", call)
        lib.mixed_precision.set_policy(cls, MIXED)
        if how == "remat":
            return lib.remat(cls(name="b"))(x)
        if how == "stack":
            return lib.layer_stack(2)(lambda x: cls(name="b")(x))(x)
        block = cls(name="b")
        return lib.scan(lambda c, y: (block(c), y), x, jnp.stack([x, x]))[0]

    compare(program, X)


def test_pushed_policies():
    def program(lib, x):
        net = NETS[id(lib)]
        get = lib.mixed_precision.get_policy
        found = [get(net) is None]
        with lib.mixed_precision.push_policy(net, MIXED):
            found.append(get(net) is MIXED)
            with lib.mixed_precision.push_policy(net, HALF):
                found.append(get(net) is HALF)
                inner = net(name="a")(x)
            found.append(get(net) is MIXED)
            outer = net(name="a1")(x)
        found += [get(net) is None, lib.mixed_precision.current_policy() is None]
        return inner, outer, net(name="a2")(x), jnp.asarray(found)

    compare(program, X)


def test_constructors_run_under_the_policy_around_them():
    def haiku_class():
        class Net(hk.Module):
            def __init__(self, name=None):
                super().__init__(name)
                self.w = hk.get_parameter("w", [3], init=jnp.ones)

            def __call__(self, x):
                return self.w * x * hk.get_parameter("v", [3], init=jnp.ones)

        return Net

    def linen_class():
        class Net(nn.Module):
            def setup(self):
                self.w = self.param("w", nn.initializers.ones, (3,), jnp.float32)

            def __call__(self, x):
                return self.w * x * FLAX.get_parameter("v", [3], init=FLAX.ones)

        return Net

    classes = {id(HAIKU): haiku_class(), id(FLAX): linen_class()}

    def program(lib, x):
        net = classes[id(lib)]
        early = net(name="early")
        with lib.mixed_precision.push_policy(net, HALF):
            late = net(name="late")
            first = early(x)
        return first, late(x)

    params, _ = compare(program, X)
    kinds = {path: dtype for path, (dtype, _) in params.items()}
    assert kinds["early/w"] == kinds["late/v"] == "float32"
    assert kinds["early/v"] == kinds["late/w"] == "bfloat16"


def test_pushing_inside_of_the_same_class():
    def program(lib, x):
        def call(self, x):
            with lib.mixed_precision.push_policy(type(self), MIXED):
                return x

        return lib.module("Net", call)()(x)

    for run in (
        lambda: hk.transform(lambda x: program(HAIKU, x)).init(KEY, X),
        lambda: transform(lambda x: program(FLAX, x)).init(KEY, X),
    ):
        with pytest.raises(ValueError, match="same class"):
            run()


def init_dtypes(pair):
    params, _ = pair.init(KEY, X)
    return {str(leaf.dtype) for leaf in jax.tree.leaves(params)}


def test_policies_may_come_and_go_after_the_transform():
    net = NETS[id(FLAX)]
    pairs = transform_with_state(net()), transform_with_state(net().__call__)
    for dtype in ("bfloat16", "float32"):
        if dtype == "bfloat16":
            FLAX.mixed_precision.set_policy(net, HALF)
        else:
            FLAX.mixed_precision.clear_policy(net)
            FLAX.mixed_precision.clear_policy(net)
        assert [init_dtypes(pair) for pair in pairs] == [{dtype}] * 2


def test_classes_are_told_by_name():
    first, second = (type(nn.Module)("Local", (nn.Module,), {}) for _ in range(2))
    FLAX.mixed_precision.set_policy(first, MIXED)
    assert FLAX.mixed_precision.get_policy(second) is MIXED
    second.__qualname__ = "test.<locals>.Local"
    assert FLAX.mixed_precision.get_policy(second) is None


def test_other_threads_have_policies_of_their_own():
    net, found = NETS[id(FLAX)], []
    FLAX.mixed_precision.set_policy(net, HALF)

    def look():
        found.append(FLAX.mixed_precision.get_policy(net))
        found.append(init_dtypes(transform_with_state(net())))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [None, {"float32"}]
    assert init_dtypes(transform_with_state(net())) == {"bfloat16"}
