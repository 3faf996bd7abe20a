"""What the tests of the framework helpers share: one layer in both frameworks, and a comparison."""

import flax
import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np

from hk2flax.linen.transform import transform_with_state

# The programs are tiny: compiling them is all that takes time.
jax.config.update("jax_disable_most_optimizations", True)

KEY = jax.random.PRNGKey(0)
X = jax.random.normal(jax.random.PRNGKey(7), (2, 3))


class Linear(nn.Module):
    """`hk.Linear` with explicit parameters, so that only the framework can make a difference."""

    size: int = 3

    @nn.compact
    def __call__(self, x):
        w = self.param("w", nn.initializers.normal(1.0), (x.shape[-1], self.size))
        return x @ w + self.param("b", nn.initializers.zeros, (self.size,))


class ConstantLinear(nn.Module):
    """A layer with constant weights, so that values at init can be compared."""

    @nn.compact
    def __call__(self, x):
        return x * self.param("w", nn.initializers.constant(0.5), ())


class HkConstantLinear(hk.Module):
    def __call__(self, x):
        return x * hk.get_parameter("w", [], init=hk.initializers.Constant(0.5))


def leaves_by_path(tree):
    """Leaves of a Flax tree or of Haiku's two levels, by path without ``~`` levels."""
    flat = flax.traverse_util.flatten_dict(flax.core.unfreeze(dict(tree)), sep="/")
    plain = {"/".join(p for p in path.split("/") if p[0] != "~"): v for path, v in flat.items()}
    assert len(plain) == len(flat)
    return plain


def shapes(tree):
    return {path: np.shape(leaf) for path, leaf in leaves_by_path(tree).items()}


def like(flax_tree, haiku_tree, rename):
    """`haiku_tree` in the structure of `flax_tree`; `rename` makes a Haiku path a Flax path."""
    values = {rename(path): leaf for path, leaf in leaves_by_path(haiku_tree).items()}
    flat = flax.traverse_util.flatten_dict(flax_tree, sep="/")
    names = {path: "/".join(p for p in path.split("/") if p[0] != "~") for path in flat}
    assert sorted(names.values()) == sorted(values), (sorted(names.values()), sorted(values))
    return flax.traverse_util.unflatten_dict({p: values[n] for p, n in names.items()}, sep="/")


def random_like(tree):
    rng = np.random.RandomState(1)
    return jax.tree.map(lambda x: jnp.asarray(rng.randn(*np.shape(x)) * 0.5, jnp.float32), tree)


def assert_close(a, b, tol=1e-5):
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=tol, atol=tol), a, b)


def assert_same(before, after, *args, rename=lambda path: path, grads=True, steps=2, init=True):
    """Same parameters, state, outputs over several applies, gradients; no tracer leaks."""
    old, new = hk.transform_with_state(before), transform_with_state(after)
    haiku_params, haiku_state = jax.jit(old.init)(KEY, *args)
    params, state = jax.jit(new.init)(KEY, *args)
    haiku_params = random_like(haiku_params)
    assert shapes(params) == {rename(p): s for p, s in shapes(haiku_params).items()}
    initial = like(state.get("state", {}), haiku_state, rename)
    if init:
        assert_close(state.get("state", {}), initial)
    start = {"state": initial} if initial else {}
    params = like(params, haiku_params, rename)

    with jax.checking_leaks():
        jax.eval_shape(new.init, KEY, *args)
        jax.eval_shape(new.apply, params, start, KEY, *args)

    old_apply, new_apply = jax.jit(old.apply), jax.jit(new.apply)
    current, haiku_current = start, haiku_state
    for _ in range(steps):
        expected, haiku_current = old_apply(haiku_params, haiku_current, KEY, *args)
        actual, current = new_apply(params, current, KEY, *args)
        assert_close(actual, expected)
        like_haiku = like(current.get("state", {}), haiku_current, rename)
        assert_close(current.get("state", {}), like_haiku)

    if grads:

        def loss(params, apply, state):
            out = apply(params, state, KEY, *args)[0]
            return sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(out))

        grad = jax.jit(jax.grad(loss), static_argnums=1)
        expected = grad(haiku_params, old.apply, haiku_state)
        actual = grad(params, new.apply, start)
        assert_close(actual, like(params, expected, rename), 1e-4)
