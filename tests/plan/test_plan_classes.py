"""Constructors as dataclass fields and setup."""

import pytest

from hk2flax.plan.class_plan import ClassPlan
from tests.sources import plan


def class_plan(body: str, name: str = "A", **others: str) -> ClassPlan:
    return plan("import haiku as hk\n" + body, **others).classes[f"m.{name}"]


def init(signature: str, *statements: str) -> ClassPlan:
    """The plan of a class with this constructor."""
    lines = "".join(f"        {s}\n" for s in statements)
    return class_plan(
        f"class A(hk.Module):\n    def __init__(self, {signature}):\n"
        f"        super().__init__()\n{lines}    def __call__(self, x): return x\n"
    )


def fields(found: ClassPlan) -> list[str]:
    return [p.field for p in found.own_fields]


def codes(found: ClassPlan) -> list[str]:
    return [code for _, code, _ in found.problems]


def test_parameters_become_fields_in_order():
    found = init("a, b=1, *, c, d=2, name=None", "self.a, self.b, self.c, self.d = a, b, c, d")
    assert fields(found) == ["a", "b", "c", "d"]
    assert [p.kw_only for p in found.own_fields] == [False, False, True, True]
    assert not found.keeps_setup
    assert not found.problems


@pytest.mark.parametrize(
    ("store", "attribute"),
    [
        ("self.a = a", "a"),
        ("self._a = a", "_a"),
        ("self.other = a", "other"),
        ("self.a: int = a", "a"),
    ],
)
def test_stored_parameters_are_renamed(store, attribute):
    found = init("a", store)
    assert found.renames[attribute] == "a"
    assert not found.keeps_setup


def test_the_best_of_two_aliases_becomes_the_field():
    found = init("a", "self.first = a", "self._a = a")
    assert found.renames["_a"] == "a"
    assert found.keeps_setup


def test_derived_values_stay_in_setup():
    found = init("a", "self.a = a", "self.b = 2 * a")
    assert found.keeps_setup
    assert "b" not in found.renames


@pytest.mark.parametrize("value", ["a or 3", "3 if a is None else a", "list(a)", "int(a)"])
def test_a_derived_value_under_the_name_of_a_field_moves_over(value):
    found = init("a=None", f"self.a = {value}")
    assert fields(found) == ["a"]
    assert found.renames["a"] == "_a"


def test_a_derived_value_finds_a_free_name():
    found = init("a, _a=1", "self.a = a + 1", "self._a = _a")
    assert found.renames["a"] not in ("a", "_a")


def test_a_parameter_that_is_rebound_keeps_a_local_copy():
    found = init("a=None", "a = a or 3", "self.a = a")
    assert found.rebound == ["a"]
    assert found.renames["a"] == "_a"


def test_an_attribute_that_is_set_twice_is_no_alias():
    found = init("a, b", "self.a = a", "self.a = b")
    assert found.renames.get("a") != "a"


def test_an_attribute_that_is_set_in_a_branch_is_no_alias():
    found = init("a", "if a:", "    self.a = a", "else:", "    self.a = 3")
    assert found.keeps_setup
    assert found.renames["a"] == "_a"


def test_grown_lists_are_built_locally():
    found = init("n", "self.layers = []", "for i in range(n):", "    self.layers.append(i)")
    assert found.grown == {"layers": "layers"}


@pytest.mark.parametrize(
    "grow", ["self.d[0] = n", "self.d.update(a=n)", "self.d.setdefault(0, n)", "self.d += [n]"]
)
def test_every_way_to_grow(grow):
    assert "d" in init("n", "self.d = {}", grow).grown


def test_a_grown_name_that_is_taken_by_a_local_one():
    found = init("n", "layers = 3", "self._layers = []", "self._layers.append(layers)")
    assert found.grown["_layers"] not in ("layers", "")


def test_growing_what_the_base_class_made():
    found = class_plan(
        "class B(hk.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.layers = []\n"
        "class A(B):\n"
        "    def __init__(self):\n        super().__init__()\n        self.layers.append(3)\n"
    )
    assert codes(found) == ["HK102"]


