"""Normalisation, moving averages and spectral normalisation."""

from __future__ import annotations

from .build import CHANNELS_LAST, FLAG, NAME, ONES, ZEROS, layer
from .convert import negated, omit_if, only, same_literal
from .model import OMIT, Arg, Leaf, Native, Value

_AFFINE = {
    "create_scale": Arg("use_scale", FLAG),
    "create_offset": Arg("use_bias", FLAG),
    "scale_init": Arg("scale_init", ONES),
    "offset_init": Arg("bias_init", ZEROS),
    "eps": Arg("epsilon"),
    "name": NAME,
}
_SAFE = {"epsilon": "1e-5", "use_fast_variance": "False"}
_LAST_AXIS = (-1, (-1,), [-1])
_VECTOR = (("reshape", (-1,)),)
_LEAVES = (Leaf("scale", "scale", ops=_VECTOR), Leaf("offset", "bias", ops=_VECTOR))
_SAFE_NOTE = (
    "linen's own defaults are epsilon=1e-6 and use_fast_variance=True, which is off by hundreds "
    "for inputs with a large mean, so both are written out. With bfloat16 inputs linen computes "
    "statistics in float32, Haiku in bfloat16."
)
_FIRST = ("channels_first", "NCW", "NCHW", "NCDHW", "NC...")
_LAST = ("channels_last", "NWC", "NHWC", "NDHWC", "N...C")


def _reduced(value: Value) -> str | None:
    """Axes to average over. -1 is linen's default; a slice or an unknown needs the helper."""
    literal = value.literal
    if any(same_literal(literal, each) for each in _LAST_AXIS):
        return OMIT
    if type(literal) is int:
        return value.text
    if isinstance(literal, (tuple, list)) and literal:
        return repr(tuple(literal)) if all(type(axis) is int for axis in literal) else None
    return None


def _channel_axis(value: Value) -> str | None:
    """A data format as the index of the channel axis, where both sides know two formats."""
    if value.literal in _LAST:
        return OMIT
    return "1" if value.literal in _FIRST else None


