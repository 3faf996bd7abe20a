"""Module classes as text: fields, setup, docstrings, comments, blank lines."""

import textwrap

import pytest

from tests.sources import rewrite


def linen(body: str) -> str:
    """The rewritten class definitions of a file, without its imports."""
    found = rewrite("import haiku as hk\nimport jax\n\n\n" + textwrap.dedent(body), "linen")
    return found[found.index("class ") :].rstrip("\n")


def same(body: str, expected: str) -> None:
    assert linen(body) == textwrap.dedent(expected).strip("\n")


def test_a_constructor_that_does_nothing_leaves_no_gap():
    same(
        """
        class A(hk.Module):
            '''Doc.'''

            def __init__(self, name=None):
                super().__init__(name=name)

            def __call__(self, x):
                return hk.Linear(3)(x)
        """,
        """
        class A(nn.Module):
            '''Doc.'''

            @nn.compact
            def __call__(self, x):
                return nn.Dense(3)(x)
        """,
    )


def test_a_class_of_nothing_but_a_constructor():
    same(
        "class A(hk.Module):\n    def __init__(self):\n        super().__init__()\n",
        "class A(nn.Module):\n    pass",
    )


def test_a_constructor_at_the_end():
    same(
        """
        class A(hk.Module):
            '''Doc.'''

            def __init__(self):
                super().__init__()


        class B(hk.Module):
            pass
        """,
        """
        class A(nn.Module):
            '''Doc.'''


        class B(nn.Module):
            pass
        """,
    )


def test_the_constructors_docstring_becomes_the_class_docstring():
    same(
        """
        class A(hk.Module):

            def __init__(self, n):
                '''Makes an A.

                Args:
                    n: how many.
                '''
                super().__init__()
                self.n = n
        """,
        """
        class A(nn.Module):

            '''Makes an A.

            Args:
                n: how many.
            '''

            n: Any
        """.replace("class A(nn.Module):\n\n", "class A(nn.Module):\n\n"),
    )


def test_two_docstrings_become_one():
    same(
        '''
        class A(hk.Module):
            """An A."""

            def __init__(self, n):
                """Makes an A.

                Args:
                    n: how many.
                """
                super().__init__()
                self.n = n
                self.m = n + 1
        ''',
        '''
        class A(nn.Module):
            """An A.

            Makes an A.

            Args:
                n: how many.
            """

            n: Any

            def setup(self):
                self.m = self.n + 1
        ''',
    )


def test_annotations_are_kept_and_found():
    same(
        """
        class A(hk.Module):
            def __init__(self, a, b: int, c=1, d=0.5, e="x", f=True, g=None, h=jax.nn.relu):
                super().__init__()
                self.a, self.b, self.c, self.d = a, b, c, d
                self.e, self.f, self.g, self.h = e, f, g, h
        """,
        """
        class A(nn.Module):
            a: Any
            b: int
            c: int = 1
            d: float = 0.5
            e: str = "x"
            f: bool = True
            g: Any = None
            h: Any = jax.nn.relu
        """,
    )


@pytest.mark.parametrize(
    ("default", "expected"),
    [
        ("[]", "dataclasses.field(default_factory=list)"),
        ("{}", "dataclasses.field(default_factory=dict)"),
        ("[1, 2]", "dataclasses.field(default_factory=lambda: [1, 2])"),
        ("set()", "dataclasses.field(default_factory=set)"),
        ("(1, 2)", "(1, 2)"),
        ("([1],)", "dataclasses.field(default_factory=lambda: ([1],))"),
        ("jax.numpy.ones(3)", "dataclasses.field(default_factory=lambda: jax.numpy.ones(3))"),
        ("-1", "-1"),
        ("2 * 3", "2 * 3"),
        ("lambda x: x", "lambda x: x"),
    ],
)
def test_defaults(default, expected):
    found = linen(
        f"class A(hk.Module):\n    def __init__(self, a={default}):\n"
        "        super().__init__()\n        self.a = a\n"
    )
    assert f" = {expected}" in found


def test_comments_move_with_their_fields():
    same(
        """
        class A(hk.Module):
            def __init__(
                self,
                a,  # about a
                b=3,
            ):
                super().__init__()
                self.a = a
                # About b,
                # at length.
                self.b = b
                self.c = a + b  # the sum
        """,
        """
        class A(nn.Module):
            a: Any  # about a
            # About b,
            # at length.
            b: int = 3

            def setup(self):
                self.c = self.a + self.b  # the sum
        """,
    )


def test_semicolons_and_one_line_bodies():
    same(
        """
        class A(hk.Module):
            def __init__(self, a): super().__init__(); self.a = a
            def __call__(self, x): return hk.Linear(self.a)(x)
        """,
        """
        class A(nn.Module):
            a: Any

            @nn.compact
            def __call__(self, x): return nn.Dense(self.a)(x)
        """,
    )


def test_uses_follow_the_field_in_nested_functions_strings_and_subclasses():
    found = linen(
        """
        class A(hk.Module):
            def __init__(self, a):
                super().__init__()
                self._a = a

            def __call__(self, x):
                f = lambda y: y * self._a
                return f"{self._a} {{self._a}} {f(self._a)!r}"


        class B(A):
            def other(self):
                return self._a
        """
    )
    assert "y * self.a" in found
    assert 'f"{self.a} {{self._a}} {f(self.a)!r}"' in found
    assert "return self.a\n" in found + "\n"


def test_class_attributes_stay_class_attributes():
    same(
        """
        class A(hk.Module):
            kind: str = "a"
            act = jax.nn.relu

            def __call__(self, x):
                return self.act(x)
        """,
        """
        class A(nn.Module):
            kind: ClassVar[str] = "a"
            act = staticmethod(jax.nn.relu)

            def __call__(self, x):
                return self.act(x)
        """,
    )


def test_constructions_bind_as_haiku_bound_them():
    found = linen(
        """
        class A(hk.Module):
            def __init__(self, name, a, b=2):
                super().__init__(name=name)
                self.a, self.b = a, b


        x = A("x", 1)
        y = A("y", b=3, a=4)
        z = A(a=1, name=None)
        """
    )
    assert "x = A(a=1, " in found or 'x = A(name="x", a=1)' in found
    assert 'y = A(name="y", b=3, a=4)' in found


def test_linens_own_names():
    same(
        """
        class A(hk.Module):
            def __init__(self, scope, a):
                super().__init__()
                self.scope = scope
                self.a = a

            def __call__(self, x):
                return x * self.scope


        a = A(3, a=1)
        b = A(scope=3, a=1)
        """,
        """
        class A(nn.Module):
            scope_: Any
            a: Any

            def __call__(self, x):
                return x * self.scope_


        a = A(3, a=1)
        b = A(scope_=3, a=1)
        """,
    )


def test_grown_lists():
    same(
        """
        class A(hk.Module):
            def __init__(self, n):
                super().__init__()
                self._layers = []
                for _ in range(n):
                    self._layers.append(hk.Linear(3))
        """,
        """
        class A(nn.Module):
            n: Any

            def setup(self):
                layers = []
                for _ in range(self.n):
                    layers.append(nn.Dense(3))
                self._layers = layers
        """,
    )
