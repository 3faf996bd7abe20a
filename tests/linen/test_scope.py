import flax
import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import pytest
from framework_programs import KEY, Linear, X, assert_same, shapes

from hk2flax.linen.scope import current_module, method_scope, name_like, name_scope, running_module
from hk2flax.linen.variables import get_parameter

ones = nn.initializers.ones


class HkNet(hk.Module):
    """Helper methods that are recursive, call one another and ask for parameters."""

    def gate(self, x, n=0):
        y = hk.Linear(3, name="l")(x) * hk.get_parameter("s", [3], init=jnp.ones)
        return self.gate(jnp.tanh(y), n - 1) if n else y

    def other(self, x):
        return self.gate(hk.Linear(3, name="l")(x))

    @property
    def head(self):
        return hk.Linear(3, name="head")

    def __call__(self, x):
        return self.head(self.other(self.gate(x, 2))) + self.head(x)


class Net(nn.Module):
    @method_scope
    def gate(self, x, n=0):
        y = Linear(name="l")(x) * get_parameter("s", [3], init=ones)
        return self.gate(jnp.tanh(y), n - 1) if n else y

    @method_scope
    def other(self, x):
        return self.gate(Linear(name="l")(x))

    @property
    @method_scope
    def head(self):
        return Linear(name="head")

    @nn.compact
    def __call__(self, x):
        return self.head(self.other(self.gate(x, 2))) + self.head(x)


class Wrapped(nn.Module):
    """`Net` below linen's own transformations."""

    kind: str

    @nn.compact
    def __call__(self, x):
        net = Net(name="net")
        if self.kind == "remat":
            return nn.remat(lambda m, x: m(x))(net, x)
        keys = {"split_rngs": {"params": False}}
        if self.kind == "scan":
            step = nn.scan(
                lambda m, c, _: (m(c), None), variable_broadcast="params", length=2, **keys
            )
            return step(net, x, None)[0]
        if self.kind == "vmap":
            return nn.vmap(lambda m, x: m(x), variable_axes={"params": None}, **keys)(net, x)
        return net(x)


def tree(module):
    params = module.init(KEY, X)["params"]
    return {k: jnp.shape(v) for k, v in flax.traverse_util.flatten_dict(params, sep="/").items()}


@pytest.mark.parametrize("kind", ["plain", "remat", "scan", "vmap"])
def test_methods_share_the_submodules_they_create(kind):
    params = hk.transform(lambda x: HkNet(name="net")(x)).init(KEY, X)
    haiku = {f"{m}/{n}": v.shape for m, names in params.items() for n, v in names.items()}
    assert tree(Wrapped(kind)) == haiku


def test_methods_compute_the_same_as_haiku():
    class HkProgram(hk.Module):
        def gate(self, x, n=0):
            y = hk.Linear(3, name="l")(x) * hk.get_parameter("s", [3], init=jnp.ones)
            return self.gate(jnp.tanh(y), n - 1) if n else y

        def __call__(self, x):
            return self.gate(self.gate(x, 2))

    class Program(nn.Module):
        @method_scope
        def gate(self, x, n=0):
            y = Linear(name="l")(x) * self.param("s", ones, (3,))
            return self.gate(jnp.tanh(y), n - 1) if n else y

        @nn.compact
        def __call__(self, x):
            return self.gate(self.gate(x))

    # `self.param` shares between calls, not within one: recursion needs `get_parameter`.
    net = Program()
    assert shapes(net.init(KEY, X)["params"]) == {"l/w": (3, 3), "l/b": (3,), "s": (3,)}

    class Recursive(Program):
        @method_scope
        def gate(self, x, n=0):
            y = Linear(name="l")(x) * get_parameter("s", (3,), init=ones)
            return self.gate(jnp.tanh(y), n - 1) if n else y

        @nn.compact
        def __call__(self, x):
            return self.gate(self.gate(x, 2))

    assert_same(lambda x: HkProgram(name="net")(x), lambda x: Recursive(name="net")(x), X)