SYMBOLS = (
    layer(
        "LayerNorm",
        "axis, create_scale, create_offset, eps=1e-05, scale_init=None, offset_init=None, "
        "use_fast_variance=False, name=None, *, param_axis=None",
        "inputs, scale=None, offset=None",
        Native(
            "flax.linen.LayerNorm",
            args={
                **_AFFINE,
                "axis": Arg("reduction_axes", _reduced),
                "use_fast_variance": Arg("use_fast_variance"),
                "param_axis": Arg(None, only(None, *_LAST_AXIS)),
            },
            always=_SAFE,
            leaves=_LEAVES,
        ),
        note=_SAFE_NOTE + " `scale` and `offset` given at the call need the helper.",
        gives_array=True,
        source="haiku/_src/layer_norm.py; flax/linen/normalization.py; arXiv:1607.06450",
    ),
    layer(
        "InstanceNorm",
        "create_scale, create_offset, eps=1e-05, scale_init=None, offset_init=None, "
        "data_format='channels_last', name=None",
        "inputs, scale=None, offset=None",
        Native(
            "flax.linen.InstanceNorm",
            args={**_AFFINE, "data_format": Arg("feature_axes", _channel_axis)},
            always=_SAFE,
            leaves=_LEAVES,
        ),
        note=_SAFE_NOTE,
        gives_array=True,
        source="haiku/_src/layer_norm.py; flax/linen/normalization.py; arXiv:1607.08022",
    ),
    layer(
        "GroupNorm",
        "groups, axis=slice(1, None), create_scale=True, create_offset=True, eps=1e-05, "
        "scale_init=None, offset_init=None, data_format='channels_last', name=None",
        "x, scale=None, offset=None",
        Native(
            "flax.linen.GroupNorm",
            args={**_AFFINE, "groups": Arg("num_groups"), "data_format": CHANNELS_LAST},
            positional=1,
            always=_SAFE,
            leaves=_LEAVES,
        ),
        note=_SAFE_NOTE + " Any `axis` but the default needs the helper.",
        gives_array=True,
        source="haiku/_src/group_norm.py; flax/linen/normalization.py; arXiv:1803.08494",
    ),
    layer(
        "RMSNorm",
        "axis, eps=1e-05, scale_init=None, name=None, create_scale=True, *, param_axis=None",
        "inputs",
        Native(
            "flax.linen.RMSNorm",
            args={
                "axis": Arg("reduction_axes", _reduced),
                "eps": Arg("epsilon"),
                "scale_init": Arg("scale_init", ONES),
                "name": NAME,
                "create_scale": Arg("use_scale", FLAG),
                "param_axis": Arg(None, only(None, *_LAST_AXIS)),
            },
            always={"epsilon": "1e-5"},
            leaves=(Leaf("scale", "scale"),),
        ),
        note="linen's own default is epsilon=1e-6.",
        gives_array=True,
        source="haiku/_src/rms_norm.py; flax/linen/normalization.py; arXiv:1910.07467",
    ),
    layer(
        "BatchNorm",
        "create_scale, create_offset, decay_rate, eps=1e-05, scale_init=None, offset_init=None, "
        "axis=None, cross_replica_axis=None, cross_replica_axis_index_groups=None, "
        "data_format='channels_last', name=None",
        "inputs, is_training, test_local_stats=False, scale=None, offset=None",
        Native(
            "flax.linen.BatchNorm",
            args={
                **_AFFINE,
                "decay_rate": Arg("momentum"),
                "axis": Arg(None, only(None)),
                "cross_replica_axis": Arg("axis_name", omit_if(None)),
                "cross_replica_axis_index_groups": Arg("axis_index_groups", omit_if(None)),
                "data_format": Arg("axis", _channel_axis),
            },
            call={"is_training": Arg("use_running_average", negated)},
            leaves=(
                *_LEAVES,
                Leaf("~/mean_ema/average", "mean", "batch_stats", _VECTOR),
                Leaf("~/var_ema/average", "var", "batch_stats", _VECTOR),
            ),
            dropped=tuple(
                f"~/{ema}/{leaf}"
                for ema in ("mean_ema", "var_ema")
                for leaf in ("counter", "hidden")
            ),
            is_exact=False,
            differs="Haiku corrects the running averages for their start at zero, linen starts "
            "them at mean 0 and variance 1: they differ for the first 1/(1 - decay_rate) steps or "
            "so, as does training resumed from a young checkpoint. linen keeps the variance "
            "from going below zero.",
        ),
        note="`axis` lists the axes to average over in Haiku and the axes to keep in linen. In "
        "linen `use_running_average` is the opposite of `is_training`.",
        gives_array=True,
        source="haiku/_src/batch_norm.py; flax/linen/normalization.py; arXiv:1502.03167",
    ),
    layer(
        "ExponentialMovingAverage",
        "decay, zero_debias=True, warmup_length=0, name=None",
        "value, update_stats=True",
        note="State: hidden, average, counter. After init `average` is the first value.",
        gives_array=True,
        source="haiku/_src/moving_averages.py",
    ),
    layer(
        "EMAParamsTree",
        "decay, zero_debias=True, warmup_length=0, ignore_regex='', name=None",
        "tree, update_stats=True",
        note="`ignore_regex` sees Haiku's names, module/name; State names are not invertible.",
        source="haiku/_src/moving_averages.py",
    ),
    layer(
        "SpectralNorm",
        "eps=0.0001, n_steps=1, name=None",
        "value, update_stats=True, error_on_non_matrix=False",
        note="Takes a matrix and returns a matrix. `nn.SpectralNorm` wraps a whole layer instead, "
        "normalises each of its matrices, and has epsilon=1e-12.",
        gives_array=True,
        source="haiku/_src/spectral_norm.py; arXiv:1802.05957",
    ),
    layer(
        "SNParamsTree",
        "eps=0.0001, n_steps=1, ignore_regex='', name=None",
        "tree, update_stats=True",
        note="`ignore_regex` sees Haiku's names, module/name; biases must be ignored.",
        source="haiku/_src/spectral_norm.py",
    ),
)
