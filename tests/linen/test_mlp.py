import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import pytest
from haiku_reference import (
    KEY,
    assert_equal,
    assert_same_shapes,
    carried,
    check,
    ours,
    randomize,
    rnd,
)


@pytest.mark.parametrize(
    "options", [{}, dict(activate_final=True), dict(with_bias=False), dict(activation=jnp.tanh)]
)
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_options(options, dtype):
    check(lambda lib: lib.nets.MLP([4, 3], **options), rnd(2, 5, dtype=dtype))


def test_dropout_before_the_activation():
    def build(lib):
        return lib.nets.MLP((4, 4, 3), activation=jnp.cos, activate_final=True)

    check(build, rnd(2, 5), 0.5, jax.random.PRNGKey(1))


def test_seed_instead_of_key():
    run = hk.transform(lambda x: hk.nets.MLP([4, 3])(x, 0.5, 7))
    params = randomize(run.init(KEY, rnd(2, 5)))
    mine = ours.MLP([4, 3]).apply(carried(params), rnd(2, 5), 0.5, 7)
    assert_equal(mine, run.apply(params, None, rnd(2, 5)))


def test_generator_and_no_layers():
    check(lambda lib: lib.nets.MLP(n for n in (4, 3)), rnd(2, 5), grads=False)
    check(lambda lib: lib.nets.MLP([]), rnd(2, 5))
    assert ours.MLP([4, 3]).output_size == 3 and ours.MLP([]).output_size is None


class Reversed(nn.Module):
    @nn.compact
    def __call__(self, x):
        mlp = ours.MLP([4, 3], name="mlp")
        y = mlp(x)
        return mlp.reverse(activate_final=True)(y)


def test_reverse():
    def run(x):
        mlp = hk.nets.MLP([4, 3])
        y = mlp(x)
        return mlp.reverse(activate_final=True)(y)

    theirs = hk.transform(run)
    x = rnd(2, 5)
    params = randomize(theirs.init(KEY, x))
    tree = {"mlp": {}, "mlp_reversed": {}}  # Haiku: mlp/~reverse/mlp_reversed
    for path, leaves in params.items():
        tree["mlp_reversed" if "reverse" in path else "mlp"][path.split("/")[-1]] = leaves
    assert_same_shapes(jax.eval_shape(Reversed().init, KEY, x)["params"], tree)
    assert_equal(Reversed().apply({"params": tree}, x), theirs.apply(params, None, x))


def test_refuses_what_haiku_refuses():
    with pytest.raises(ValueError, match="b_init"):
        ours.MLP([3], b_init=ours.Constant(1.0), with_bias=False)
    for arguments in [dict(dropout_rate=0.5), dict(rng=KEY)]:
        with pytest.raises(ValueError, match="both"):
            ours.MLP([3]).init(KEY, rnd(2, 5), **arguments)
    with pytest.raises(ValueError, match="been called"):
        ours.MLP([3]).init(KEY, method=lambda mlp: mlp.reverse())
