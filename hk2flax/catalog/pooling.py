"""Pooling."""

from __future__ import annotations

from collections.abc import Mapping

from .build import layer, symbol
from .model import Arg, Native, Value

_SIGNATURE = "value, window_shape, strides, padding, channel_axis=-1"
_SOURCE = "haiku/_src/pool.py; flax/linen/pooling.py"
_NOTE = (
    "Plain linen where window and strides are written as tuples that end with 1 for the channels. "
    "An integer means every dimension but the first and the channels, however many there are, so "
    "it needs the helper."
)


def _spatial(value: Value) -> tuple[int, ...] | None:
    """The sizes without the channel axis, or None where they are not that plain."""
    literal = value.literal
    if not isinstance(literal, (tuple, list)) or not all(type(size) is int for size in literal):
        return None
    return tuple(literal[:-1]) if len(literal) > 1 and literal[-1] == 1 else None


def _window(given: Mapping[str, Value]) -> dict[str, str] | None:
    """window_shape and strides of linen, which have neither batch nor channels.

    Haiku fills up short tuples with ones on the left and so does linen: leading ones that both
    have can go.
    """
    window, strides = _spatial(given["window_shape"]), _spatial(given["strides"])
    if given["strides"].literal == 1 and window:
        strides = (1,) * len(window)
    padding = given["padding"].literal
    if not window or not strides or padding not in ("SAME", "VALID"):
        return None
    rank = max(len(window), len(strides))
    window = (1,) * (rank - len(window)) + window
    strides = (1,) * (rank - len(strides)) + strides
    while len(window) > 1 and window[0] == strides[0] == 1:
        window, strides = window[1:], strides[1:]
    texts = {"window_shape": repr(window), "strides": repr(strides)}
    return texts if padding == "VALID" else {**texts, "padding": given["padding"].text}


def _average(given: Mapping[str, Value]) -> dict[str, str] | None:
    texts = _window(given)
    if texts and "padding" in texts:
        texts["count_include_pad"] = "False"
    return texts


_COMBINED = ("window_shape", "strides", "padding", "channel_axis")

SYMBOLS = (
    symbol(
        "max_pool",
        "function",
        _SIGNATURE,
        native=Native(
            "flax.linen.max_pool",
            args={"value": Arg("inputs")},
            positional=1,
            combine=_window,
            combined=_COMBINED,
        ),
        note=_NOTE + " linen's defaults are strides of 1 and VALID.",
        gives_array=True,
        source=_SOURCE,
    ),
    symbol(
        "avg_pool",
        "function",
        _SIGNATURE,
        native=Native(
            "flax.linen.avg_pool",
            args={"value": Arg("inputs")},
            positional=1,
            combine=_average,
            combined=_COMBINED,
            only_float32=True,
        ),
        note=_NOTE + " Haiku averages over the values that exist (count_include_pad=False). With "
        "SAME and a bfloat16 input linen returns float32, so a project with other precisions gets "
        "the helper.",
        gives_array=True,
        source=_SOURCE,
    ),
    layer(
        "MaxPool",
        "window_shape, strides, padding, channel_axis=-1, name=None",
        "value",
        note="linen has functions only.",
        gives_array=True,
        source="haiku/_src/pool.py",
    ),
    layer(
        "AvgPool",
        "window_shape, strides, padding, channel_axis=-1, name=None",
        "value",
        note="linen has functions only.",
        gives_array=True,
        source="haiku/_src/pool.py",
    ),
)
