"""Dense layers, embeddings and containers."""

from __future__ import annotations

from .build import NAME, ZEROS, layer
from .convert import init_or
from .model import Arg, Leaf, Native

SYMBOLS = (
    layer(
        "Linear",
        "output_size, with_bias=True, w_init=None, b_init=None, name=None",
        "inputs, *, precision=None",
        Native(
            "flax.linen.Dense",
            args={
                "output_size": Arg("features"),
                "with_bias": Arg("use_bias"),
                "w_init": Arg("kernel_init", init_or("@default_kernel_init")),
                "b_init": Arg("bias_init", ZEROS),
                "name": NAME,
            },
            positional=1,
            exact={"kernel_init": "@default_kernel_init"},
            leaves=(Leaf("w", "kernel"), Leaf("b", "bias")),
            attributes={"output_size": "features", "with_bias": "use_bias"},
        ),
        note="Haiku's default weights are 0.88 times as wide as lecun_normal, linen's default. "
        "`precision` is an argument of the call in Haiku and of the constructor in linen.",
        gives_array=True,
        source="haiku/_src/basic.py; flax/linen/linear.py",
    ),
    layer(
        "Bias",
        "output_size=None, bias_dims=None, b_init=None, name=None",
        "inputs, multiplier=None",
        note="Leading ones of the bias shape are stripped: bias_dims=[1] on NHWC gives (H, 1, 1).",
        gives_array=True,
        source="haiku/_src/bias.py",
    ),
    layer(
        "Sequential",
        "layers, name=None",
        "inputs, *args, **kwargs",
        Native(
            "flax.linen.Sequential",
            args={"layers": Arg("layers"), "name": NAME},
            positional=1,
            call_positional=1,
            is_exact=False,
            differs="linen passes a tuple on as separate arguments and a dict as keywords, Haiku "
            "as one object; linen raises on an empty list, Haiku returns the input.",
        ),
        note="Plain linen is safe where no layer returns a tuple or a dict.",
        source="haiku/_src/basic.py; flax/linen/combinators.py",
    ),
    layer(
        "Embed",
        "vocab_size=None, embed_dim=None, embedding_matrix=None, w_init=None, "
        "lookup_style='ARRAY_INDEX', name=None, precision=jax.lax.Precision.HIGHEST",
        "ids, lookup_style=None, precision=None",
        Native(
            "flax.linen.Embed",
            args={
                "vocab_size": Arg("num_embeddings"),
                "embed_dim": Arg("features"),
                "w_init": Arg("embedding_init", init_or("nn.initializers.truncated_normal(1.0)")),
                "name": NAME,
            },
            positional=2,
            exact={"embedding_init": "nn.initializers.truncated_normal(1.0)"},
            leaves=(Leaf("embeddings", "embedding"),),
            attributes={
                "embeddings": "embedding",
                "vocab_size": "num_embeddings",
                "embed_dim": "features",
            },
            is_exact=False,
            differs="for an id that is out of range linen returns NaN, Haiku the nearest row; "
            "default weights have a deviation of 1/sqrt(features) in linen and 0.88 in Haiku.",
        ),
        note="The table is float32 whatever the input.",
        gives_array=True,
        source="haiku/_src/embed.py; flax/linen/linear.py",
    ),
)
