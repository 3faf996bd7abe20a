"""Compact, method_scope or nothing: where Haiku's frames and linen's agree (semantics.md A)."""

import pytest

from tests.sources import plan


def decorations(body: str, **others: str) -> dict[str, str]:
    """ "Class.method" -> "compact" or "scope", for the methods that get something."""
    program = plan("import haiku as hk, jax\n" + body, **others)
    return {
        name.partition(".")[2]: program.methods.decoration[function]
        for name, (function, _) in program.project.functions.items()
        if function in program.methods.decoration
    }


def methods(*definitions: str) -> dict[str, str]:
    """The same for one class A with these methods."""
    lines = "".join(f"    {line}\n" for d in definitions for line in d.splitlines())
    found = decorations(f"class A(hk.Module):\n{lines}")
    return {name.removeprefix("A."): kind for name, kind in found.items()}


CALL = "def __call__(self, x): return {}"
HELP = "def help(self, x): return hk.Linear(3)(x)"


def test_submodules_of_setup_need_nothing():
    found = methods(
        "def __init__(self):\n    super().__init__()\n    self.l = hk.Linear(3)",
        CALL.format("self.l(x)"),
    )
    assert found == {}


def test_inline_submodules_are_compact():
    assert methods(CALL.format("hk.Linear(3)(x)")) == {"__call__": "compact"}


@pytest.mark.parametrize(
    "use",
    [
        "hk.get_parameter('w', [])",
        "hk.next_rng_key()",
        "hk.dropout(hk.next_rng_key(), 0.5, x)",
        "[hk.Linear(3)(y) for y in x]",
        "(lambda y: hk.Linear(3)(y))(x)",
        "jax.vmap(lambda y: hk.Linear(3)(y))(x)",
        "hk.Sequential([hk.Linear(3)])(x)",
    ],
)
def test_everything_that_creates_is_compact(use):
    assert methods(CALL.format(use))["__call__"] == "compact"


def test_a2_a_helper_called_twice_shares():
    found = methods(HELP, CALL.format("self.help(self.help(x))"))
    assert found == {"help": "compact"}


def test_a2_a_helper_called_twice_beside_inline_modules_has_its_own_frame():
    found = methods(HELP, CALL.format("hk.Linear(1)(self.help(self.help(x)))"))
    assert found == {"help": "scope", "__call__": "compact"}


def test_a2_a_helper_called_in_a_loop():
    found = methods(HELP, CALL.format("[self.help(y) for y in x], hk.Linear(1)(x)"))
    assert found == {"help": "scope", "__call__": "compact"}


def test_a_helper_called_once_is_part_of_its_caller():
    found = methods(HELP, CALL.format("hk.Linear(1)(self.help(x))"))
    assert found == {"__call__": "compact"}


def test_a_helper_that_is_handed_on_has_its_own_frame():
    found = methods(HELP, CALL.format("jax.vmap(self.help)(hk.Linear(1)(x))"))
    assert found["help"] == "scope"


def test_a2_a_helper_called_from_two_methods():
    found = methods(
        HELP, "def a(self, x): return self.help(x)", "def b(self, x): return self.help(x)"
    )
    assert found == {"help": "compact"}


def test_a3_parameters_of_helpers_need_no_frame_of_their_own():
    found = methods(
        "def w(self): return hk.get_parameter('w', [])", CALL.format("self.w() * self.w()")
    )
    assert set(found.values()) <= {"compact", "scope"}
    assert "w" in found


def test_a4_transparent_helpers_run_in_their_callers_frame():
    found = methods(f"@hk.transparent\n{HELP}", CALL.format("self.help(self.help(x))"))
    assert found == {"__call__": "compact"}


def test_a5_a_submodule_called_twice():
    found = methods(CALL.format("(lambda l: l(l(x)))(hk.Linear(3))"))
    assert found == {"__call__": "compact"}


def test_a6_recursion():
    found = methods("def __call__(self, x, n): return self(hk.Linear(3)(x), n - 1) if n else x")
    assert found == {"__call__": "scope"}
    found = methods(
        "def help(self, x, n): return self.help(hk.Linear(3)(x), n - 1) if n else x",
        CALL.format("self.help(x, 3)"),
    )
    assert found["help"] == "scope"


def test_a7_setup_and_inline_modules():
    found = methods(
        "def __init__(self):\n    super().__init__()\n    self.l = hk.Linear(3)",
        CALL.format("hk.Linear(3)(self.l(x))"),
    )
    assert found == {"__call__": "compact"}