def test_a_class_shares_what_its_base_creates_by_the_same_name():
    class HkBase(hk.Module):
        def __call__(self, x):
            return hk.Linear(3, name="l")(x)

    class HkSub(HkBase):
        def __call__(self, x):
            return hk.Linear(3, name="l")(super().__call__(x))

    class Base(nn.Module):
        @method_scope
        def __call__(self, x):
            return Linear(name="l")(x)

    class Sub(Base):
        @method_scope
        def __call__(self, x):
            return Linear(name="l")(super().__call__(x))

    assert_same(lambda x: HkSub(name="sub")(x), lambda x: Sub(name="sub")(x), X)


def test_scoped_methods_work_beside_setup():
    class Program(nn.Module):
        def setup(self):
            self.first = Linear()

        @method_scope
        def gate(self, x):
            return Linear()(self.first(x))

        def __call__(self, x):
            return self.gate(self.gate(x))

    assert tree(Program()).keys() == {
        "first/w",
        "first/b",
        "~gate/Linear_0/w",
        "~gate/Linear_0/b",
    }


def test_name_like_shares_between_methods():
    class Program(nn.Module):
        @name_like("__call__")
        def encode(self, x):
            return Linear(name="l")(x)

        @method_scope
        def __call__(self, x):
            return self.encode(Linear(name="l")(x))

    assert tree(Program()) == {"l/w": (3, 3), "l/b": (3,)}


def test_name_scope_adds_a_level():
    def before(x):
        with hk.name_scope("foo"):
            x = hk.Linear(3, name="l")(x) * hk.get_parameter("s", [], init=jnp.ones)
        with hk.name_scope("foo"), hk.name_scope("p/q"):
            x = hk.Linear(3, name="l")(x)
        return hk.Linear(3, name="l")(x)

    def after(x):
        with name_scope("foo"):
            x = Linear(name="l")(x) * get_parameter("s", [], init=ones)
        with name_scope("foo"), name_scope("p/q"):
            x = Linear(name="l")(x)
        return Linear(name="l")(x)

    assert_same(before, after, X)


def test_names_restart_in_a_name_scope_and_go_on_after_it():
    class Program(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = Linear()(x)
            with name_scope("foo", method_name="m"):
                x = Linear()(x)
            return Linear()(x)

    paths = {path.rpartition("/")[0] for path in tree(Program())}
    assert paths == {"Linear_0", "foo/~m/Linear_0", "Linear_1"}


def test_name_scopes_need_a_compact_method():
    class Program(nn.Module):
        def __call__(self):
            with name_scope("foo"):
                pass

    with pytest.raises(flax.errors.AssignSubModuleError):
        Program().init(KEY)


def test_current_module_is_known_in_functions_setup_and_plain_methods():
    seen = []

    class Program(nn.Module):
        def setup(self):
            seen.append(current_module() is self)

        def plain(self):
            seen.append(current_module() is self)

        @nn.compact
        def __call__(self, x):
            seen.extend([current_module() is self, current_module() is self])
            self.plain()
            return Linear()(x)

    assert tree(Program()).keys() == {"Linear_0/w", "Linear_0/b"}
    Program().plain()
    assert seen and all(seen)


def test_outside_of_modules_there_is_no_current_module():
    assert current_module() is None
    with pytest.raises(ValueError, match="`hk_thing` must be used inside"):
        running_module("hk_thing")
    with pytest.raises(ValueError, match="get_parameter"):
        get_parameter("w", [], init=ones)
    with pytest.raises(flax.errors.CallCompactUnboundModuleError):
        Net().gate(X)


def test_random_draws_differ_between_calls_of_a_scoped_method():
    class Program(nn.Module):
        @method_scope
        def noise(self):
            return jax.random.normal(current_module().make_rng("dropout"))

        def __call__(self):
            return self.noise(), self.noise()

    a, b = Program().apply({}, rngs={"dropout": KEY})
    assert a != b
