import haiku as hk
import jax
import jax.numpy as jnp
import pytest
from haiku_reference import KEY, assert_equal, carried, ours, rnd, transformed
from test_moving_averages import compare_trees


@pytest.mark.parametrize("shape", [(4, 3), (2, 2, 3)])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
@pytest.mark.parametrize("arguments", [(), (1e-2, 3)])
def test_steps(shape, dtype, arguments):
    init, apply = transformed(lambda lib: lib.SpectralNorm(*arguments))
    module, value = ours.SpectralNorm(*arguments), rnd(*shape, dtype=dtype)
    params, state = init(KEY, value)
    variables = carried(params, state)
    assert jax.tree.structure(module.init(KEY, value)) == jax.tree.structure(variables)
    for step in range(3):
        expected, state = apply({}, state, value + step)
        mine, variables = module.apply(variables, value + step, mutable=["state"])
        assert_equal(mine, expected)
        assert_equal(variables, carried({}, state))


def test_gradient():
    init, apply = transformed(lambda lib: lib.SpectralNorm())
    _, state = init(KEY, rnd(4, 3))
    theirs = jax.grad(lambda w: jnp.sum(apply({}, state, w, False)[0] ** 2))(rnd(4, 3))

    def run(w):
        return ours.SpectralNorm().apply(carried({}, state), w, False)

    assert_equal(jax.grad(lambda w: jnp.sum(run(w) ** 2))(rnd(4, 3)), theirs)


def test_first_sigma_is_kept_by_init():
    variables = ours.SpectralNorm().init(KEY, rnd(4, 3))
    again = ours.SpectralNorm().apply(variables, rnd(4, 3), mutable=["state"])[1]
    assert_equal(variables["state"]["sigma"], again["state"]["sigma"])
    sigma, _ = ours.SpectralNorm().apply({}, method=lambda norm: norm.sigma, mutable=["state"])
    assert (
        sigma
        == hk.transform_with_state(lambda: hk.SpectralNorm().sigma).init(KEY)[1]["spectral_norm"][
            "sigma"
        ]
    )


def test_refuses_what_haiku_refuses():
    with pytest.raises(ValueError, match="matrix"):
        ours.SpectralNorm().init(KEY, rnd(3))
    with pytest.raises(ValueError, match="matrix"):
        ours.SpectralNorm().init(KEY, rnd(2, 2, 2), error_on_non_matrix=True)


def test_params_tree():
    names = {"lin___tilde__a__w": "lin__a__w", "out__w": "out__w"}
    compare_trees(lambda lib: lib.SNParamsTree(ignore_regex=".*/b$"), names)
