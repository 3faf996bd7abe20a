"""Runs the same layer in Haiku and in `hk2flax.linen`, on the same weights.

A case is a function of one argument `lib`, which is `haiku` or `ours`: `lambda lib: lib.Linear(3)`.
"""

from __future__ import annotations

import importlib
import importlib.util
from types import SimpleNamespace

import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

KEY = jax.random.PRNGKey(42)
MOVING_AVERAGE = {"counter", "hidden", "average"}
LAYER_FILES = (
    *("attention", "batch_norm", "conv", "conv_lstm", "conv_transpose", "cores", "depthwise"),
    *("dropout", "embedding", "group_norm", "initializers", "layer_norm", "linear", "mlp"),
    *("mobilenet", "moving_averages", "pad", "pool", "recurrent", "reshape", "resnet", "rms_norm"),
    *("sequential", "spectral_norm", "unroll", "vqvae"),
)


def _definitions() -> dict:
    """Everything that the layer files define, by name."""
    found = {}
    for name in LAYER_FILES:
        if importlib.util.find_spec(f"hk2flax.linen.{name}") is None:
            continue
        module = importlib.import_module(f"hk2flax.linen.{name}")
        for key, value in vars(module).items():
            if getattr(value, "__module__", None) == module.__name__:
                assert key not in found, f"{key} is defined twice"
                found[key] = value
    return found


DEFINITIONS = _definitions()
_names = SimpleNamespace(**DEFINITIONS)
ours = SimpleNamespace(**DEFINITIONS, initializers=_names, nets=_names, pad=_names)


def rnd(*shape, seed=0, dtype=jnp.float32, loc=0.0, scale=1.0):
    values = jax.random.normal(jax.random.PRNGKey(seed), shape) * scale + loc
    return values.astype(dtype)


def randomize(tree, seed=0):
    """Other values for every float leaf, so that nothing hides behind zeros and ones."""
    leaves, structure = jax.tree.flatten(tree)
    keys = jax.random.split(jax.random.PRNGKey(seed + 7), max(len(leaves), 1))
    new = [
        (0.5 * jax.random.normal(key, leaf.shape) + 0.1).astype(leaf.dtype)
        if jnp.issubdtype(leaf.dtype, jnp.floating)
        else leaf
        for key, leaf in zip(keys, leaves, strict=False)
    ]
    return jax.tree.unflatten(structure, new)


def carried(params, state=None) -> dict:
    """The helper's variables: Haiku's trees without the `~` levels and the top module's name."""
    flat = {}
    for tree in (params, state or {}):
        for path, leaves in tree.items():
            inner = tuple(part for part in path.split("/") if not part.startswith("~"))[1:]
            if tree is params:
                collection = "params"
            else:
                collection = "batch_stats" if set(leaves) <= MOVING_AVERAGE else "state"
            for name, value in leaves.items():
                flat[(collection, *inner, name)] = value
    return unflatten_dict(flat)


def transformed(build, method="__call__"):
    """A Haiku pair whose apply is called as `apply(params, state, *args, **kwargs)`."""

    def run(*args, **kwargs):
        return getattr(build(hk), method)(*args, **kwargs)

    pair = hk.transform_with_state(run)
    return pair.init, lambda params, state, *a, **k: pair.apply(params, state, None, *a, **k)


def assert_equal(ours_, theirs, tol=0.0, what=""):
    """Equal structure, shapes, dtypes and, up to `tol`, values (NaN equals NaN)."""
    ours_, theirs = nn.unbox(ours_), nn.unbox(theirs)
    left = jax.tree_util.tree_leaves_with_path(ours_)
    right = jax.tree_util.tree_leaves_with_path(theirs)
    assert [p for p, _ in left] == [p for p, _ in right], what
    for (path, a), (_, b) in zip(left, right, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        label = f"{what} {jax.tree_util.keystr(path)}"
        assert (a.shape, a.dtype) == (b.shape, b.dtype), label
        if jnp.issubdtype(a.dtype, jnp.inexact):
            a, b = (v if np.iscomplexobj(v) else v.astype(np.float64) for v in (a, b))
            np.testing.assert_allclose(a, b, rtol=0, atol=tol, err_msg=label)
        else:
            np.testing.assert_array_equal(a, b, err_msg=label)


def weighted_sum(tree):
    """A scalar that every float output contributes to differently."""
    total = 0.0
    for i, leaf in enumerate(jax.tree.leaves(tree)):
        if jnp.issubdtype(leaf.dtype, jnp.floating):
            total += jnp.sum(leaf.astype(jnp.float32) * rnd(*leaf.shape, seed=90 + i))
    return total


def check(build, *args, tol=0.0, grad_tol=None, steps=1, grads=True, jit=False, init=(), **kwargs):
    """Compares initial trees, outputs and new state over `steps`, and gradients of the parameters.

    `init` holds keyword arguments of the call that initialises where they differ. Returns the
    variables after the last step.
    """
    grad_tol = tol if grad_tol is None else grad_tol
    hk_init, hk_apply = transformed(build)
    init_kwargs = {**kwargs, **dict(init)}
    params, state = hk_init(KEY, *args, **init_kwargs)
    module = build(ours)
    variables = nn.unbox(module.init(KEY, *args, **init_kwargs))
    like = carried(params, state)
    assert jax.tree.structure(flatten_dict(variables)) == jax.tree.structure(flatten_dict(like))
    for path, leaf in flatten_dict(like).items():
        mine = flatten_dict(variables)[path]
        assert (mine.shape, mine.dtype) == (leaf.shape, leaf.dtype), path
    averages = like.get("batch_stats", {})
    assert_equal(variables.get("batch_stats", {}), averages, tol, "initial state")

    params = randomize(params)
    collections = ["batch_stats", "state"]

    def our_apply(weights, rest, *args):
        return module.apply({**rest, "params": weights}, *args, mutable=collections, **kwargs)

    def their_apply(params, state, *args):
        return hk_apply(params, state, *args, **kwargs)

    if jit:
        our_apply, their_apply = jax.jit(our_apply), jax.jit(their_apply)
    for step in range(steps):
        shift = [
            a if step == 0 or not jnp.issubdtype(jnp.asarray(a).dtype, jnp.floating) else a + step
            for a in jax.tree.leaves(args)
        ]
        inputs = jax.tree.unflatten(jax.tree.structure(args), shift)
        before = carried(params, state)
        weights = before.pop("params", {})
        theirs, new_state = their_apply(params, state, *inputs)
        mine, updated = our_apply(weights, before, *inputs)
        assert_equal(mine, theirs, tol, f"step {step}: output")
        expected = carried({}, new_state)
        assert_equal(updated, expected, tol, f"step {step}: state")
        if grads and params:
            theirs = jax.grad(lambda p, s, i: weighted_sum(their_apply(p, s, *i)[0]))(
                params, state, inputs
            )
            mine = jax.grad(lambda w, s, i: weighted_sum(our_apply(w, s, *i)[0]))(
                weights, before, inputs
            )
            assert_equal(mine, carried(theirs)["params"], grad_tol, f"step {step}: gradients")
        state = new_state
    return {"params": weights, **updated}
