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
    assert kept(body + "def twice(x):\n    return dense(x)\n") == [False]


def test_functions_that_are_told_the_name():
    body = """
def dense(x, tag):
    return hk.Linear(3, name=f"l_{tag}")(x)
def f(x):
    return dense(dense(x, "a"), "{}")
"""
    assert kept(body.replace("{}", "b")) == [True]
    assert kept(body.replace('"{}"', '"a"')) == [False]
