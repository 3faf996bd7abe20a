"""The catalog against the installed Haiku: every public name, with its real signature."""

from __future__ import annotations

import ast
import importlib
import inspect
import types

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hk2flax.catalog import SYMBOLS, lookup, removed
from hk2flax.catalog.aliases import ALIASES, private_names

# Imported for their names: haiku itself leaves these submodules out.
import haiku.experimental.flax  # isort: skip
import haiku.experimental.jaxpr_info  # isort: skip
import haiku.typing  # isort: skip

REMOVED = {symbol.name for symbol in removed.SYMBOLS}
NAMESPACE = {"jax": jax, "jnp": jnp, "np": np, "slice": slice}


def public_names() -> dict[str, object]:
    """Everything that can be reached from haiku through its public submodules."""
    found: dict[str, object] = {}

    def visit(module: types.ModuleType, prefix: str) -> None:
        for name, value in sorted(vars(module).items()):
            if name.startswith("_"):
                continue
            dotted = f"{prefix}.{name}"
            if isinstance(value, types.ModuleType):
                if value.__name__ == dotted:
                    found[dotted] = value
                    visit(value, dotted)
            else:
                found[dotted] = value

    visit(hk, "haiku")
    return found


PUBLIC = public_names()


def entry_names() -> list[str]:
    return sorted(SYMBOLS.keys() - REMOVED)


def described(signature: str) -> list[tuple[str, str, object]]:
    """(name, kind, default) of each parameter in the catalog's text."""
    args = ast.parse(f"lambda {signature}: 0", mode="eval").body.args
    positional = [*args.posonlyargs, *args.args]
    defaults = [None] * (len(positional) - len(args.defaults)) + args.defaults
    rows = [(arg.arg, "positional", _value(d)) for arg, d in zip(positional, defaults, strict=True)]
    if args.vararg:
        rows.append((args.vararg.arg, "*", inspect.Parameter.empty))
    rows += [
        (arg.arg, "keyword", _value(d))
        for arg, d in zip(args.kwonlyargs, args.kw_defaults, strict=True)
    ]
    if args.kwarg:
        rows.append((args.kwarg.arg, "**", inspect.Parameter.empty))
    return rows


def _value(node: ast.expr | None) -> object:
    if node is None:
        return inspect.Parameter.empty
    return eval(compile(ast.Expression(node), "signature", "eval"), dict(NAMESPACE))


def installed(function: object, *, drop_self: bool) -> list[tuple[str, str, object]]:
    kinds = {
        inspect.Parameter.VAR_POSITIONAL: "*",
        inspect.Parameter.VAR_KEYWORD: "**",
        inspect.Parameter.KEYWORD_ONLY: "keyword",
    }
    parameters = list(inspect.signature(function).parameters.values())[1 if drop_self else 0 :]
    return [(p.name, kinds.get(p.kind, "positional"), p.default) for p in parameters]


def assert_same(expected: list, actual: list) -> None:
    assert [row[:2] for row in actual] == [row[:2] for row in expected]
    for (name, _, want), (_, _, have) in zip(expected, actual, strict=True):
        assert have is ... or have is want or have == want, name


def has_own_call(cls: type) -> bool:
    return any("__call__" in vars(base) for base in cls.__mro__ if base is not object)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_has_an_entry(name):
    assert lookup(name) is not None, f"add {name} to hk2flax/catalog"


@pytest.mark.parametrize("name", entry_names())
def test_every_entry_is_a_public_name(name):
    assert name in PUBLIC, "Haiku has no such name: an entry for an old version goes to removed.py"


@pytest.mark.parametrize("name", sorted(REMOVED))
def test_removed_names_are_removed(name):
    assert name not in PUBLIC


@pytest.mark.parametrize("alias", sorted(ALIASES))
def test_an_alias_is_the_same_object(alias):
    assert PUBLIC[alias] == PUBLIC[ALIASES[alias]]
    assert alias not in SYMBOLS


def test_one_object_has_one_entry():
    by_object: dict[int, str] = {}
    for name in entry_names():
        other = by_object.setdefault(id(PUBLIC[name]), name)
        assert other == name, f"{name} is {other}: make one an alias"


@pytest.mark.parametrize("name", entry_names())
def test_signature(name):
    value = PUBLIC[name]
    text = SYMBOLS[name].signature
    if not text and (not callable(value) or isinstance(value, types.GenericAlias)):
        return
    if isinstance(value, type):
        if value.__init__ is object.__init__ and not issubclass(value, tuple):
            assert text == ""
            return
        if not text:
            assert SYMBOLS[name].kind == "type"
            return
        own = "__init__" in vars(value) and not hasattr(value, "__dataclass_fields__")
        actual = installed(value.__init__ if own else value, drop_self=own)
    else:
        actual = installed(value, drop_self=False)
    assert_same(actual, described(text))


@pytest.mark.parametrize("name", entry_names())
def test_call_signature(name):
    value, symbol = PUBLIC[name], SYMBOLS[name]
    if symbol.kind in ("layer", "initializer"):
        assert isinstance(value, type) and has_own_call(value)
    elif not symbol.call_signature:
        return
    assert_same(installed(value.__call__, drop_self=True), described(symbol.call_signature))


@pytest.mark.parametrize("name", entry_names())
def test_kind(name):
    value, kind = PUBLIC[name], SYMBOLS[name].kind
    assert (kind == "module") == isinstance(value, types.ModuleType)
    is_module = isinstance(value, type) and issubclass(value, hk.Module) and value is not hk.Module
    assert (kind == "layer") == is_module


@pytest.mark.parametrize("name", entry_names())
def test_source_names_the_file(name):
    value, source = PUBLIC[name], SYMBOLS[name].source
    if SYMBOLS[name].kind == "module":
        return
    assert source
    try:
        path = inspect.getsourcefile(value)
    except TypeError:
        return
    if "/haiku/" in path or "/jax/" in path:
        assert path.endswith(source.partition(";")[0]), path


PRIVATE = [pair for pair in private_names(SYMBOLS.values()).items() if pair[1] in PUBLIC]


@pytest.mark.parametrize("private, public", PRIVATE)
def test_a_private_name_leads_to_the_public_object(private, public):
    module, _, name = private.rpartition(".")
    if isinstance(PUBLIC[public], types.ModuleType):  # its members are what programs use
        members = importlib.import_module(private)
        assert any(getattr(members, n, None) is v for n, v in vars(PUBLIC[public]).items())
        return
    found = getattr(importlib.import_module(module), name, None)
    assert found is None or found is PUBLIC[public]
