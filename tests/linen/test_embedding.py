import flax.linen as nn
import jax.numpy as jnp
import numpy as np
import pytest
from haiku_reference import KEY, check, ours, rnd

IDS = np.array([[0, 3, 5], [1, 1, 2]])
OUTSIDE = np.array([-7, -1, 6, 100])


@pytest.mark.parametrize("style", ["ARRAY_INDEX", "one_hot"])
@pytest.mark.parametrize("ids", [IDS, OUTSIDE])
def test_lookup(style, ids):
    check(lambda lib: lib.Embed(6, 3, lookup_style=style), ids)
    check(lambda lib: lib.Embed(6, 3), ids, lookup_style=style)


def test_enum_lists_and_one_row():
    check(lambda lib: lib.Embed(6, 3, lookup_style=lib.EmbedLookupStyle.ONE_HOT), IDS)
    check(lambda lib: lib.Embed(1, 3, lookup_style="ONE_HOT"), np.array([0, 1]), compiler="full")
    check(lambda lib: lib.Embed(6, 3, w_init=lib.initializers.Constant(1.0)), IDS, precision="high")


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float16, jnp.bfloat16])
@pytest.mark.parametrize("style", ["ARRAY_INDEX", "ONE_HOT"])
def test_given_matrix(dtype, style):
    matrix = rnd(6, 3, dtype=dtype)
    check(lambda lib: lib.Embed(embedding_matrix=matrix, lookup_style=style), IDS)
    start = ours.Embed(embedding_matrix=matrix).init(KEY, IDS)["params"]["embeddings"]
    np.testing.assert_array_equal(start, matrix)


def test_table_is_float32_and_can_be_shared():
    class Tied(nn.Module):
        @nn.compact
        def __call__(self, ids):
            embed = ours.Embed(6, 3, name="embed")
            return embed(ids) @ embed.embeddings.T

    variables = Tied().init(KEY, IDS)
    table = variables["params"]["embed"]["embeddings"]
    assert table.dtype == jnp.float32
    np.testing.assert_array_equal(Tied().apply(variables, IDS), table[IDS] @ table.T)


def test_refuses_what_haiku_refuses():
    for arguments in [(), (6,), (5, 3, np.ones((6, 3))), (6, 4, np.ones((6, 3)))]:
        with pytest.raises(ValueError, match="Embed"):
            ours.Embed(*arguments)
    with pytest.raises(ValueError, match="integers"):
        ours.Embed(6, 3).init(KEY, jnp.ones(2))
    with pytest.raises(AttributeError):
        ours.Embed(6, 3, lookup_style="hash").init(KEY, IDS)
