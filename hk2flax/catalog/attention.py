"""Attention."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from .build import NAME, ZEROS, layer
from .convert import omit_if, parenthesised, parse
from .model import OMIT, Arg, Leaf, Native, Value

_NEVER_NONE = (ast.BinOp, ast.BoolOp)


def _default_scaling(value: Value) -> str | None:
    """The deprecated `w_init_scale`."""
    if value.literal is None:
        return OMIT
    scale = value.text
    return f'nn.initializers.variance_scaling({scale}, "fan_in", "truncated_normal")'


def _is_repeatable(text: str) -> bool:
    """Whether the expression may be written twice: it calls nothing."""
    node = parse(text)
    banned = (ast.Call, ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)
    return node is not None and not any(isinstance(part, banned) for part in ast.walk(node))


def _widths(given: Mapping[str, Value]) -> Mapping[str, str] | None:
    """qkv_features and out_features, which linen would take from the width of the input."""
    heads, key_size = given["num_heads"], given["key_size"]
    value_size, model_size = given.get("value_size"), given.get("model_size")
    if value_size and value_size.literal is not None and value_size.text != key_size.text:
        return None
    if not (_is_repeatable(heads.text) and _is_repeatable(key_size.text)):
        return None
    if type(heads.literal) is int and type(key_size.literal) is int:
        width = str(heads.literal * key_size.literal)
    else:
        width = f"{parenthesised(heads.text)} * {parenthesised(key_size.text)}"
    out = width
    if model_size and model_size.literal is not None:
        sure = type(model_size.literal) is int or isinstance(parse(model_size.text), _NEVER_NONE)
        out = model_size.text if sure else f"{parenthesised(model_size.text)} or {width}"
    return {"qkv_features": width, "out_features": out}


_PROJECTION = (("reshape", ("k", "num_heads", -1)),)
_PROJECTION_BIAS = (("reshape", ("num_heads", -1)),)
_OUT = (("swap", 0, 1), ("reshape", ("k", "num_heads", -1)), ("transpose", (1, 2, 0)))

SYMBOLS = (
    layer(
        "MultiHeadAttention",
        "num_heads, key_size, w_init_scale=None, *, w_init=None, with_bias=True, b_init=None, "
        "value_size=None, model_size=None, name=None",
        "query, key, value, mask=None",
        Native(
            "flax.linen.MultiHeadDotProductAttention",
            args={
                "num_heads": Arg("num_heads"),
                "w_init_scale": Arg("kernel_init", _default_scaling),
                "w_init": Arg("kernel_init", omit_if(None)),
                "with_bias": Arg("use_bias"),
                "b_init": Arg("bias_init", ZEROS),
                "name": NAME,
            },
            positional=1,
            combine=_widths,
            combined=("key_size", "value_size", "model_size"),
            call={
                "query": Arg("inputs_q"),
                "key": Arg("inputs_k"),
                "value": Arg("inputs_v"),
                "mask": Arg("mask"),
            },
            call_positional=3,
            leaves=(
                *(
                    leaf
                    for part in ("query", "key", "value")
                    for leaf in (
                        Leaf(f"{part}/w", f"{part}/kernel", ops=_PROJECTION),
                        Leaf(f"{part}/b", f"{part}/bias", ops=_PROJECTION_BIAS),
                    )
                ),
                Leaf("linear/w", "out/kernel", ops=_OUT),
                Leaf("linear/b", "out/bias"),
            ),
        ),
        note="linen takes the widths from the input unless told. A value_size of its own, and "
        "batch dimensions that broadcast, need the helper. With float16 inputs a row that is "
        "masked everywhere is NaN in Haiku and uniform in linen; with bfloat16 inputs results "
        "differ by a few units in the last place.",
        source="haiku/_src/attention.py; flax/linen/attention.py; arXiv:1706.03762",
    ),
)
