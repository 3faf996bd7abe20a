"""haiku.pad: padding functions for convolutions."""

from __future__ import annotations

from .build import symbol
from .model import Native, Symbol

_SOURCE = "haiku/_src/pad.py"


def _pad(name: str, signature: str, note: str) -> Symbol:
    return symbol(f"pad.{name}", "function", signature, note=note, source=_SOURCE)


SYMBOLS = (
    *(
        _pad(name, "effective_kernel_size", f"{pair}, with k = (kernel - 1) * rate + 1.")
        for name, pair in (
            ("valid", "(0, 0)"),
            ("same", "((k - 1) // 2, k // 2), which is not 'SAME' where the stride is above 1"),
            ("full", "(k - 1, k - 1)"),
            ("causal", "(k - 1, 0)"),
            ("reverse_causal", "(0, k - 1)"),
        )
    ),
    _pad("create", "padding, kernel, rate, n", "One pair a dimension from padding functions."),
    _pad("create_from_tuple", "padding, n", "One pair a dimension from one pair or n pairs."),
    _pad("is_padfn", "padding", "Whether padding is a function, or a sequence of functions."),
    Symbol(
        "haiku.pad.PadFn",
        "type",
        native=Native("collections.abc.Callable", args={}),
        note="From the effective kernel size to a pair.",
        source="haiku/_src/pad.py",
    ),
)