def test_a8_super_call():
    found = decorations(
        "class B(hk.Module):\n    def __call__(self, x): return hk.Linear(3)(x)\n"
        "class A(B):\n    def __call__(self, x): return hk.Linear(3)(super().__call__(x))\n"
    )
    assert found == {"B.__call__": "scope", "A.__call__": "scope"}


def test_a8_an_override_without_super():
    found = decorations(
        "class B(hk.Module):\n    def __call__(self, x): return hk.Linear(3)(x)\n"
        "class A(B):\n    def __call__(self, x): return hk.Linear(4)(x)\n"
    )
    assert found == {"B.__call__": "compact", "A.__call__": "compact"}


def test_a8_across_files():
    found = decorations(
        "import base\nclass A(base.B):\n    def __call__(self, x): return hk.Linear(3)(super().__call__(x))\n",
        base="import haiku as hk\nclass B(hk.Module):\n    def __call__(self, x): return hk.Linear(3)(x)\n",
    )
    assert found == {"B.__call__": "scope", "A.__call__": "scope"}


def test_a9_two_methods_with_inline_modules():
    found = methods(
        "def encode(self, x): return hk.Linear(3)(x)",
        "def decode(self, x): return hk.Linear(3)(x)",
        CALL.format("self.decode(self.encode(x))"),
    )
    assert found == {"__call__": "compact"}  # each is called once: part of its caller


def test_a9_two_public_methods():
    found = methods(
        "def encode(self, x): return hk.Linear(3)(x)",
        "def decode(self, x): return hk.Linear(3)(x)",
    )
    assert found == {"encode": "scope", "decode": "scope"}


def test_a15_a_property_that_creates():
    found = methods("@property\ndef l(self): return hk.Linear(3)", CALL.format("self.l(self.l(x))"))
    assert found["l"] == "scope"


def test_a16_static_methods_run_in_their_callers_frame():
    found = methods("@staticmethod\ndef f(x): return hk.Linear(3)(x)", CALL.format("self.f(x)"))
    assert found == {"__call__": "compact"}


def test_plain_functions_run_in_their_callers_frame():
    found = decorations(
        "def dense(x): return hk.Linear(3)(x)\n"
        "class A(hk.Module):\n    def __call__(self, x): return dense(dense(x))\n"
    )
    assert found == {"A.__call__": "compact"}


def test_helpers_of_the_constructor_become_part_of_setup():
    program = plan(
        "import haiku as hk\nclass A(hk.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.l = self._make()\n    def _make(self): return hk.Linear(3)\n"
        "    def __call__(self, x): return self.l(x)\n"
    )
    assert not program.methods.decoration
    assert [m.name for m in program.methods.setup_helpers] == ["_make"]


def test_methods_that_create_nothing_get_nothing():
    assert methods("def f(self, x): return x", CALL.format("self.f(x)")) == {}


def test_callbacks_that_build_modules():
    found = decorations(
        "class Wrap(hk.Module):\n    def __init__(self, f): super().__init__(); self.f = f\n"
        "    def __call__(self, x): return self.f(x)\n"
        "def forward(x): return Wrap(lambda y: hk.Linear(3)(y))(x)\n"
    )
    assert found == {"Wrap.__call__": "compact"}


def test_code_outside_modules_gets_nothing():
    assert decorations("class A:\n    def __call__(self, x): return hk.Linear(3)(x)\n") == {}


@pytest.mark.parametrize(
    ("config", "read"),
    [
        ("def __init__(self, config: Config):\n        self.config = config", "self.config.size"),
        ("config: Config", "self.config.size"),
        ("def read(self, config: Optional[Config]): return config.size", "3"),
        ("config: Any", "self.config.size, 'may be the module'"),
    ],
)
def test_attributes_of_annotated_objects_are_not_the_module_s(config, read):
    program = plan(
        "import haiku as hk\nfrom typing import Any, Optional\n"
        "class Config:\n    def __init__(self): self.size = 3\n"
        "class A(hk.Module):\n"
        "    def __init__(self, size=None):\n"
        "        super().__init__()\n"
        "        self.size = size or 3\n"
        f"class B:\n    {config}\n    def go(self): return {read}\n"
    )
    outside = program.methods.read_outside([program.classes["m.A"].cls], ["size"])
    assert bool(outside) == ("may be" in read)
