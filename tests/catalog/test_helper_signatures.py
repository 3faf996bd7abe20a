"""Helpers of functions and types are called as Haiku's: the fallback is a change of name only.

Layers are compared in tests/linen/test_layer_signatures.py.
"""

import importlib
import inspect
from pathlib import Path

import haiku as hk
import haiku.experimental.flax
import haiku.experimental.jaxpr_info
import pytest

import hk2flax.linen
from hk2flax.catalog import SYMBOLS, removed

OLD = {symbol.name for symbol in removed.SYMBOLS}
NAMES = sorted(
    name
    for name, symbol in SYMBOLS.items()
    if symbol.helper
    and symbol.kind not in ("layer", "initializer")
    and name not in (*OLD, "haiku.SupportsCall")  # a protocol
)
# Why the parameters are not the same, where that is right.
OTHERS = {
    "haiku.BatchApply": "a module here, so that linen sees the module that it is given",
    "haiku.DO_NOT_STORE": "a value",
    "haiku.LayerStackTransparencyMapping": "a protocol",
    "haiku.LiftWithStateUpdater": "made by lift_with_state only, which knows the place",
    "haiku.cond": "takes the arguments of old versions too; so does Haiku, behind its signature",
    "haiku.remat": "concrete raises in jax, and here",
}


def helper(name):
    first, *rest = SYMBOLS[name].helper.split(".")
    for path in sorted(Path(hk2flax.linen.__file__).parent.glob("*.py")):
        module = importlib.import_module(f"hk2flax.linen.{path.stem}")
        value = vars(module).get(first)
        if getattr(value, "__module__", None) == module.__name__:
            for part in rest:
                value = getattr(value, part)
            return value
    raise LookupError(name)


def installed(name):
    value = hk
    for part in name.split(".")[1:]:
        value = getattr(value, part)
    return value


def parameters(value):
    found = inspect.signature(value).parameters.values()
    return [(p.name, p.kind, p.default is not p.empty) for p in found]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OTHERS])
def test_parameters(name):
    ours, theirs = parameters(helper(name)), parameters(installed(name))
    assert [each[:2] for each in ours] == [each[:2] for each in theirs]
    # What may be left out in Haiku may be left out here.
    assert all(mine or not other for (*_, mine), (*_, other) in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_exceptions_are_needed(name):
    assert name in NAMES
    if name != "haiku.DO_NOT_STORE":
        same = [each[:2] for each in parameters(helper(name))]
        assert same != [each[:2] for each in parameters(installed(name))]
