"""Functions that make a pair of init and apply, and the types of those pairs."""

from __future__ import annotations

from .build import symbol

_SOURCE = "haiku/_src/transform.py"
_MULTI = "haiku/_src/multi_transform.py"
_NOTE = (
    "The helper returns Haiku's pair: `params` is the linen params collection, `state` a dict of "
    "the other collections."
)

SYMBOLS = (
    symbol(
        "transform",
        "transform",
        "f, *, apply_rng=True",
        plain="the linen module itself, where all its uses are seen",
        note=f"{_NOTE} In linen terms `model.init(rng, x)['params']` and "
        "`model.apply({'params': params}, x, rngs={'dropout': rng})`.",
        source=_SOURCE,
    ),
    symbol(
        "transform_with_state",
        "transform",
        "f",
        plain="the linen module itself, where all its uses are seen",
        note=f"{_NOTE} In linen terms `model.apply({{'params': params, **state}}, x, "
        "mutable=list(state))`.",
        source=_SOURCE,
    ),
    symbol("multi_transform", "transform", "f", note=_NOTE, source=_MULTI),
    symbol("multi_transform_with_state", "transform", "f", note=_NOTE, source=_MULTI),
    symbol(
        "without_apply_rng",
        "transform",
        "f",
        note="Takes the rng argument away from apply.",
        source=_MULTI,
    ),
    symbol(
        "without_state",
        "transform",
        "f",
        note="Takes the state away; raises where there is any.",
        source=_SOURCE,
    ),
    symbol(
        "with_empty_state",
        "transform",
        "f",
        note="Adds an empty state to both functions.",
        source=_SOURCE,
    ),
    symbol("Transformed", "type", "init, apply", note="A named tuple.", source=_SOURCE),
    symbol("TransformedWithState", "type", "init, apply", note="A named tuple.", source=_SOURCE),
    symbol("MultiTransformed", "type", "init, apply", note="A named tuple.", source=_MULTI),
    symbol(
        "MultiTransformedWithState", "type", "init, apply", note="A named tuple.", source=_MULTI
    ),
)
