"""Every helper is called as the Haiku symbol of its name."""

import dataclasses
import inspect

import flax.linen as nn
import haiku as hk
import pytest
from haiku import initializers, nets, pad
from haiku_reference import DEFINITIONS

# In linen these belong to every module.
BUILT_IN = {"name", "parent"}
# Flax-style initialisers are functions here, so only the factory's arguments can be compared.
SPACES = (hk, nets, initializers, pad)


def _haiku(name):
    return next((getattr(space, name) for space in SPACES if hasattr(space, name)), None)


NAMES = sorted(name for name in DEFINITIONS if _haiku(name) is not None)
# A plain class of names and a NamedTuple: their constructors are not called by users as layers are.
NOT_CALLABLE = {"EmbedLookupStyle", "LSTMState"}
CONSTRUCTED = [name for name in NAMES if name not in NOT_CALLABLE]
LAYERS = [
    name
    for name in CONSTRUCTED
    if isinstance(DEFINITIONS[name], type) and issubclass(DEFINITIONS[name], nn.Module)
]


def _parameters(function, skip=()):
    return {
        name: parameter
        for name, parameter in inspect.signature(function).parameters.items()
        if name not in skip
    }


def _default(cls, name, parameter):
    """The default, looking through the factory of a dataclass field."""
    if isinstance(cls, type) and dataclasses.is_dataclass(cls):
        field = cls.__dataclass_fields__[name]
        if field.default_factory is not dataclasses.MISSING:
            return field.default_factory()
    return parameter.default


@pytest.mark.parametrize("name", CONSTRUCTED)
def test_constructor(name):
    mine, theirs = DEFINITIONS[name], _haiku(name)
    ours = _parameters(mine, BUILT_IN)
    expected = _parameters(theirs, BUILT_IN)
    assert list(ours) == list(expected)
    for key, parameter in expected.items():
        # `name` stands before some of Haiku's last arguments; linen takes it by keyword.
        assert ours[key].kind == parameter.kind, key
        assert _default(mine, key, ours[key]) == parameter.default, key


@pytest.mark.parametrize("name", LAYERS)
def test_call(name):
    ours, expected = _parameters(DEFINITIONS[name].__call__), _parameters(_haiku(name).__call__)
    assert [(p.name, p.kind, p.default) for p in ours.values()] == [
        (p.name, p.kind, p.default) for p in expected.values()
    ]
