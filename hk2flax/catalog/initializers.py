"""haiku.initializers. Haiku's are called with (shape, dtype), Flax's with (key, shape, dtype)."""

from __future__ import annotations

from .build import symbol
from .convert import only, squared
from .model import Arg, Native, Symbol

_SOURCE = "haiku/_src/initializers.py; jax/_src/nn/initializers.py"
_NO_MEAN = Arg(None, only(0, 0.0))
_FAN_IN = '"fan_in"'
_FANS = (
    "On vectors and scalars, and with fan_in_axes, the helper is needed: jax raises there, Haiku "
    "counts the whole size as fan. Equal values to 2 units in the last place."
)


_DRAW_NOTHING = ("Constant", "Identity")


def _initializer(name: str, signature: str, native: Native | None, note: str) -> Symbol:
    return symbol(
        f"initializers.{name}",
        "initializer",
        signature,
        call_signature="shape, dtype",
        native=native,
        note=note,
        source=_SOURCE if native else _SOURCE.partition(";")[0],
        rng=name not in _DRAW_NOTHING,
    )


SYMBOLS = (
    _initializer(
        "Constant",
        "constant",
        Native("flax.linen.initializers.constant", args={"constant": Arg("value")}, positional=1),
        "Equal values.",
    ),
    _initializer("Identity", "gain=1.0", None, "jax has no identity initialiser."),
    _initializer(
        "Orthogonal",
        "scale=1.0, axis=-1",
        Native(
            "flax.linen.initializers.orthogonal",
            args={"scale": Arg("scale"), "axis": Arg("column_axis")},
            positional=1,
            only_real=True,
            min_rank=2,
        ),
        "Equal values; those of a square matrix are transposed, which has the same (uniform) "
        "distribution.",
    ),
    _initializer(
        "RandomNormal",
        "stddev=1.0, mean=0.0",
        Native(
            "flax.linen.initializers.normal",
            args={"stddev": Arg("stddev"), "mean": _NO_MEAN},
            always={"stddev": "1.0"},
        ),
        "Equal values. jax's own default is stddev=0.01; a mean needs the helper.",
    ),
    _initializer(
        "RandomUniform",
        "minval=0.0, maxval=1.0",
        Native(
            "flax.linen.initializers.uniform",
            args={"minval": Arg(None, only(0, 0.0)), "maxval": Arg("scale")},
            always={"scale": "1.0"},
        ),
        "Equal to 1 unit in the last place. jax's own default is scale=0.01 and its range starts "
        "at 0; another minval needs the helper.",
    ),
    _initializer(
        "TruncatedNormal",
        "stddev=1.0, mean=0.0, lower=-2.0, upper=2.0",
        Native(
            "flax.linen.initializers.truncated_normal",
            args={
                "stddev": Arg("stddev"),
                "mean": _NO_MEAN,
                "lower": Arg("lower"),
                "upper": Arg("upper"),
            },
            only_real=True,
            always={"stddev": "1.0"},
        ),
        "Equal values; neither side corrects the deviation for the truncation. jax's own default "
        "is stddev=0.01. A mean and complex dtypes need the helper.",
    ),
    _initializer(
        "VarianceScaling",
        "scale=1.0, mode='fan_in', distribution='truncated_normal', fan_in_axes=None",
        Native(
            "flax.linen.initializers.variance_scaling",
            args={
                "scale": Arg("scale"),
                "mode": Arg("mode"),
                "distribution": Arg("distribution"),
                "fan_in_axes": Arg(None, only(None)),
            },
            positional=3,
            always={"scale": "1.0", "mode": _FAN_IN, "distribution": '"truncated_normal"'},
            only_real=True,
            min_rank=2,
        ),
        _FANS,
    ),
    _initializer(
        "UniformScaling",
        "scale=1.0",
        Native(
            "flax.linen.initializers.variance_scaling",
            args={"scale": Arg("scale", squared)},
            positional=1,
            always={"scale": "1.0", "mode": _FAN_IN, "distribution": '"uniform"'},
            only_real=True,
            min_rank=2,
        ),
        _FANS,
    ),
    Symbol(
        "haiku.initializers.Initializer",
        "type",
        native=Native("jax.nn.initializers.Initializer", args={}),
        note="Haiku's takes (shape, dtype), Flax's (key, shape, dtype).",
        source="haiku/_src/typing.py",
    ),
)