@pytest.mark.parametrize("reserved", ["scope", "parent", "variables", "apply", "setup", "param"])
def test_reserved_names(reserved):
    found = init(reserved, f"self.{reserved} = {reserved}")
    assert fields(found) == [f"{reserved}_"]
    assert found.renames[reserved] == f"{reserved}_"


def test_a_reserved_attribute_that_is_derived():
    found = init("a", "self.scope = a + 1")
    assert found.renames["scope"] == "scope_"


@pytest.mark.parametrize(
    "call",
    [
        "super().__init__()",
        "super().__init__(name)",
        "super().__init__(name=name)",
        "super(A, self).__init__(name=name)",
        "hk.Module.__init__(self, name)",
        "hk.Module.__init__(self, name=name)",
    ],
)
def test_every_way_to_call_the_base(call):
    found = class_plan(
        f"class A(hk.Module):\n    def __init__(self, a, name=None):\n        {call}\n        self.a = a\n"
    )
    assert not found.problems
    assert not found.keeps_setup
    assert fields(found) == ["a"]


def test_a_conditional_call_of_the_base():
    found = class_plan(
        "class A(hk.Module):\n    def __init__(self, name=None):\n        if 3 > 2:\n            super().__init__(name)\n"
    )
    assert codes(found) == ["HK102"]


def test_a_name_that_is_used_as_a_value():
    found = class_plan(
        "class A(hk.Module):\n    def __init__(self, name='a'):\n        super().__init__(name=name)\n        self.title = name.upper()\n"
    )
    assert codes(found) == ["HK102"]


def test_a_name_that_is_handed_to_submodules():
    found = class_plan(
        "class A(hk.Module):\n    def __init__(self, name='a'):\n        super().__init__(name=name)\n        self.l = hk.Linear(3, name=name + '_l')\n"
    )
    assert not found.problems


@pytest.mark.parametrize("position", ["name, a", "a, name"])
def test_the_name_is_no_field(position):
    found = init(position, "self.a = a")
    assert fields(found) == ["a"]
    assert [p.name for p in found.parameters] == position.split(", ")


def test_dataclass_modules():
    found = class_plan(
        "import dataclasses\n@dataclasses.dataclass\nclass A(hk.Module):\n    a: int\n    b: int = 3\n    name: str = None\n    def __post_init__(self):\n        super().__post_init__()\n        self.c = self.a\n"
    )
    assert found.is_dataclass
    assert [p.field for p in found.parameters] == ["a", "b", ""]
    assert found.init is not None
    assert found.init.name == "__post_init__"
    assert not found.problems


def test_a_dataclass_that_assigns_its_field():
    found = class_plan(
        "import dataclasses\n@dataclasses.dataclass(frozen=False)\nclass A(hk.Module):\n    a: int\n    def __post_init__(self):\n        self.a = 3\n"
    )
    assert codes(found) == ["HK102"]


@pytest.mark.parametrize(
    "statement",
    ["self.cache = x", "self.n += 1", "(self.a, self.b) = x, x", "for self.i in x: pass"],
)
def test_attributes_that_methods_assign(statement):
    found = class_plan(f"class A(hk.Module):\n    def __call__(self, x):\n        {statement}\n")
    assert found.mutable


def test_attributes_set_by_a_helper_of_the_constructor_are_set_in_setup():
    found = class_plan(
        "class A(hk.Module):\n    def __init__(self):\n        super().__init__()\n        self._build()\n"
        "    def _build(self):\n        self.l = hk.Linear(3)\n    def __call__(self, x):\n        return self.l(x)\n"
    )
    assert not found.mutable


BASE = "class B(hk.Module):\n    def __init__(self, a, b=2, name=None):\n        super().__init__(name=name)\n        self.a, self.b = a, b\n"


def test_a_subclass_without_a_constructor():
    found = class_plan(f"{BASE}class A(B):\n    pass\n")
    assert [p.name for p in found.parameters] == ["a", "b", "name"]
    assert found.own_fields == []


