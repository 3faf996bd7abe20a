"""Whole networks without normalisation, and vector quantisers."""

from tests.symbols.inputs import normal
from tests.symbols.proof import Proof

INPUTS = {"x": normal(2, 3, 4)}
SAME = ({"training": True}, {"training": True}, {"training": False}, {"training": True})

PROOFS = {
    "haiku.nets.MLP": Proof(
        helper=(
            "hk.nets.MLP([4, 3])(rows)",
            "hk.nets.MLP(output_sizes=(5,), activate_final=True, name='net')(sequence)",
            "hk.nets.MLP([4, 4, 2], with_bias=False, activation=jnp.tanh)(rows)",
            "hk.nets.MLP([4], hk.initializers.RandomNormal(), b_init=jnp.ones)(inputs=row)",
            "hk.nets.MLP((n for n in (4, 3)), w_init=jnp.ones)(rows)",
            "hk.nets.MLP([])(rows)",
            "hk.nets.MLP([4, 4, 3], activation=jnp.cos)(rows, 0.5, hk.next_rng_key())",
            "hk.nets.MLP([4, 3], activate_final=True)(rows, dropout_rate=0.25, rng=7)",
            """
            mlp = hk.nets.MLP([4, 3], activation=jnp.sin)
            y = mlp(rows)
            back = mlp.reverse(activate_final=True)
            return back(y), mlp.output_size, hk.nets.MLP([]).output_size
            """,
            """
            mlp = hk.nets.MLP([4, 3], name='there')
            y = mlp(rows)
            return mlp.reverse(name='back')(y)
            """,
        ),
    ),
    "haiku.nets.VectorQuantizer": Proof(
        helper=(
            "hk.nets.VectorQuantizer(4, 6, 0.25)(x, training)",
            "hk.nets.VectorQuantizer(embedding_dim=2, num_embeddings=5, commitment_cost=1.0,"
            " name='codes')(inputs=x[..., :2], is_training=training)",
            "hk.nets.VectorQuantizer(4, 6, 0.25, jnp.bfloat16)(x.astype(jnp.bfloat16), training)",
            """
            codes = hk.nets.VectorQuantizer(4, 6, 0.25)
            codes(x, training)
            return codes.embeddings, codes.quantize(jnp.array([[0, 5], [2, 2]]))
            """,
            """
            codes = hk.nets.VectorQuantizer(4, 6, 0.25, cross_replica_axis='i')
            return hk.vmap(lambda row: codes(row, training), axis_name='i', split_rng=False)(x)
            """,
        ),
        single=("hk.nets.VectorQuantizer(4, 6, 0.25, dtype=jnp.float32)(x, training)",),
        inputs=INPUTS,
        modes=({"training": True}, {"training": False}),
        half=None,
    ),
    "haiku.nets.VectorQuantizerEMA": Proof(
        helper=(
            "hk.nets.VectorQuantizerEMA(4, 6, 0.25, 0.9)(x, training)",
            "hk.nets.VectorQuantizerEMA(embedding_dim=2, num_embeddings=5, commitment_cost=1.0,"
            " decay=0.5, epsilon=1e-2, name='codes')(inputs=x[..., :2], is_training=training)",
            "hk.nets.VectorQuantizerEMA(4, 6, 0.25, 0.9, dtype=jnp.bfloat16)("
            "x.astype(jnp.bfloat16), training)",
            """
            codes = hk.nets.VectorQuantizerEMA(4, 6, 0.25, 0.9)
            codes(x, training)
            return codes.embeddings, codes.quantize(jnp.array([1, 2]))
            """,
            """
            codes = hk.nets.VectorQuantizerEMA(4, 6, 0.25, 0.9, cross_replica_axis='i')
            return hk.vmap(lambda row: codes(row, training), axis_name='i', split_rng=False)(x)
            """,
        ),
        inputs=INPUTS,
        modes=SAME,
        half=None,
    ),
}
