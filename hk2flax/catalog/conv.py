"""Convolutions."""

from __future__ import annotations

from collections.abc import Mapping

from .build import CHANNELS_LAST, NAME, ZEROS, layer
from .convert import conv_padding, init_or, omit_if, sizes, sizes_or_text, transpose_padding
from .model import Arg, Leaf, Native, Symbol, Value

_CALL = "inputs, *, precision=None"
_SOURCE = "haiku/_src/conv.py; flax/linen/linear.py"
_DEPTHWISE = "haiku/_src/depthwise_conv.py"
_FORMATS = {1: "NWC", 2: "NHWC", 3: "NDHWC"}
_EXACT = {"kernel_init": "@default_kernel_init"}
_W_INIT = init_or("@default_kernel_init")
_FAN_FREE = ("zeros", "ones", "constant(", "normal(", "truncated_normal(", "uniform(")
_ATTRIBUTES = {"output_channels": "features", "with_bias": "use_bias", "mask": "mask"}

_ANY_RANK = {
    "output_channels": Arg("features"),
    "with_bias": Arg("use_bias"),
    "b_init": Arg("bias_init", ZEROS),
    "data_format": CHANNELS_LAST,
    "name": NAME,
}
_CONV = {
    **_ANY_RANK,
    "w_init": Arg("kernel_init", _W_INIT),
    "mask": Arg("mask", omit_if(None)),
    "feature_group_count": Arg("feature_group_count"),
}


def _fan_free(value: Value) -> str | None:
    """Initialisers that look at no fan, which Haiku's transposed layout would change."""
    if value.literal is None:
        return _W_INIT(value)
    text = value.text.removeprefix("jax.").removeprefix("nn.initializers.")
    return _W_INIT(value) if text != value.text and text.startswith(_FAN_FREE) else None


_TRANSPOSE = {**_ANY_RANK, "w_init": Arg("kernel_init", _fan_free)}


def _spatial(count: int, *, transpose: bool) -> dict[str, Arg]:
    """The arguments that have one value for each spatial dimension."""
    padding = transpose_padding(count) if transpose else conv_padding(count)
    args = {
        "kernel_shape": Arg("kernel_size", sizes(count)),
        "stride": Arg("strides", sizes_or_text(count)),
        "padding": Arg("padding", padding),
    }
    return args if transpose else {**args, "rate": Arg("kernel_dilation", sizes_or_text(count))}


def _by_rank(given: Mapping[str, Value], *, transpose: bool) -> dict[str, str] | None:
    """The spatial arguments of a layer whose number of dimensions is an argument itself."""
    count = given["num_spatial_dims"].literal
    if type(count) is not int or count < 1:
        return None
    texts = {}
    for name, arg in _spatial(count, transpose=transpose).items():
        if name in given and arg.to and arg.convert:
            text = arg.convert(given[name])
            if text is None:
                return None
            texts[arg.to] = text
    return texts


def _conv(count: int | None) -> Symbol:
    """hk.Conv1D to 3D, or hk.ConvND where `count` is None."""
    form = "'channels_last'" if count is None else repr(_FORMATS[count])
    first = "num_spatial_dims, " if count is None else ""
    native = Native(
        "flax.linen.Conv",
        args=_CONV if count is None else {**_CONV, **_spatial(count, transpose=False)},
        positional=0 if count is None else 2,
        exact=_EXACT,
        leaves=(Leaf("w", "kernel"), Leaf("b", "bias")),
        combine=(lambda given: _by_rank(given, transpose=False)) if count is None else None,
        combined=("num_spatial_dims", "kernel_shape", "stride", "rate", "padding")
        if count is None
        else (),
        attributes=_ATTRIBUTES,
    )
    return layer(
        f"Conv{'ND' if count is None else f'{count}D'}",
        f"{first}output_channels, kernel_shape, stride=1, rate=1, padding='SAME', with_bias=True, "
        f"w_init=None, b_init=None, data_format={form}, mask=None, feature_group_count=1, "
        "name=None",
        _CALL,
        native,
        note="An integer kernel means one dimension in linen, so it is written as a tuple. A pair "
        "as padding counts for every dimension in Haiku; linen reads its two numbers as two "
        "dimensions. Channels-first data and padding functions need the helper.",
        gives_array=True,
        source=_SOURCE,
    )


def _conv_transpose(count: int | None) -> Symbol:
    """hk.Conv1DTranspose to 3D, or hk.ConvNDTranspose where `count` is None."""
    form = "'channels_last'" if count is None else repr(_FORMATS[count])
    first = "num_spatial_dims, " if count is None else ""
    native = Native(
        "flax.linen.ConvTranspose",
        args=_TRANSPOSE if count is None else {**_TRANSPOSE, **_spatial(count, transpose=True)},
        positional=0 if count is None else 2,
        exact=_EXACT,
        leaves=(Leaf("w", "kernel", ops=(("swap", -1, -2),)), Leaf("b", "bias")),
        combine=(lambda given: _by_rank(given, transpose=True)) if count is None else None,
        combined=("num_spatial_dims", "kernel_shape", "stride", "padding") if count is None else (),
        attributes=_ATTRIBUTES,
    )
    return layer(
        f"Conv{'ND' if count is None else f'{count}D'}Transpose",
        f"{first}output_channels, kernel_shape, stride=1, output_shape=None, padding='SAME', "
        f"with_bias=True, w_init=None, b_init=None, data_format={form}, mask=None, name=None",
        _CALL,
        native,
        note="Haiku keeps the kernel as (..., out, in): the converter swaps the last two axes. "
        "Where both are equal, forgetting it changes results without an error. Initialisers that "
        "look at the fan see Haiku's order, so they need the helper.",
        gives_array=True,
        source=_SOURCE,
    )


def _depthwise(count: int) -> Symbol:
    return layer(
        f"DepthwiseConv{count}D",
        "channel_multiplier, kernel_shape, stride=1, rate=1, padding='SAME', with_bias=True, "
        f"w_init=None, b_init=None, data_format={_FORMATS[count]!r}, name=None",
        "inputs",
        note="In plain linen the number of channels must be known where the layer is made: "
        "`nn.Conv(channels * multiplier, kernel, feature_group_count=channels)`.",
        gives_array=True,
        source=_DEPTHWISE,
    )


SYMBOLS = (
    *(_conv(count) for count in (1, 2, 3, None)),
    *(_conv_transpose(count) for count in (1, 2, 3, None)),
    *(_depthwise(count) for count in (1, 2, 3)),
    layer(
        "SeparableDepthwiseConv2D",
        "channel_multiplier, kernel_shape, stride=1, padding='SAME', with_bias=True, "
        "w_init=None, b_init=None, data_format='NHWC', name=None",
        "inputs",
        note="Two depthwise layers: (h, 1) without bias, then (1, w) with stride 1.",
        gives_array=True,
        source=_DEPTHWISE,
    ),
)
