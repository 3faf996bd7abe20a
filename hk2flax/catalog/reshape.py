"""Changing shapes."""

from __future__ import annotations

from .build import layer

_NOTE = (
    "An array whose rank is at most preserve_dims is returned as it is, so Flatten()(x) of a "
    "vector is the vector, where `x.reshape(len(x), -1)` adds an axis."
)

SYMBOLS = (
    layer(
        "Reshape",
        "output_shape, preserve_dims=1, name=None",
        "inputs",
        note=_NOTE,
        gives_array=True,
        source="haiku/_src/reshape.py",
    ),
    layer(
        "Flatten",
        "preserve_dims=1, name=None",
        "inputs",
        note=_NOTE,
        gives_array=True,
        source="haiku/_src/reshape.py",
    ),
)
