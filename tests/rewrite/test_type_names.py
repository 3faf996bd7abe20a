"""Haiku's types in annotations, in quotes, in tests of types, behind TYPE_CHECKING."""

import sys
import types

import pytest

from hk2flax.catalog import SYMBOLS
from hk2flax.catalog.aliases import ALIASES
from tests.sources import rewrite, rewrite_files, texts

ENTRIES = [name for name, symbol in SYMBOLS.items() if symbol.kind == "type" and not symbol.manual]
TYPES = sorted([*ENTRIES, *(alias for alias, name in ALIASES.items() if name in ENTRIES)])
# In Haiku, too, these are no classes: a value, and generic aliases, which isinstance refuses.
NO_CLASSES = {"haiku.DO_NOT_STORE", "haiku.Params", "haiku.State"}
NO_CLASSES |= {"haiku.MutableParams", "haiku.MutableState"}

PROGRAM = """
from __future__ import annotations
import typing
from typing import Optional, TypeAlias, Union, TYPE_CHECKING
import {module} as lib
import haiku as hk
import haiku.experimental.flax
import haiku.experimental.jaxpr_info
import haiku.typing
if TYPE_CHECKING:
    from {module} import {last} as Checked

def f(a: {short}, b: "lib.{last}", c: Optional["{short}"] = None) -> Union[{name}, list["lib.{last}"]]:
    x: dict[str, lib.{last}] = {{}}
    y = typing.cast("lib.{last}", a)
    return x, y

class Record(typing.NamedTuple):
    field: lib.{last}
    other: "Optional[{short}]" = None

Alias = lib.{last}
Pair = tuple[lib.{last}, "lib.{last}"]
Quoted: TypeAlias = "dict[str, {short}]"
Table = typing.Dict[str, "{short}"]
T = typing.TypeVar("T", bound="lib.{last}")

def g(a: "Checked", b: Checked) -> "Optional[Checked]":
    return isinstance(a, (lib.{last}, int)), isinstance(a, lib.{last} | int)
"""


@pytest.mark.parametrize("name", TYPES)
def test_every_type_everywhere(name):
    module, _, last = name.rpartition(".")
    short = name.replace("haiku.", "hk.", 1)
    source = PROGRAM.format(name=name, module=module, last=last, short=short)
    result = rewrite_files({"m.py": source})
    assert not [d for file in result.files for d in file.diagnostics]
    files = texts(result)
    assert "haiku" not in files["m.py"]
    assert "lib." not in files["m.py"] and "hk." not in files["m.py"]
    program = _run(files)
    assert program.f(1, 2) == ({}, 1)
    if ALIASES.get(name, name) not in NO_CLASSES:
        assert program.g(1, 2) == (True, True)


def _run(files):
    """The module m of a project, with the helpers beside it."""
    modules = {}
    for name in ("flax_helpers", "m"):
        if f"{name}.py" in files:
            modules[name] = sys.modules[name] = types.ModuleType(name)
            exec(compile(files[f"{name}.py"], name, "exec"), modules[name].__dict__)
    for name in modules:
        del sys.modules[name]
    return modules["m"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('Tree = Dict[str, "hk.Params"]', 'Tree = Dict[str, "flax.typing.Collection"]'),
        ("Tree = list['hk.LSTMState | None']", "Tree = list['LSTMState | None']"),
        ("class A(Generic['hk.Params']): pass", "class A(Generic['flax.typing.Collection']): pass"),
        ('x = config["hk.Params"]', 'x = config["hk.Params"]'),
        ('config["hk.Params"] = 1', 'config["hk.Params"] = 1'),
        ('x = {}["hk.Params"]', 'x = {}["hk.Params"]'),
        ("X = Literal['hk.Params']", "X = Literal['hk.Params']"),
        ('A: TypeAlias = "hk.Params"', 'A: TypeAlias = "flax.typing.Collection"'),
        ('A: "TypeAlias" = "hk.Params"', 'A: "TypeAlias" = "flax.typing.Collection"'),
        ('A: str = "hk.Params"', 'A: str = "hk.Params"'),
    ],
)
def test_quoted_types_outside_of_annotations(line, expected):
    head = "from typing import Dict, Generic, Literal, TypeAlias\nimport haiku as hk\n"
    assert rewrite(f"{head}x: hk.State\n{line}\n").splitlines()[-1] == expected


def test_a_name_that_shadows_a_builtin_type():
    source = "import haiku as hk\nlist = {}\nx: hk.State = list['hk.Params']\n"
    assert "list['hk.Params']" in rewrite(source)


def test_classes_in_patterns_and_nested_tuples():
    source = """
    import haiku as hk

    def f(x):
        match x:
            case hk.Transformed(init=i, apply=a):
                return i
            case hk.LSTMState():
                return x
        return isinstance(x, (hk.Module, (hk.Linear, hk.RNNCore)))
    """
    new = rewrite(source)
    assert "case Transformed(init=i, apply=a):" in new
    assert "case LSTMState():" in new
    assert "isinstance(x, (nn.Module, ((nn.Dense, Linear), RNNCore)))" in new


def test_a_type_for_checkers_only():
    source = """
    from typing import TYPE_CHECKING, Any
    if TYPE_CHECKING:
        import haiku as hk
        from haiku.typing import Params
    else:
        Params = Any

    def f(params: Params, state: "hk.State") -> "hk.LSTMState": ...
    """
    new = rewrite(source)
    assert "haiku" not in new
    assert 'state: "flax.typing.Collection") -> "LSTMState"' in new
    assert "from flax_helpers import LSTMState\n" in new
