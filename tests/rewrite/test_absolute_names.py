"""`hk.force_name`: where a module is constructed it becomes arguments, elsewhere it is left."""

import pytest

from tests.sources import codes, rewrite

HEAD = """import haiku as hk


class Net(hk.Module):
    def __init__(self, size, name=None):
        super().__init__(name=name)
        self.size = size


class Bare(hk.Module):
    def __call__(self, x):
        return x


class Keyed(hk.Module):
    def __init__(self, *sizes, name=None):
        super().__init__(name=name)
        self.sizes = sizes


"""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Net(3, name=hk.force_name('a'))", "Net(3, **force_name('a'))"),
        ("Net(3, hk.force_name('a'))", "Net(3, **force_name('a'))"),
        ("Net(name=hk.force_name('a'), size=3)", "Net(**force_name('a'), size=3)"),
        ("Bare(name=hk.force_name('a'))", "Bare(**force_name('a'))"),
        ("Bare(hk.force_name('a'))", "Bare(**force_name('a'))"),
        ("Keyed(1, 2, name=hk.force_name('a'))", "Keyed(**force_name('a'), sizes=(1, 2))"),
        ("hk.Flatten(name=hk.force_name('a/b'))", "Flatten(**force_name('a/b'))"),
        ("hk.nets.MLP([3], name=hk.experimental.force_name(name='a'))",
         "MLP([3], **force_name('a'))"),
        ("hk.Embed(3, 4, name=hk.force_name(\n    'a'))", "Embed(3, 4, **force_name('a'))"),
        ("hk.GRU(3, hk.initializers.Constant(1), None, None, hk.force_name('a'))",
         "GRU(3, nn.initializers.constant(1), None, None, **force_name('a'))"),
        ("hk.Flatten(name=hk.force_name(net.module_name))",
         "Flatten(**force_name(\"/\".join(net.path)))"),
    ],
)  # fmt: skip
def test_names_of_modules(source, expected):
    text = f"{HEAD}x = {source}\n"
    assert rewrite(text).endswith(f"x = {expected}\n")
    assert codes(text) == []


@pytest.mark.parametrize(
    "source",
    [
        "x = hk.force_name('a')",
        "x = hk.force_name",
        "f(name=hk.force_name('a'))",
        "with hk.name_scope(hk.force_name('a')): pass",
        "hk.Linear(hk.force_name('a'))",
        "hk.Linear(3, name=hk.force_name())",
        "hk.Linear(3, name='x' + hk.force_name('a'))",
    ],
)
def test_elsewhere_it_is_left(source):
    text = f"{HEAD}{source}\n"
    assert "hk.force_name" in rewrite(text)
    assert codes(text) == ["HK101"]


@pytest.mark.parametrize(
    "name",
    [
        "'linear'",
        "'linear_2/b'",
        "'net'",
        "'net_1/~/linear'",
        "'batch_norm'",
        "'size'",
        "'taken'",
        "f'{x}'",
        "x",
        "'a' + x",
    ],
)
def test_names_that_other_modules_may_have_are_reported(name):
    text = f"{HEAD}x = hk.Linear(3, name='taken')\ny = hk.Linear(3, name=hk.force_name({name}))\n"
    assert codes(text) == ["HK201"]
    assert "**force_name(" in rewrite(text)


def test_a_name_that_only_forced_modules_have():
    use = "x = hk.Linear(3, name=hk.force_name('own/inner'))\n"
    assert codes(f"{HEAD}{use}{use}", other=f"import haiku as hk\n{use}") == []
    assert codes(f"{HEAD}{use}", other="name = 'own'\n") == []
    assert codes(f"{HEAD}{use}", other="import haiku as hk\nx = hk.Linear(3, name='own')") == [
        "HK201"
    ]