def test_a_subclass_that_adds_a_field_with_a_default():
    found = class_plan(
        f"{BASE}class A(B):\n    def __init__(self, a, b=2, c=3, name=None):\n        super().__init__(a, b, name=name)\n        self.c = c\n"
    )
    assert fields(found) == ["c"]
    assert not found.kw_only


def test_an_inherited_default_that_becomes_required_is_declared_again():
    found = class_plan(
        f"{BASE}class A(B):\n    def __init__(self, a, b, c, name=None):\n        super().__init__(a, b, name=name)\n        self.c = c\n"
    )
    assert not found.kw_only
    assert fields(found) == ["a", "b", "c"]


def test_an_inherited_default_that_is_no_argument_takes_no_position():
    found = class_plan(
        f"{BASE}class A(B):\n    def __init__(self, a, c, name=None):\n        super().__init__(a, name=name)\n        self.c = c\n"
    )
    assert not found.kw_only
    assert [p.field for p in found.own_fields if p.kw_only] == ["b"]


def test_another_order_than_the_base_classs_is_keyword_only():
    found = class_plan(
        f"{BASE}class A(B):\n    def __init__(self, c, a, name=None):\n        super().__init__(a, name=name)\n        self.c = c\n"
    )
    assert found.kw_only


def test_an_order_that_differs_from_the_base_is_keyword_only():
    found = class_plan(
        f"{BASE}class A(B):\n    def __init__(self, c, a, name=None):\n        super().__init__(a, name=name)\n        self.c = c\n"
    )
    assert found.kw_only


def test_a_base_field_that_the_subclass_computes():
    found = class_plan(
        f"{BASE}class A(B):\n    def __init__(self, c, name=None):\n        super().__init__(a=2 * c, name=name)\n        self.c = c\n"
    )
    assert list(found.computed) == ["a"]


def test_arguments_of_the_base_that_cannot_be_counted():
    found = class_plan(
        f"{BASE}class A(B):\n    def __init__(self, args, name=None):\n        super().__init__(*args)\n"
    )
    assert codes(found) == ["HK102"]


def test_keywords_that_are_only_handed_on():
    found = class_plan(
        f"{BASE}class A(B):\n    def __init__(self, c, **kwargs):\n        super().__init__(**kwargs)\n        self.c = c\n"
    )
    assert not found.problems
    assert {p.name for p in found.parameters} >= {"a", "b", "c"}
    assert not any(p.star for p in found.parameters)


def test_collected_arguments_become_fields():
    found = init(
        "a, *sizes, **options", "self.a = a", "self.sizes = sizes", "self.options = options"
    )
    assert [(p.field, p.star) for p in found.own_fields] == [
        ("a", ""),
        ("sizes", "*"),
        ("options", "**"),
    ]


def test_a_base_in_another_file():
    found = class_plan(
        "from base import B\nclass A(B):\n    def __init__(self, a, c=1):\n        super().__init__(a)\n        self.c = c\n",
        base=f"import haiku as hk\n{BASE}",
    )
    assert "c" in fields(found)
    assert not found.problems


def test_a_base_constructor_that_is_not_called():
    found = class_plan(f"{BASE}class A(B):\n    def __init__(self, c):\n        self.c = c\n")
    assert codes(found) == ["HK102"]


def test_a_decorated_constructor():
    found = class_plan(
        "import functools\nclass A(hk.Module):\n    @functools.wraps(print)\n    def __init__(self):\n        super().__init__()\n"
    )
    assert codes(found) == ["HK102"]


@pytest.mark.parametrize(
    "statement",
    [
        "name = register(name)",  # may have an effect
        "assert name",
        "name = name or 'a'; self.tag = name",
        "for name in [name]: pass",
    ],
)
def test_a_name_that_is_used_as_a_value_needs_a_person(statement):
    found = class_plan(
        "def register(name): return name\n"
        "class A(hk.Module):\n    def __init__(self, name=None):\n"
        f"        {statement}\n        super().__init__(name)\n    def __call__(self, x): return x\n"
    )
    assert "HK102" in codes(found)
