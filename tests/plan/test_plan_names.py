"""Which `name=` arguments stay: those that linen cannot find taken."""

import ast

import pytest

from tests.sources import plan


def kept(body: str) -> list[bool]:
    """For each `name=` keyword in source order: does it stay?"""
    program = plan("import haiku as hk\n" + body)
    file = program.project.files["m.py"]
    found = [
        (call, k.value)
        for call in ast.walk(file.tree)
        if isinstance(call, ast.Call)
        for k in call.keywords
        if k.arg == "name" and "super" not in ast.unparse(call.func)
    ]
    found.sort(key=lambda pair: (pair[1].lineno, pair[1].col_offset))
    return [program.names.keeps(file, call, value) for call, value in found]


def in_call(expression: str) -> list[bool]:
    return kept(
        f"class A(hk.Module):\n    def __call__(self, x, y=1):\n        return {expression}\n"
    )


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("hk.Linear(3, name='a')(x)", [True]),
        ("hk.Linear(3, name='a')(hk.Linear(3, name='b')(x))", [True, True]),
        ("hk.Linear(3, name='a')(hk.Linear(3, name='a')(x))", [False, False]),
        ("[hk.Linear(3, name='a')(z) for z in x]", [False]),
        ("[hk.Linear(3, name=f'a{i}')(x) for i in range(3)]", [True]),
        ("[hk.Linear(3, name=f'a{y}')(x) for i in range(3)]", [False]),
        ("hk.Linear(3, name='params')(x)", [False]),
        ("hk.Linear(3, name='scope')(x)", [False]),
        ("hk.Linear(3, name='__call__')(x)", [False]),
        ("hk.Linear(3, name='a/b')(x)", [False]),
        ("hk.Linear(3, name=self.name + '_x')(x)", [False]),
        ("hk.Linear(3, name=y)(x)", [False]),
    ],
)
def test_inline(expression, expected):
    assert in_call(expression) == expected


def test_names_of_fields_and_attributes_are_taken():
    assert kept(
        """
class A(hk.Module):
    def __init__(self, size):
        super().__init__()
        self.size = size
        self.inner = hk.Linear(3)
    def __call__(self, x):
        a = hk.Linear(3, name="size")(x)
        b = hk.Linear(3, name="inner")(a)
        return hk.Linear(3, name="free")(b)
"""
    ) == [False, False, True]


def test_a_parameter_of_the_same_name():
    assert kept(
        """
class A(hk.Module):
    def __call__(self, x):
        w = hk.get_parameter("w", [])
        return hk.Linear(3, name="w")(x) * w
"""
    ) == [False]


def test_two_classes_have_two_scopes():
    assert kept(
        """
class A(hk.Module):
    def __call__(self, x):
        return hk.Linear(3, name="a")(x)
class B(hk.Module):
    def __call__(self, x):
        return hk.Linear(3, name="a")(x)
"""
    ) == [True, True]


def test_functions_that_run_twice():
    body = """
def dense(x):
    return hk.Linear(3, name="a")(x)
def once(x):
    return dense(x)
"""
    assert kept(body) == [True]
    other = "def other(x):\n    return dense(x)\n"
    assert kept(body + other) == [True]  # two transforms
    assert kept(body + other + "def both(x):\n    return once(other(x))\n") == [False]
    assert kept(body.replace("return dense(x)", "return dense(dense(x))")) == [False]
    assert kept(body.replace("return dense(x)", "return [dense(z) for z in x]")) == [False]
    assert kept(body.replace("return dense(x)", "return dense(x) + once(x)")) == [False]
    assert kept(body.replace("return dense(x)", "return jax.vmap(dense)(x) + dense(x)")) == [False]


def test_functions_that_run_in_one_scope():
    body = """
def encoder(x):
    return hk.Linear(3, name="a")(hk.Linear(3, name="b")(x))
def decoder(x):
    return [hk.Linear(3, name=f"a_{i}")(x) for i in range(2)], hk.Linear(3, name="{}")(x)
class Net(hk.Module):
    def __init__(self, width):
        super().__init__()
        self.width = width
    def __call__(self, x):
        return decoder(encoder(x)), hk.Linear(3, name="out")(x)
"""
    assert kept(body.replace("{}", "c")) == [True, True, True, True, True]
    assert kept(body.replace("{}", "b")) == [True, False, True, False, True]
    assert kept(body.replace("{}", "out")) == [True, True, True, False, False]
    assert kept(body.replace("{}", "a_7")) == [True, True, False, False, True]
    assert kept(body.replace("{}", "width")) == [True, True, True, False, True]
    apart = body.replace("{}", "b").replace("decoder(encoder(x))", "encoder(x)")
    assert kept(apart) == [True, True, True, True, True]


def test_two_loops_with_names_of_one_pattern():
    assert kept(
        """
class Net(hk.Module):
    def __call__(self, x):
        for i in range(2):
            x = hk.Linear(3, name=f"a_{i}")(x)
        for j in range(2):
            x = hk.Linear(3, name="a_%d" % j)(x)
        for k in range(2):
            x = hk.Linear(3, name="b_" + str(k))(x)
            x = hk.Linear(3, name="c_{}".format(k))(x)
        return x
"""
    ) == [False, False, True, True]


def test_names_that_callers_give():
    body = """
def dense(x, size=3, name=None):
    return hk.Linear(size, name=name)(x)
class Net(hk.Module):
    def __call__(self, x):
        x = dense(dense(x), 4, "{}")
        for i in range(2):
            x = dense(x, name=f"b_{i}")
        return hk.Linear(3, name="c")(x)
"""

    def construction(text: str) -> list[bool]:
        found = kept(text)
        return [found[0], found[-1]]

    assert construction(body.replace("{}", "a")) == [True, True]
    assert construction(body.replace("{}", "c")) == [False, False]
    assert construction(body.replace('"{}"', "x.name")) == [False, True]
    assert construction(body.replace("{}", "a").replace("b_{i}", "b")) == [False, True]
    again = body.replace("{}", "a").replace(
        "Linear(size, name=name)(x)", "Linear(size, name=name)(hk.Linear(size, name=name)(x))"
    )
    assert construction(again) == [False, True]
    default = body.replace("{}", "a").replace("name=None", 'name="d"')
    assert construction(default) == [True, True]
    assert construction(default.replace("dense(dense(x)", "dense(dense(dense(x))")) == [False, True]


def test_functions_that_are_told_the_name():
    body = """
def dense(x, tag):
    return hk.Linear(3, name=f"l_{tag}")(x)
def f(x):
    return dense(dense(x, "a"), "{}")
"""
    assert kept(body.replace("{}", "b")) == [True]
    assert kept(body.replace('"{}"', '"a"')) == [False]
