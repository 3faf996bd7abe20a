"""Runs the same layer in Haiku and in `hk2flax.linen`, on the same weights.

A case is a function of one argument `lib`, which is `haiku` or `ours`: `lambda lib: lib.Linear(3)`.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
from types import SimpleNamespace

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

KEY = jax.random.PRNGKey(42)
# "quick" leaves out the optimisation of machine code, which takes longer than most tests run.
COMPILERS = {
    "eager": lambda run: run,
    "full": jax.jit,
    "quick": functools.partial(
        jax.jit,
        compiler_options={
            "xla_backend_optimization_level": 0,
            "xla_llvm_disable_expensive_passes": True,
            "xla_cpu_use_fusion_emitters": False,
        },
    ),
}
MOVING_AVERAGE = {"counter", "hidden", "average"}
LAYER_FILES = (
    *("attention", "batch_norm", "conv", "conv_lstm", "conv_transpose", "cores", "depthwise"),
    *("dropout", "embedding", "group_norm", "initializers", "layer_norm", "linear", "mlp"),
    *(
        "mobilenet",
        "moving_averages",
        "pad",
        "pool",
        "recurrent",
        "reshape",
        "residual",
        "resnet",
        "rms_norm",
    ),
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
    """Normal values; drawn by numpy, which has nothing to compile."""
    values = np.random.default_rng(seed).normal(loc, scale, shape)
    return jnp.asarray(values.astype(np.float32).astype(dtype))


def randomize(tree, seed=0):
    """Other values for every float leaf, so that nothing hides behind zeros and ones."""
    leaves, structure = jax.tree.flatten(tree)
    new = [
        rnd(*leaf.shape, seed=seed + 7 + i, dtype=leaf.dtype, loc=0.1, scale=0.5)
        if jnp.issubdtype(leaf.dtype, jnp.floating)
        else leaf
        for i, leaf in enumerate(leaves)
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


def assert_same_shapes(ours_, theirs):
    """Equal paths, shapes and dtypes."""
    left, right = flatten_dict(dict(ours_)), flatten_dict(theirs)
    shapes = [{k: (v.shape, v.dtype) for k, v in tree.items()} for tree in (left, right)]
    assert shapes[0] == shapes[1]


def weighted_sum(tree):
    """A scalar that every float output contributes to differently."""
    total = 0.0
    for i, leaf in enumerate(jax.tree.leaves(tree)):
        if jnp.issubdtype(leaf.dtype, jnp.floating):
            total += jnp.sum(leaf.astype(jnp.float32) * rnd(*leaf.shape, seed=90 + i))
    return total


def shifted(leaf, by):
    """Other inputs for the next step; added by numpy, which has nothing to compile."""
    leaf = jnp.asarray(leaf)
    floating = jnp.issubdtype(leaf.dtype, jnp.floating)
    return jnp.asarray((np.asarray(leaf) + by).astype(leaf.dtype)) if floating and by else leaf


def with_gradients(run):
    """`run(weights, ...) -> (outputs, state)`, with the gradients of the weights besides."""

    def loss(weights, *rest):
        outputs, state = run(weights, *rest)
        return weighted_sum(outputs), (outputs, state)

    def both(*args):
        (_, result), gradients = jax.value_and_grad(loss, has_aux=True)(*args)
        return *result, gradients

    return both


def check(
    build,
    *args,
    tol=0.0,
    grad_tol=None,
    steps=1,
    grads=True,
    compiler="quick",
    init=(),
    weighted=False,
    cast=None,
    **kwargs,
):
    """Compares initial trees, outputs and new state over `steps`, and gradients of the parameters.

    `init` holds keyword arguments of the call that initialises where they differ. `weighted` says
    that the first averages depend on weights, which the two sides draw with different keys; the
    state then starts with values of its own. `cast` is a dtype for the parameters that are not to
    follow the inputs.
    """
    hk_init, hk_apply = transformed(build)
    module = build(ours)
    init_kwargs = {**kwargs, **dict(init)}

    def their_init():
        return hk_init(KEY, *args, **init_kwargs)

    def our_init():
        return module.init(KEY, *args, **init_kwargs)

    params, state = jax.eval_shape(their_init)
    assert_same_shapes(jax.eval_shape(our_init), carried(params, state))
    if state and weighted:
        state = jax.tree.map(lambda leaf: jnp.full(leaf.shape, 2, leaf.dtype), state)
    elif state:
        params, state = COMPILERS[compiler](their_init)()
        averages = carried(params, state).get("batch_stats", {})
        mine = COMPILERS[compiler](our_init)().get("batch_stats", {})
        assert_equal(mine, averages, tol, "initial state")
    if cast is not None:
        params = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, cast), params)
    params = randomize(params)

    def our_apply(weights, rest, *args):
        collections = ["batch_stats", "state"]
        return module.apply({**rest, "params": weights}, *args, mutable=collections, **kwargs)

    def their_apply(params, state, *args):
        return hk_apply(params, state, *args, **kwargs)

    if grads and params:
        our_apply, their_apply = with_gradients(our_apply), with_gradients(their_apply)
    our_apply, their_apply = COMPILERS[compiler](our_apply), COMPILERS[compiler](their_apply)
    for step in range(steps):
        inputs = jax.tree.map(functools.partial(shifted, by=step), args)
        rest = carried(params, state)
        weights = rest.pop("params", {})
        theirs, new_state, *their_gradients = their_apply(params, state, *inputs)
        mine, our_state, *our_gradients = our_apply(weights, rest, *inputs)
        assert_equal(mine, theirs, tol, f"step {step}: output")
        assert_equal(our_state, carried({}, new_state), tol, f"step {step}: state")
        if our_gradients:
            theirs = carried(their_gradients[0])["params"]
            what = f"step {step}: gradients"
            assert_equal(our_gradients[0], theirs, tol if grad_tol is None else grad_tol, what)
        state = new_state
