"""Short constructors for catalog entries: they fill in what is the same for a whole kind."""

from __future__ import annotations

from typing import Any

from .convert import init_or, omit_if, only
from .model import Arg, Native, Symbol

NAME = Arg("name")
CHANNELS_LAST = Arg(None, only("channels_last", "N...C", "NWC", "NHWC", "NDHWC"))
ZEROS = init_or("nn.initializers.zeros")
ONES = init_or("nn.initializers.ones")
FLAG = omit_if(True)
"""A flag that Haiku requires and linen defaults to True."""


def layer(
    name: str, signature: str, call: str, native: Native | None = None, **more: Any
) -> Symbol:
    """An hk.Module class; its helper has the same name unless `helper` says otherwise."""
    more.setdefault("helper", name.rpartition(".")[2])
    return Symbol(
        f"haiku.{name}",
        "layer",
        signature=signature,
        call_signature=call,
        native=native,
        **more,
    )


def symbol(name: str, kind: str, signature: str = "", **more: Any) -> Symbol:
    """Any other public name; its helper has the same name unless `helper` or `manual` is given."""
    if "manual" not in more:
        more.setdefault("helper", name.rpartition(".")[2])
    return Symbol(f"haiku.{name}", kind, signature=signature, **more)


def framework(name: str, signature: str, note: str, source: str, **more: Any) -> Symbol:
    """A name that the rewriter handles with code of its own, or by its helper."""
    return symbol(name, "framework", signature, note=note, source=source, **more)
