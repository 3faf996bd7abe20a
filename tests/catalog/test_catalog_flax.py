"""The catalog against the installed Flax: targets, argument names, order of positionals."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
from functools import cache
from pathlib import Path

import flax.linen as nn
import pytest

import hk2flax
from hk2flax.catalog import SYMBOLS
from hk2flax.catalog.definitions import DEFINITIONS, expand
from hk2flax.catalog.signatures import parse_signature

NATIVE = sorted(name for name, symbol in SYMBOLS.items() if symbol.native)
LINEN = Path(hk2flax.__file__).parent / "linen"


def target(name: str) -> object:
    """The object that a dotted name leads to."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            value = getattr(value, part)
        return value
    raise ModuleNotFoundError(name)


def parameters(value: object) -> list[str]:
    """What the target takes, in order; linen's own `parent` stays out."""
    if dataclasses.is_dataclass(value):
        return [field.name for field in dataclasses.fields(value) if field.init]
    return list(inspect.signature(value).parameters)


@pytest.mark.parametrize("name", NATIVE)
def test_the_target_takes_these_arguments(name):
    native = SYMBOLS[name].native
    value = target(native.target)
    written = {arg.to for arg in native.args.values() if arg.to}
    written |= native.always.keys() | native.exact.keys()
    if written:
        assert written <= set(parameters(value))


@pytest.mark.parametrize("name", NATIVE)
def test_positional_arguments_are_in_the_same_order(name):
    symbol, native = SYMBOLS[name], SYMBOLS[name].native
    haiku_names = [
        arg.arg
        for args in [ast.parse(f"lambda {symbol.signature}: 0", mode="eval").body.args]
        for arg in [*args.args, *([args.vararg] if args.vararg else [])]
    ]
    flax_names = parameters(target(native.target)) if native.positional else []
    for index in range(native.positional):
        assert native.args[haiku_names[index]].to == flax_names[index]


@pytest.mark.parametrize("name", NATIVE)
def test_every_haiku_argument_that_is_mentioned_exists(name):
    symbol, native = SYMBOLS[name], SYMBOLS[name].native
    signature = ast.parse(f"lambda {symbol.signature}: 0", mode="eval").body.args
    known = {node.arg for node in ast.walk(signature) if isinstance(node, ast.arg)}
    assert native.args.keys() <= known
    assert set(native.combined) <= known
    assert bool(native.combine) == bool(native.combined)
    call = parse_signature(symbol.call_signature)
    assert native.call.keys() <= {*call.positional, *call.keyword_only}


@pytest.mark.parametrize("name", NATIVE)
def test_call_arguments(name):
    native = SYMBOLS[name].native
    if native.call:
        call = inspect.signature(target(native.target).__call__).parameters
        assert {arg.to for arg in native.call.values()} <= set(call)


@pytest.mark.parametrize("name", NATIVE)
def test_attributes(name):
    native = SYMBOLS[name].native
    value = target(native.target)
    for attribute in native.attributes.values():
        if not (dataclasses.is_dataclass(value) and attribute in parameters(value)):
            assert attribute in _variables_set_in_setup(value)


def _variables_set_in_setup(cls: type) -> set[str]:
    tree = ast.parse(inspect.getsource(inspect.getmodule(cls)))
    setups = [
        node
        for body in ast.walk(tree)
        if isinstance(body, ast.ClassDef) and body.name == cls.__name__
        for node in body.body
        if isinstance(node, ast.FunctionDef) and node.name == "setup"
    ]
    return {
        node.attr for setup in setups for node in ast.walk(setup) if isinstance(node, ast.Attribute)
    }


@pytest.mark.parametrize("name", NATIVE)
def test_inexact_entries_say_what_differs(name):
    native = SYMBOLS[name].native
    assert bool(native.differs) != native.is_exact


@pytest.mark.parametrize("name", sorted(SYMBOLS))
def test_there_is_a_way_to_write_it(name):
    symbol = SYMBOLS[name]
    if symbol.kind == "module":
        assert not (symbol.native or symbol.helper or symbol.manual)
    else:
        assert bool(symbol.manual) != bool(symbol.native or symbol.helper)


@cache
def defined_helpers() -> set[str]:
    """Names in hk2flax/linen, and those in its classes after a dot."""
    names: set[str] = set()

    def visit(body: list[ast.stmt], prefix: str = "") -> None:
        for node in body:
            if isinstance(node, ast.Assign):
                names.add(prefix + getattr(node.targets[0], "id", ""))
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                names.add(prefix + node.name)
            if isinstance(node, ast.ClassDef) and not prefix:
                visit(node.body, f"{node.name}.")

    for path in LINEN.glob("*.py"):
        visit(ast.parse(path.read_text(encoding="utf-8")).body)
    return names


@pytest.mark.parametrize("name", sorted(s for s, v in SYMBOLS.items() if v.helper))
def test_the_helper_exists(name):
    assert SYMBOLS[name].helper in defined_helpers()


def test_a_helper_serves_one_symbol():
    owners: dict[str, str] = {}
    for name, symbol in SYMBOLS.items():
        if symbol.helper:
            assert owners.setdefault(symbol.helper, name) == name


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
def test_definitions_run(name):
    assert callable(eval(DEFINITIONS[name], {"nn": nn}))


@pytest.mark.parametrize("name", NATIVE)
def test_texts_name_known_definitions(name):
    native = SYMBOLS[name].native
    for text in (*native.always.values(), *native.exact.values()):
        resolved, used = expand(text)
        assert "@" not in resolved
        assert used <= DEFINITIONS.keys()
        ast.parse(resolved, mode="eval")
