"""What every name of one file refers to."""

import ast

import pytest

from tests.sources import find, one


def meaning(text: str, expression: str, number: int = 0) -> str:
    project, file = one(text)
    return project.name(file, find(file, expression, number))


@pytest.mark.parametrize(
    ("text", "expression", "expected"),
    [
        ("import haiku as hk\nhk.Linear", "hk.Linear", "haiku.Linear"),
        ("import haiku\nhaiku.nets.MLP", "haiku.nets.MLP", "haiku.nets.MLP"),
        ("import haiku.nets as n\nn.MLP", "n.MLP", "haiku.nets.MLP"),
        ("import haiku.initializers\nhaiku.Linear", "haiku.Linear", "haiku.Linear"),
        ("from haiku import Linear\nLinear", "Linear", "haiku.Linear"),
        ("from haiku import Linear as L\nL", "L", "haiku.Linear"),
        ("from haiku import nets\nnets.MLP", "nets.MLP", "haiku.nets.MLP"),
        ("from haiku.nets import MLP\nMLP", "MLP", "haiku.nets.MLP"),
        ("from haiku import *\nLinear", "Linear", "haiku.Linear"),
        ("import haiku as hk\ninit = hk.initializers\ninit.Constant", "init.Constant", "haiku.initializers.Constant"),
        ("import haiku as hk\nhaiku_ = hk\nhaiku_.Linear", "haiku_.Linear", "haiku.Linear"),
    ],
)  # fmt: skip
def test_every_way_to_import_haiku(text, expression, expected):
    assert meaning(text, expression) == expected


def test_a_parameter_hides_the_module():
    text = "import haiku as hk\ndef f(hk):\n    return hk.Linear\nhk.Linear"
    assert meaning(text, "hk.Linear", 0) == ""
    assert meaning(text, "hk.Linear", 1) == "haiku.Linear"


def test_a_local_variable_hides_the_module_in_its_whole_function():
    text = """
    import haiku as hk
    def f():
        hk.Linear
        hk = 3
    def g():
        return hk.Linear
    """
    assert meaning(text, "hk.Linear", 0) == ""
    assert meaning(text, "hk.Linear", 1) == "haiku.Linear"


def test_global_goes_around_the_function():
    text = """
    import haiku as hk
    def f():
        global hk
        hk.Linear
        hk = hk
    """
    _, file = one(text)
    scope = file.names.scope_of[find(file, "hk", 0)]
    assert "hk" in scope.outer


def test_an_import_inside_a_function_holds_there_only():
    text = """
    def f():
        import haiku as hk
        return hk.Linear
    def g():
        return hk.Linear
    """
    assert meaning(text, "hk.Linear", 0) == "haiku.Linear"
    assert meaning(text, "hk.Linear", 1) == ""


def test_an_import_inside_a_function_reaches_its_inner_functions():
    text = """
    def make():
        import haiku as hk
        def forward(x):
            return hk.Linear(3)(x)
        return forward
    """
    assert meaning(text, "hk.Linear") == "haiku.Linear"


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    import haiku as hk\nexcept ImportError:\n    hk = None\nhk.Linear",
        "hk = None\ntry:\n    import haiku as hk\nexcept ImportError:\n    pass\nhk.Linear",
        "if True:\n    import haiku as hk\nelse:\n    hk = object()\nhk.Linear",
        "try:\n    import haiku as hk\nexcept ImportError:\n    import other as hk\nhk.Linear",
    ],
)
def test_a_guarded_import_still_means_haiku(text):
    assert meaning(text, "hk.Linear") == "haiku.Linear"


def test_class_scopes_are_not_seen_from_methods():
    text = """
    import haiku as hk
    class A:
        hk = 3
        x = hk
        def f(self):
            return hk.Linear
    """
    assert meaning(text, "hk.Linear") == "haiku.Linear"
    project, file = one(text)
    used = [n for n in ast.walk(file.tree) if isinstance(n, ast.Name) and n.id == "hk"]
    in_class = next(n for n in used if isinstance(n.ctx, ast.Load) and n.lineno == 5)
    assert project.name(file, in_class) == ""


