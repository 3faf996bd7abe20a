"""Which expressions are initialisers, and so change their form together."""

import ast

from tests.sources import plan


def marked(text: str, **others: str) -> set[str]:
    """The expressions of m.py that are known to be initialisers, as text."""
    program = plan("import haiku as hk\nimport jax.numpy as jnp\n" + text, **others)
    file = program.project.files["m.py"]
    return {
        ast.unparse(node) for node in ast.walk(file.tree) if node in program.initializers.values
    }


def test_arguments_of_layers_and_parameters():
    assert marked("hk.Linear(3, w_init=jnp.ones, b_init=f)\n") == {"jnp.ones", "f"}
    assert marked("hk.get_parameter('w', [], init=jnp.ones)\n") == {"jnp.ones"}
    assert marked("hk.get_parameter('w', [], jnp.float32, jnp.ones)\n") == {"jnp.ones"}
    assert marked("hk.get_state('w', [], init=jnp.ones)\n") == {"jnp.ones"}


def test_other_arguments_are_not():
    assert marked("import other\nhk.Linear(jnp.ones)\nother.f(w_init=jnp.ones)\n") == set()


def test_through_local_names_and_choices():
    assert marked(
        "def f(c):\n    i = jnp.ones\n    return hk.Linear(3, w_init=i if c else jnp.zeros)\n"
    ) == {
        "i",
        "jnp.ones",
        "jnp.zeros",
    }
    assert "jnp.ones" in marked("def f(c):\n    return hk.Linear(3, w_init=c or jnp.ones)\n")


def test_through_fields():
    found = marked(
        """
class A(hk.Module):
    def __init__(self, w_init=jnp.ones):
        super().__init__()
        self.w_init = w_init or jnp.zeros
    def __call__(self, x):
        return hk.Linear(3, w_init=self.w_init)(x)
A(lambda s, d: jnp.full(s, 3))
A(w_init=jnp.empty)
"""
    )
    assert {"jnp.ones", "jnp.zeros", "self.w_init", "jnp.empty"} <= found
    assert "lambda s, d: jnp.full(s, 3)" in found


def test_through_parameters_of_functions():
    found = marked(
        "def dense(x, init=jnp.ones):\n    return hk.Linear(3, w_init=init)(x)\ndense(3, jnp.zeros)\ndense(3, init=jnp.empty)\n"
    )
    assert {"jnp.ones", "jnp.zeros", "jnp.empty"} <= found


def test_across_files():
    found = marked(
        "from layers import dense\ndense(3, jnp.zeros)\n",
        layers="import haiku as hk\ndef dense(x, init):\n    return hk.Linear(3, w_init=init)(x)\n",
    )
    assert found == {"jnp.zeros"}


def test_positional_arguments_of_layers():
    assert "jnp.ones" in marked("hk.Linear(3, True, jnp.ones)\n")


def test_cycles_end():
    marked("def f(init):\n    f(init)\n    return hk.Linear(3, w_init=init)\nf(jnp.ones)\n")
