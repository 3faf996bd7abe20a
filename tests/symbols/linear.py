"""Dense layers, biases, embeddings, shapes and chains."""

import numpy as np

from tests.symbols.inputs import normal
from tests.symbols.proof import Proof

IMAGE_OF_6 = normal(2, 9, 8, 6)

PROOFS = {
    "haiku.Linear": Proof(
        native=(
            "hk.Linear(4)(row)",
            "hk.Linear(4, name='out')(rows)",
            "hk.Linear(output_size=3, with_bias=False)(sequence)",
            "hk.Linear(1, True, None, None)(image)",
            "hk.Linear(4, w_init=hk.initializers.RandomUniform(-1, 1))(rows)",
            "hk.Linear(4, w_init=hk.initializers.VarianceScaling(2.0), b_init=jnp.ones)(rows)",
            "hk.Linear(4, b_init=hk.initializers.Constant(3.0))(rows)",
            """
            init = None if rows.ndim == 2 else jnp.ones
            return hk.Linear(4, w_init=init)(rows)
            """,
        ),
        helper=(
            "hk.Linear(4)(rows, precision='highest')",
            "hk.Linear(4)(rows, precision=jax.lax.Precision.DEFAULT)",
        ),
    ),
    "haiku.Bias": Proof(
        helper=(
            "hk.Bias()(rows)",
            "hk.Bias((6,), name='shift')(row[None])",
            "hk.Bias(output_size=(9, 8, 6))(image)",
            "hk.Bias(bias_dims=[-1])(image)",
            "hk.Bias(bias_dims=(1, 3))(image)",
            "hk.Bias(bias_dims=[1])(image)",
            "hk.Bias(bias_dims=[])(image)",
            "hk.Bias(b_init=hk.initializers.RandomNormal())(image)",
            "hk.Bias()(rows, multiplier=-1)",
            "hk.Bias()(rows, rows)",
        ),
    ),
    "haiku.Embed": Proof(
        helper=(
            "hk.Embed(7, 4)(ids)",
            "hk.Embed(vocab_size=7, embed_dim=4, w_init=hk.initializers.RandomNormal(2.0))(ids)",
            "hk.Embed(7, 3, lookup_style='ONE_HOT')(ids)",
            "hk.Embed(7, 3, lookup_style=hk.EmbedLookupStyle.ONE_HOT, name='words')(ids)",
            "hk.Embed(7, 3)(ids, lookup_style='one_hot')",
            "hk.Embed(7, 3)(ids, hk.EmbedLookupStyle.ONE_HOT, precision='default')",
            "hk.Embed(7, 3, lookup_style='ONE_HOT', precision='high')(ids)",
            "hk.Embed(embedding_matrix=table)(ids)",
            "hk.Embed(7, 5, table, lookup_style='ONE_HOT')(ids)",
            "hk.Embed(1, 3)(ids)",
            "hk.Embed(7, 4)(outside)",
            "hk.Embed(7, 4, lookup_style='ONE_HOT')(outside)",
            """
            embed = hk.Embed(7, 6)
            return embed(ids), embed.embeddings @ row, embed.vocab_size, embed.embed_dim
            """,
        ),
        inputs={"table": normal(7, 5), "outside": np.array([-9, -1, 7, 100], np.int32)},
        more=(
            Proof(
                helper=(
                    "hk.Embed(embedding_matrix=table.astype(jnp.float16))(ids)",
                    "hk.Embed(embedding_matrix=table.astype(jnp.float16),"
                    " lookup_style='ONE_HOT')(ids)",
                ),
                inputs={"table": normal(7, 5)},
                half=None,
            ),
        ),
    ),
    "haiku.EmbedLookupStyle": Proof(
        helper=(
            "hk.EmbedLookupStyle.ONE_HOT.name",
            "hk.EmbedLookupStyle['ARRAY_INDEX'].value",
            "[style.name for style in hk.EmbedLookupStyle]",
            "isinstance(hk.EmbedLookupStyle.ONE_HOT, hk.EmbedLookupStyle)",
        ),
    ),
    "haiku.Flatten": Proof(
        helper=(
            "hk.Flatten()(image)",
            "hk.Flatten(preserve_dims=2)(image)",
            "hk.Flatten(-2, name='flat')(image)",
            "hk.Flatten(5)(image)",
            "hk.Flatten()(row)",
            "hk.Flatten()(rows)",
            "hk.Flatten(-1)(image), hk.Flatten(1)(image[:0])",
        ),
    ),
    "haiku.Reshape": Proof(
        helper=(
            "hk.Reshape((-1, 3))(image)",
            "hk.Reshape(output_shape=(72, 6), preserve_dims=1)(image)",
            "hk.Reshape([2, 4, -1], preserve_dims=2, name='split')(image)",
            "hk.Reshape((8, 6), preserve_dims=-2)(image)",
            "hk.Reshape((4, 3), preserve_dims=4)(image)",
            "hk.Reshape((3, -1))(row)",
            "hk.Reshape(())(image[:, 0, 0, :1])",
            "hk.Reshape((2, 3), -1)(image), hk.Reshape((12, 4), -2)(image)",
        ),
    ),
    "haiku.Sequential": Proof(
        native=(
            "hk.Sequential([hk.Linear(4), jax.nn.relu, hk.Linear(3)])(rows)",
            "hk.Sequential([hk.Linear(4), jnp.tanh], name='chain')(rows)",
        ),
        helper=(
            "hk.Sequential([])(rows)",
            "hk.Sequential((lambda x: (x, 2 * x), lambda pair: pair[0] + pair[1]))(rows)",
            "hk.Sequential(layer for layer in [hk.Linear(4), hk.Linear(2)])(rows)",
            "hk.Sequential([lambda x, y, scale: scale * (x @ y), hk.Linear(2)])("
            "rows, rows.T, scale=2)",
        ),
    ),
}
