"""Attention."""

import numpy as np

from tests.symbols.inputs import normal
from tests.symbols.proof import Proof

W = "w_init=hk.initializers.VarianceScaling()"
ORDER = (
    "linen divides the queries where Haiku divides the logits by sqrt(key_size), and it sums in "
    "another order over heads"
)

PROOFS = {
    "haiku.MultiHeadAttention": Proof(
        native=(
            "hk.MultiHeadAttention(2, 4, 1.0)(x, x, x)",
            f"hk.MultiHeadAttention(num_heads=2, key_size=4, {W}, name='heads')(q, k, v)",
            f"hk.MultiHeadAttention(2, 4, {W}, with_bias=False)(x, x, x, mask)",
            f"hk.MultiHeadAttention(3, 2, {W}, b_init=jnp.ones)(query=q, key=k, value=v)",
            f"hk.MultiHeadAttention(2, 4, {W}, value_size=4)(x, x, x, mask=mask > 0)",
            f"hk.MultiHeadAttention(2, 4, {W}, model_size=5)(x[0], x[0], x[0])",
            "hk.MultiHeadAttention(2, 4, w_init_scale=0.5)(x, x, x, mask=0 * mask)",
        ),
        helper=(
            f"hk.MultiHeadAttention(2, 4, {W}, value_size=3)(q, k, v)",
            f"hk.MultiHeadAttention(2, 4, {W}, value_size=3, model_size=5)(x, x, x, mask)",
            f"hk.MultiHeadAttention(int('2'), 4, {W})(x[:, None], x[None], x[None])",
        ),
        inputs={
            "x": normal(2, 3, 6),
            "q": normal(2, 4, 5, seed=1),
            "k": normal(2, 3, 6, seed=2),
            "v": normal(2, 3, 7, seed=3),
            "mask": (np.arange(18).reshape(2, 1, 3, 3) % 4 > 0).astype(np.int32),
        },
        tolerance=2e-6,
        gradient=1e-5,
        more=(
            # Rows that are masked everywhere: NaN in Haiku, whose fill overflows in float16.
            Proof(
                helper=(
                    """
                    y = x.astype(jnp.float16)
                    heads = hk.MultiHeadAttention(2, 4, w_init=jnp.ones)
                    return heads(y, y, y, jnp.zeros((2, 1, 3, 3)))
                    """,
                ),
                inputs={"x": normal(2, 3, 6)},
                half=None,
            ),
        ),
        why=ORDER,
    ),
}