def test_comprehensions_have_a_scope_of_their_own():
    text = """
    import haiku as hk
    a = [hk.Linear for hk in range(3)]
    b = [hk.Linear for x in range(3)]
    """
    assert meaning(text, "hk.Linear", 0) == ""
    assert meaning(text, "hk.Linear", 1) == "haiku.Linear"


def test_the_first_iterable_of_a_comprehension_is_evaluated_outside():
    text = """
    import haiku as hk
    a = [hk for hk in hk.items]
    """
    assert meaning(text, "hk.items") == "haiku.items"


def test_a_walrus_in_a_comprehension_binds_outside():
    text = """
    def f(xs):
        a = [y for x in xs if (y := x)]
        return y
    """
    _, file = one("import haiku\n" + text.replace("\n    ", "\n"))
    scope = file.names.scopes[next(n for n in file.tree.body if isinstance(n, ast.FunctionDef))]
    assert "y" in scope.bindings


def test_a_lambda_parameter_hides_the_module():
    text = "import haiku as hk\nf = lambda hk: hk.Linear\ng = lambda x: hk.Linear"
    assert meaning(text, "hk.Linear", 0) == ""
    assert meaning(text, "hk.Linear", 1) == "haiku.Linear"


def test_defaults_and_decorators_are_evaluated_outside():
    text = """
    import haiku as hk
    @hk.transform
    def f(hk=hk.Linear):
        return hk
    """
    assert meaning(text, "hk.transform") == "haiku.transform"
    assert meaning(text, "hk.Linear") == "haiku.Linear"


def test_annotations_are_evaluated_outside():
    text = """
    import haiku as hk
    def f(hk: hk.Params) -> hk.State:
        pass
    """
    assert meaning(text, "hk.Params") == "haiku.Params"
    assert meaning(text, "hk.State") == "haiku.State"


def test_nested_classes_and_functions_have_dotted_names():
    text = """
    import haiku
    class A:
        class B:
            def m(self):
                class C: pass
                return C
    def f():
        def g(): pass
        return g
    A.B
    """
    project, _ = one(text)
    assert {"m.A", "m.A.B", "m.A.B.m.<locals>.C"} <= set(project.classes)
    assert {"m.A.B.m", "m.f", "m.f.<locals>.g"} <= set(project.functions)
    assert meaning(text, "A.B") == "m.A.B"


@pytest.mark.parametrize(
    "text",
    [
        "for hk in range(3):\n    hk.Linear",
        "with open('f') as hk:\n    hk.Linear",
        "try:\n    pass\nexcept ValueError as hk:\n    hk.Linear",
        "(hk, x) = 1, 2\nhk.Linear",
        "hk: int = 3\nhk.Linear",
        "class hk:\n    pass\nhk.Linear",
        "import other as hk\nhk.Linear",
        "match 3:\n    case hk:\n        hk.Linear",
        "match 3:\n    case [*hk]:\n        hk.Linear",
    ],
)
def test_other_things_called_hk_are_not_haiku(text):
    assert not meaning(f"# haiku\n{text}", "hk.Linear").startswith("haiku")


@pytest.mark.parametrize("pattern", ["hk", "[*hk]", "{'a': 1, **hk}", "[1 as hk]"])
def test_match_patterns_bind(pattern):
    text = f"import haiku as hk\ndef f(x):\n    match x:\n        case {pattern}:\n            return hk.Linear\n"
    assert meaning(text, "hk.Linear") == ""


def test_an_alias_assigned_twice_is_a_variable():
    text = "import haiku as hk\ninit = hk.initializers\ninit = 3\ninit.Constant"
    assert meaning(text, "init.Constant") == ""


def test_del_does_not_make_a_value_of_an_import():
    text = "import haiku as hk\nhk.Linear\ndel hk"
    assert meaning(text, "hk.Linear") == "haiku.Linear"
