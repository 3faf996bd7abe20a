"""Names for annotations, isinstance and base classes."""

from __future__ import annotations

from .build import symbol
from .model import Arg, Native, Symbol

_TYPING = "haiku/_src/typing.py"


def _type(
    name: str, target: str, note: str, source: str, signature: str = "", *args: str
) -> Symbol:
    """A type with an equal in Flax; `args` are the fields that both have, in order."""
    native = Native(target, args={each: Arg(each) for each in args}, positional=len(args))
    return Symbol(f"haiku.{name}", "type", signature, native=native, note=note, source=source)


_NESTED = "Haiku's is flat, {'mlp/~/linear_0': {'w': ...}}; Flax's is nested."

SYMBOLS = (
    Symbol(
        "haiku.Module",
        "type",
        "name=None",
        native=Native("flax.linen.Module", args={}),
        note="A linen module is a frozen dataclass: constructor arguments become fields, and what "
        "`__init__` makes moves to setup().",
        source="haiku/_src/module.py; flax/linen/module.py",
    ),
    _type("Params", "flax.typing.Collection", _NESTED, _TYPING),
    _type("State", "flax.typing.Collection", _NESTED, _TYPING),
    _type("MutableParams", "flax.typing.MutableCollection", _NESTED, _TYPING),
    _type("MutableState", "flax.typing.MutableCollection", _NESTED, _TYPING),
    _type(
        "ModuleProtocol",
        "flax.linen.Module",
        "A protocol in Haiku: classes of your own that only look like modules do not match.",
        _TYPING,
    ),
    symbol(
        "SupportsCall",
        "type",
        native=Native("collections.abc.Callable", args={}),
        note="A module that can be called. `Callable` in annotations; in isinstance, which no "
        "function passes, the helper.",
        source=_TYPING,
    ),
    _type(
        "MethodContext",
        "flax.linen.module.InterceptorContext",
        "linen's has no `orig_class`: use `type(context.module)`.",
        "haiku/_src/module.py; flax/linen/module.py",
        "module, method_name, orig_method, orig_class",
        "module",
        "method_name",
        "orig_method",
    ),
    symbol(
        "LayerStackTransparencyMapping",
        "type",
        note="The protocol of layer_stack(transparency_map=...).",
        source="haiku/_src/layer_stack.py",
    ),
    symbol(
        "LiftWithStateUpdater",
        "type",
        "name",
        note="What lift_with_state returns beside the function: `updater.update(state)`.",
        source="haiku/_src/lift.py",
    ),
    symbol(
        "Deferred",
        "framework",
        "factory, call_methods=('__call__',)",
        call_signature="*args, **kwargs",
        note="Builds the module at its first use. linen modules are always lazy: call the factory "
        "where the result is used.",
        source="haiku/_src/deferred.py",
    ),
)
