"""Programs with hooks, written once and run in both frameworks."""

from types import SimpleNamespace

import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
from framework_programs import KEY, leaves_by_path
from haiku_reference import DEFINITIONS
from same_keys import constant_keys

from hk2flax.linen import hooks, mixed_precision
from hk2flax.linen.gradients import value_and_grad
from hk2flax.linen.hook_stacks import DO_NOT_STORE, HOOKS
from hk2flax.linen.introspection import running_init, transparent
from hk2flax.linen.jax_transforms import remat, vmap
from hk2flax.linen.layer_stack import layer_stack
from hk2flax.linen.loops import fori_loop, scan
from hk2flax.linen.transform import transform_with_state
from hk2flax.linen.variables import get_parameter, get_state, set_state


def haiku_module(name, call, **methods):
    """A module class with a compact ``__call__`` and, perhaps, plain methods."""
    return type(hk.Module)(name, (hk.Module,), {"__call__": call, **methods})


def linen_module(name, call, **methods):
    return type(nn.Module)(name, (nn.Module,), {"__call__": nn.compact(call), **methods})


HAIKU = SimpleNamespace(
    **{n: getattr(hk, n) for n in ("custom_creator", "custom_getter", "custom_setter")},
    **{n: getattr(hk, n) for n in ("get_parameter", "get_state", "set_state", "DO_NOT_STORE")},
    **{n: getattr(hk, n) for n in ("Linear", "BatchNorm", "Embed", "LayerNorm", "GRU", "nets")},
    **{n: getattr(hk, n) for n in ("ExponentialMovingAverage", "SpectralNorm")},
    **{n: getattr(hk, n) for n in ("layer_stack", "remat", "scan", "vmap", "fori_loop")},
    **{n: getattr(hk, n) for n in ("initializers", "running_init", "value_and_grad")},
    mixed_precision=hk.mixed_precision,
    transparent=hk.transparent,
    module=haiku_module,
    zeros=jnp.zeros,
    ones=jnp.ones,
)
_LAYERS = SimpleNamespace(**DEFINITIONS)
FLAX = SimpleNamespace(
    **{n: getattr(hooks, n) for n in ("custom_creator", "custom_getter", "custom_setter")},
    **{n: DEFINITIONS[n] for n in ("Linear", "BatchNorm", "Embed", "LayerNorm", "GRU")},
    **{n: DEFINITIONS[n] for n in ("ExponentialMovingAverage", "SpectralNorm")},
    nets=_LAYERS,
    get_parameter=get_parameter,
    get_state=get_state,
    set_state=set_state,
    DO_NOT_STORE=DO_NOT_STORE,
    layer_stack=layer_stack,
    remat=remat,
    scan=scan,
    vmap=vmap,
    fori_loop=fori_loop,
    running_init=running_init,
    value_and_grad=value_and_grad,
    initializers=_LAYERS,
    mixed_precision=mixed_precision,
    transparent=transparent,
    module=linen_module,
    zeros=nn.initializers.zeros,
    ones=nn.initializers.ones,
)


def flat(tree):
    """(dtype, value) by path, without the collection and ``~`` levels."""
    return {p: (str(v.dtype), np.asarray(v, np.float64)) for p, v in leaves_by_path(tree).items()}


def state_by_path(state):
    merged = {}
    for tree in state.values():
        merged.update(leaves_by_path(tree))
    return merged


def assert_flat(actual, expected):
    assert {p: d for p, (d, _) in actual.items()} == {p: d for p, (d, _) in expected.items()}
    for path, (_, value) in expected.items():
        np.testing.assert_array_equal(actual[path][1], value, err_msg=path)


def close(actual, expected):
    """Equal dtypes and values; the two programs run the same operations."""
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    for a, b in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        assert jnp.asarray(a).dtype == jnp.asarray(b).dtype
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


def compare(program, *args, steps=2, jit=False, grads=True):
    """Run ``program(lib, *args)`` in both: init trees, outputs, state over steps, gradients.

    Returns what init gave in Haiku, by path.
    """
    old = hk.transform_with_state(lambda *a: program(HAIKU, *a))
    new = transform_with_state(lambda *a: program(FLAX, *a))
    wrap = jax.jit if jit else (lambda f: f)
    with constant_keys(KEY):
        haiku_params, haiku_state = wrap(old.init)(KEY, *args)
        params, state = wrap(new.init)(KEY, *args)
        assert_flat(flat(params), flat(haiku_params))
        assert_flat(flat(state_by_path(state)), flat(haiku_state))
        initial = flat(haiku_params), flat(haiku_state)
        old_apply, new_apply = wrap(old.apply), wrap(new.apply)
        for _ in range(steps):
            expected, haiku_state = old_apply(haiku_params, haiku_state, KEY, *args)
            actual, state = new_apply(params, state, KEY, *args)
            close(actual, expected)
            close(dict(sorted(state_by_path(state).items())), dict(sorted(plain(haiku_state))))
        if grads:

            def loss(params, apply, state):
                out = apply(params, state, KEY, *args)[0]
                return sum(jnp.sum(leaf.astype(jnp.float32) ** 2) for leaf in jax.tree.leaves(out))

            expected = jax.grad(loss)(haiku_params, old.apply, haiku_state)
            actual = jax.grad(loss)(params, new.apply, state)
            close(dict(sorted(leaves_by_path(actual).items())), dict(sorted(plain(expected))))
    assert not any(vars(HOOKS)[kind] for kind in vars(HOOKS))
    return initial


def plain(tree):
    return leaves_by_path(tree).items()
