"""Functions without parameters."""

from __future__ import annotations

from .build import symbol
from .model import Arg, Native, Symbol

_SOURCE = "haiku/_src/basic.py"

SYMBOLS = (
    Symbol(
        "haiku.BatchApply",
        "function",
        "f, num_dims=2",
        "*args, **kwargs",
        Native(
            "flax.linen.BatchApply",
            args={"f": Arg("f"), "num_dims": Arg("num_dims")},
            positional=2,
            hides_modules=True,
        ),
        helper="BatchApply",
        note="A plain object, not a module, on both sides. Made in a constructor it becomes the "
        "helper, a module, or linen would not see the module that it is given.",
        source="haiku/_src/basic.py; flax/linen/batch_apply.py",
    ),
    symbol(
        "dropout",
        "framework",
        "rng, rate, x, broadcast_dims=()",
        plain="`nn.Dropout(rate, deterministic=False)(x)`",
        note="`nn.Dropout(rate)(x, deterministic=False, rng=rng)` draws the same mask from the "
        "same key. Haiku has no `deterministic`: the caller's `if is_training` becomes it. Haiku "
        "accepts a traced rate and raises for a rate of 1; linen the other way round. What is "
        "infinite or NaN and dropped becomes 0 in linen and NaN in Haiku, which multiplies.",
        gives_array=True,
        source="haiku/_src/basic.py; flax/linen/stochastic.py; JMLR 15(56):1929",
    ),
    symbol(
        "one_hot",
        "function",
        "x, num_classes, dtype=jnp.float32",
        native=Native(
            "jax.nn.one_hot",
            args={"x": Arg("x"), "num_classes": Arg("num_classes"), "dtype": Arg("dtype")},
            positional=2,
        ),
        note="With jax_enable_x64 jax's default dtype is float64, Haiku's stays float32.",
        gives_array=True,
        source="haiku/_src/basic.py; jax/_src/nn/functions.py",
    ),
    symbol(
        "multinomial",
        "function",
        "rng, logits, num_samples",
        note="jax.random.categorical with the samples on the last axis.",
        source=_SOURCE,
    ),
    symbol(
        "expand_apply",
        "function",
        "f, axis=0",
        note="Adds an axis, applies, and takes it away again.",
        source=_SOURCE,
    ),
    symbol(
        "to_module",
        "framework",
        "f",
        note="Makes a module class of a function; Haiku's name is the function's name.",
        source=_SOURCE,
    ),
    symbol(
        "get_channel_index",
        "function",
        "data_format",
        note="1 for NC... and channels_first, -1 for N...C and channels_last.",
        source="haiku/_src/utils.py",
    ),
    Symbol(
        "haiku.EmbedLookupStyle",
        "type",
        helper="EmbedLookupStyle",
        note="An enumeration: ARRAY_INDEX, ONE_HOT.",
        source="haiku/_src/embed.py",
    ),
)
