"""Which transforms disappear into a module, and which keep Haiku's calling convention."""

import pytest

from hk2flax.plan.transform_plan import NativeTransform
from tests.sources import plan

NET = """
import haiku as hk, jax
class Net(hk.Module):
    def __init__(self, n=3): super().__init__(); self.n = n
    def __call__(self, x, train=True): return hk.Linear(self.n)(x)
"""
FORWARD = "def forward(x):\n    return Net()(x)\n"
USE = "params = model.init(rng, x)\ny = model.apply(params, rng, x)\n"


def native(text: str, **others: str) -> list[NativeTransform]:
    program = plan(NET + "rng = x = params = state = 1\n" + text, **others)
    return list({id(t): t for t in program.transforms.statements.values()}.values())


def test_a_module_that_is_built_and_called():
    (found,) = native(
        f"def forward(x, train=True):\n    return Net(4)(x, train)\nmodel = hk.transform(forward)\n{USE}"
    )
    assert found.construction is not None
    assert found.takes_rng
    assert not found.takes_state


@pytest.mark.parametrize(
    "forward",
    [
        "def forward(x, train=True):\n    net = Net()\n    return net(x, train)\nmodel = hk.transform(forward)\n",
        'def forward(x, train=True):\n    """Doc."""\n    return Net()(x, train)\nmodel = hk.transform(forward)\n',
        "model = hk.transform(lambda x, train=True: Net()(x, train))\n",
        "def forward(x, train=True):\n    return Net()(x, train=train)\nmodel = hk.transform(forward)\n",
    ],
)
def test_every_way_to_build_and_call(forward):
    (found,) = native(forward + USE)
    assert found.construction is not None


def test_without_apply_rng():
    (found,) = native(
        "model = hk.without_apply_rng(hk.transform(lambda x, train=True: Net()(x, train)))\n"
        "params = model.init(rng, x)\ny = model.apply(params, x)\n"
    )
    assert not found.takes_rng


def test_with_state():
    (found,) = native(
        "model = hk.transform_with_state(lambda x, train=True: Net()(x, train))\n"
        "params, state = model.init(rng, x)\ny, state = model.apply(params, state, rng, x)\n"
    )
    assert found.takes_state


def test_a_function_that_does_more_becomes_a_class():
    (found,) = native(
        f"def my_forward(x):\n    y = Net()(x)\n    return y * 2\nmodel = hk.transform(my_forward)\n{USE}"
    )
    assert found.construction is None
    assert found.class_name == "MyForward"


@pytest.mark.parametrize(
    "escape",
    [
        "def f(): return model\n",
        "other(model)\n",
        "init, apply = model\n",
        "f = model.apply\n",
        "jax.jit(model.apply)\n",
        "model = 3\n",
        "__all__ = ['model']\n",
        "model.apply(params, None)(x)\nmodel.other\n",
    ],
)
def test_transforms_that_escape_keep_their_convention(escape):
    assert (
        native(f"model = hk.transform(lambda x, train=True: Net()(x, train))\n{USE}{escape}") == []
    )


@pytest.mark.parametrize(
    "report",
    [
        "print(hk.experimental.tabulate(model)(x))\n",
        "table = hk.experimental.tabulate(model, columns=['module'])(x)\n",
        "for call in hk.experimental.eval_summary(model)(x): print(call)\n",
    ],
)
def test_reports_take_modules_too(report):
    (found,) = native(f"model = hk.transform(lambda x, train=True: Net()(x, train))\n{report}{USE}")
    assert found.construction is not None
    assert native(f"model = hk.transform(lambda x, train=True: Net()(x, train))\n{report}") == []


def test_a_transform_that_another_file_imports():
    others = {"use": "import haiku\nfrom m import model\nprint(model)\n"}
    assert (
        native(f"model = hk.transform(lambda x, train=True: Net()(x, train))\n{USE}", **others)
        == []
    )


@pytest.mark.parametrize(
    "call",
    [
        "model.init(None, x)",
        "model.init(*x)",
        "model.apply(params)",
        "model.apply(*x)",
        "model.apply(params=params, rng=rng, x=x)",
        "model.apply(params, rng, x, mutable=True)",
    ],
)
def test_calls_that_linen_cannot_take(call):
    assert native(f"model = hk.transform(lambda x, train=True: Net()(x, train))\n{call}\n") == []


def test_arguments_in_another_order_are_not_the_module_alone():
    found = native(
        f"def my_net(train, x):\n    return Net()(x, train)\nmodel = hk.transform(my_net)\n{USE}"
    )
    assert all(t.construction is None for t in found)


def test_a_construction_that_depends_on_the_arguments_is_not_the_module_alone():
    found = native(
        f"def my_net(x):\n    return Net(x.shape[-1])(x)\nmodel = hk.transform(my_net)\n{USE}"
    )
    assert all(t.construction is None for t in found)


def test_a_function_that_is_used_elsewhere_stays():
    found = native(f"{FORWARD}model = hk.transform(forward)\nforward(x)\n{USE}")
    assert found == []


def test_methods_of_a_multi_transform():
    (found,) = native(
        "class AE(hk.Module):\n"
        "    def encode(self, x): return hk.Linear(2)(x)\n"
        "    def decode(self, x): return hk.Linear(3)(x)\n"
        "    def __call__(self, x): return self.decode(self.encode(x))\n"
        "def factory():\n    m = AE()\n    return (lambda x: m(x)), (m.encode, m.decode)\n"
        "def main():\n    model = hk.multi_transform(factory)\n    encode, decode = model.apply\n"
        "    params = model.init(rng, x)\n    return decode(params, rng, encode(params, rng, x))\n"
    )
    assert found.unpacking is not None
