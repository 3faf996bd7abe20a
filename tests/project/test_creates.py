"""Which functions must run inside a module, and which classes are modules."""

import ast

from hk2flax.project.creates import find_creators
from tests.sources import index


def modules(files: dict[str, str]) -> set[str]:
    return find_creators(index(files)).modules


def creating(text: str, **others: str) -> set[str]:
    project = index({"m.py": text, **{f"{n}.py": t for n, t in others.items()}})
    creators = find_creators(project)
    return {
        name for name, (function, _) in project.functions.items() if function in creators.functions
    }


def test_module_classes_across_files():
    files = {
        "base.py": "import haiku as hk\nclass Base(hk.Module): pass\n",
        "mid.py": "from base import Base\nclass Mid(Base): pass\nclass Other: pass\n",
        "top.py": "import mid\nclass Top(mid.Mid): pass\nclass Core(mid.Other): pass\n",
    }
    assert modules(files) == {"base.Base", "mid.Mid", "top.Top"}


def test_subclasses_of_haiku_layers_are_modules():
    files = {
        "m.py": "import haiku as hk\nclass A(hk.Linear): pass\nclass B(hk.RNNCore): pass\nclass C(hk.LSTMState): pass\n"
    }
    assert modules(files) == {"m.A", "m.B"}


def test_direct_creation():
    assert creating(
        """
        import haiku as hk
        def layer(x): return hk.Linear(3)(x)
        def parameter(): return hk.get_parameter("w", [])
        def draw(): return hk.next_rng_key()
        def plain(x): return hk.one_hot(x, 3)
        def transform(): return hk.transform(layer)
        """
    ) == {"m.layer", "m.parameter", "m.draw"}


def test_the_closure_over_calls_and_files():
    assert creating(
        """
        import util
        def a(x): return b(x)
        def b(x): return util.dense(x)
        def c(x): return x
        """,
        util="import haiku as hk\ndef dense(x): return hk.Linear(3)(x)\n",
    ) == {"m.a", "m.b", "util.dense"}


def test_methods_by_self_and_super():
    assert creating(
        """
        import haiku as hk
        class A(hk.Module):
            def help(self, x): return hk.Linear(1)(x)
            def __call__(self, x): return self.help(x)
        class B(A):
            def __call__(self, x): return super().__call__(x)
            def other(self): return 3
        """
    ) == {"m.A.help", "m.A.__call__", "m.B.__call__"}


def test_annotations_and_isinstance_create_nothing():
    assert not creating(
        """
        import haiku as hk
        from typing import cast
        def f(m: hk.Linear, n: "hk.Linear") -> hk.Module:
            x: hk.Linear = m
            y = cast(hk.Linear, x)
            return isinstance(m, hk.Linear) or issubclass(type(m), hk.Linear)
        """
    )


def test_init_and_apply_run_elsewhere():
    assert creating(
        """
        import haiku as hk
        def forward(x): return hk.Linear(3)(x)
        model = hk.transform(forward)
        def step(params, x): return model.apply(params, None, x)
        def start(rng, x): return model.init(rng, x)
        """
    ) == {"m.forward"}


def test_functions_handed_to_jax():
    assert creating(
        """
        import haiku as hk, jax
        def outer(x):
            def body(y): return hk.Linear(3)(y)
            return jax.vmap(body)(x)
        """
    ) >= {"m.outer", "m.outer.<locals>.body"}


def test_a_factory_does_not_create_what_it_returns():
    assert creating(
        """
        import haiku as hk
        def make():
            def forward(x): return hk.Linear(3)(x)
            return forward
        """
    ) == {"m.make.<locals>.forward"}


def test_lambdas_that_are_called_by_name():
    found = creating(
        """
        import haiku as hk
        def f(x):
            dense = lambda y: hk.Linear(3)(y)
            return dense(x)
        """
    )
    assert found == {"m.f"}


def test_recursion_ends():
    assert creating(
        """
        import haiku as hk
        def a(x, n): return b(x, n) if n else hk.Linear(3)(x)
        def b(x, n): return a(x, n - 1)
        """
    ) == {"m.a", "m.b"}


def test_escaping_callbacks_are_noticed():
    text = """
    import haiku as hk
    class Wrap(hk.Module):
        def __init__(self, f): super().__init__(); self.f = f
        def __call__(self, x): return self.f(x)
    def forward(x): return Wrap({})(x)
    """
    handed = find_creators(index({"m.py": text.format("lambda y: hk.Linear(3)(y)")}))
    plain = find_creators(index({"m.py": text.format("lambda y: y")}))
    assert handed.escapes
    assert not plain.escapes
    assert any(isinstance(f, ast.Lambda) for f in handed.functions)
