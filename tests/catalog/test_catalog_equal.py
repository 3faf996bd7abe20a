"""What the catalog writes computes what Haiku computes: both are run on the same weights."""

from __future__ import annotations

import ast

import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import traverse_util

from hk2flax.catalog import lookup
from hk2flax.catalog.definitions import DEFINITIONS, expand
from hk2flax.catalog.model import OMIT, Value
from hk2flax.catalog.signatures import bind_call, literal, parse_signature
from hk2flax.params.ops import apply_ops

KEY = jax.random.PRNGKey(0)


def values_of(bound: dict[str, ast.expr]) -> dict[str, Value]:
    return {name: Value(ast.unparse(node), literal(node)) for name, node in bound.items()}


def mapped(given, args, positional: int, order: tuple[str, ...]) -> str | None:
    """The arguments of a native call as text, or None where the helper is needed."""
    texts: list[str] = []
    for name, value in given.items():
        arg = args.get(name)
        text = arg.convert(value) if arg and arg.convert else value.text
        if arg is None or text is None:
            return None
        if arg.to and text != OMIT:
            leads = name in order[:positional] and order.index(name) == len(texts)
            texts.append(text if leads else f"{arg.to}={text}")
    return expand(", ".join(texts))[0]


def native_text(source: str) -> str | None:
    """The linen text for a Haiku constructor or function call, or None (helper)."""
    node = ast.parse(source, mode="eval").body
    symbol = lookup(ast.unparse(node.func).replace("hk.", "haiku."))
    native, signature = symbol.native, parse_signature(symbol.signature)
    given = values_of(bind_call(signature, node))
    combined = native.combine(given) if native.combine else {}
    if combined is None:
        return None
    rest = {
        name: value
        for name, value in given.items()
        if name in native.args
        or not (name in native.combined or value.literal == signature.default(name))
    }
    text = mapped(rest, native.args, native.positional, signature.positional)
    if text is None:
        return None
    written = ast.parse(f"f({text})", mode="eval").body
    taken = {keyword.arg for keyword in written.keywords} | combined.keys()
    taken |= {native.args[name].to for name in signature.positional[: len(written.args)]}
    more = {**native.always, **native.exact}
    parts = [text] if text else []
    parts += [f"{name}={value}" for name, value in combined.items()]
    parts += [f"{name}={value}" for name, value in more.items() if name not in taken]
    call = f"{native.target.replace('flax.linen', 'nn')}({', '.join(parts)})"
    return expand(call)[0]


def test_a_weight_initialiser_that_may_be_none():
    text = native_text("hk.Linear(4, w_init=init)")
    assert text == "nn.Dense(4, kernel_init=init or default_kernel_init)"
    assert run(text, init=None).kernel_init is not None


def run(text: str, **more: object) -> object:
    definitions = {name: eval(value, {"nn": nn}) for name, value in DEFINITIONS.items()}
    return eval(text, {"nn": nn, "jax": jax, "jnp": jnp, "np": np, "hk": hk, **definitions, **more})


def resolved(op: tuple, given: dict[str, Value]) -> tuple:
    if op[0] != "reshape":
        return op
    return (op[0], tuple(given[dim].literal if dim in given else dim for dim in op[1]))


def convert(source: str, *trees: dict) -> dict:
    """Haiku's leaves of one layer as linen variables, by the entry's leaf table."""
    node = ast.parse(source, mode="eval").body
    symbol = lookup(ast.unparse(node.func).replace("hk.", "haiku."))
    given = values_of(bind_call(parse_signature(symbol.signature), node))
    leaves = {leaf.haiku: leaf for leaf in symbol.native.leaves}
    flat: dict[tuple[str, ...], object] = {}
    for tree in trees:
        for module, entries in tree.items():
            below = module.partition("/")[2]
            for name, array in entries.items():
                path = f"{below}/{name}".lstrip("/")
                if path in symbol.native.dropped:
                    continue
                leaf = leaves[path]
                ops = [resolved(op, given) for op in leaf.ops]
                flat[(leaf.collection, *leaf.flax.split("/"))] = apply_ops(array, ops)
    return traverse_util.unflatten_dict(flat)


def randomised(tree):
    leaves, structure = jax.tree.flatten(tree)
    keys = jax.random.split(KEY, len(leaves))
    drawn = [
        (jax.random.uniform(k, x.shape, minval=0.2, maxval=0.9)).astype(x.dtype)
        for k, x in zip(keys, leaves, strict=True)
    ]
    return jax.tree.unflatten(structure, drawn)


def inputs_of(*shapes: tuple[int, ...]) -> list[jax.Array]:
    keys = jax.random.split(KEY, len(shapes))
    return [jax.random.normal(k, shape) for k, shape in zip(keys, shapes, strict=True)]


X1, X2, X3 = (2, 9, 6), (2, 9, 8, 6), (2, 5, 6, 5, 6)
NORMALISE = "create_scale=True, create_offset=True"
LAYERS = [
    ("hk.Linear(4)", X1),
    ("hk.Linear(output_size=4, with_bias=False)", X1),
    ("hk.Linear(4, True, None, None, 'out')", X1),
    ("hk.Conv1D(4, 3)", X1),
    ("hk.Conv1D(4, [3], padding=(2, 1))", X1),
    ("hk.Conv2D(4, 3, 2)", X2),
    ("hk.Conv2D(4, (3, 2), stride=(2, 1), padding='valid')", X2),
    ("hk.Conv2D(4, kernel_shape=3, padding=(1, 2))", X2),
    ("hk.Conv2D(4, 3, padding=[(1, 2)], rate=2, with_bias=False)", X2),
    ("hk.Conv2D(4, 3, padding=[(0, 2), (1, 1)], data_format='channels_last')", X2),
    ("hk.Conv2D(6, 3, feature_group_count=3)", X2),
    ("hk.Conv3D(4, (1, 2, 3), name='c')", X3),
    ("hk.ConvND(2, 4, 3, stride=2)", X2),
    ("hk.ConvND(num_spatial_dims=1, output_channels=4, kernel_shape=3, padding=(2, 0))", X1),
    ("hk.Conv1DTranspose(4, 3, 2)", X1),
    ("hk.Conv2DTranspose(6, 3, stride=2)", X2),
    ("hk.Conv2DTranspose(4, (3, 2), padding='VALID')", X2),
    ("hk.Conv2DTranspose(4, 3, padding=[(1, 2), (0, 1)])", X2),
    ("hk.Conv3DTranspose(4, 2, with_bias=False)", X3),
    ("hk.ConvNDTranspose(2, 4, 3, 2)", X2),
    ("hk.LayerNorm(-1, True, True)", X2),
    ("hk.LayerNorm(axis=-1, create_scale=True, create_offset=False, param_axis=-1)", X2),
    (f"hk.LayerNorm((1, 2), {NORMALISE}, param_axis=-1)", X2),
    (f"hk.LayerNorm(axis=[-2, -1], {NORMALISE}, eps=1e-3, param_axis=(-1,))", X2),
    ("hk.LayerNorm(1, False, False, use_fast_variance=True)", X2),
    ("hk.InstanceNorm(True, True)", X2),
    ("hk.InstanceNorm(True, True, data_format='NCHW')", X2),
    ("hk.GroupNorm(3)", X2),
    ("hk.GroupNorm(2, create_scale=False, eps=1e-2)", X2),
    ("hk.RMSNorm(-1)", X2),
    ("hk.RMSNorm(axis=(1, 2), eps=1e-3, create_scale=True, param_axis=-1)", X2),
    ("hk.Embed(7, 4)", None),
    ("hk.Embed(vocab_size=7, embed_dim=4, w_init=None)", None),
]


@pytest.mark.parametrize("source, shape", LAYERS)
def test_layers(source, shape):
    x = inputs_of(shape)[0] if shape else jnp.array([[0, 3], [6, 1]])
    compare(source, (x,), {}, (x,), {})


@pytest.mark.parametrize(
    "source",
    [
        "hk.BatchNorm(True, True, 0.9)",
        "hk.BatchNorm(create_scale=False, create_offset=True, decay_rate=0.9, eps=1e-3)",
        "hk.BatchNorm(True, False, 0.9, data_format='channels_first')",
    ],
)
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm(source, training):
    x = inputs_of(X2)[0]
    call = lookup("haiku.BatchNorm").native.call["is_training"]
    text = call.convert(Value(str(training), training))
    compare(source, (x, training), {}, (x,), {call.to: text == "True"})


@pytest.mark.parametrize(
    "source",
    [
        "hk.MultiHeadAttention(2, 5, w_init=nn.initializers.normal(1.0))",
        "hk.MultiHeadAttention(2, 5, 1.0, model_size=7, with_bias=False)",
        "hk.MultiHeadAttention(num_heads=2, key_size=5, w_init_scale=2.0, value_size=5)",
    ],
)
def test_attention(source):
    q, k, v = inputs_of((3, 4, 6), (3, 5, 8), (3, 5, 3))
    mask = jnp.tril(jnp.ones((1, 1, 4, 5), bool))
    call = lookup("haiku.MultiHeadAttention").native.call
    compare(source, (q, k, v), {"mask": mask}, (q, k, v), {call["mask"].to: mask})


def compare(source, haiku_args, haiku_more, flax_args, flax_more) -> None:
    def net(*args, **more):
        haiku_source = source.replace("w_init=nn.initializers.normal(1.0)", "w_init_scale=1.0")
        return run(haiku_source)(*args, **more)

    pair = hk.transform_with_state(net)
    params, state = pair.init(KEY, *_training(haiku_args), **haiku_more)
    params, state = randomised(params), randomised(state)
    want, _ = pair.apply(params, state, KEY, *haiku_args, **haiku_more)

    text = native_text(source)
    assert text is not None
    layer = run(text)
    variables = convert(source, params, state)
    shapes = jax.eval_shape(lambda: layer.init(KEY, *flax_args, **flax_more))
    assert jax.tree.map(jnp.shape, variables) == jax.tree.map(jnp.shape, dict(shapes))
    have = layer.apply(variables, *flax_args, **flax_more, mutable=["batch_stats"])[0]
    np.testing.assert_allclose(have, want, rtol=2e-5, atol=2e-5)


def _training(args: tuple) -> tuple:
    """hk.BatchNorm can only be initialised while training."""
    return tuple(True if arg is False else arg for arg in args)


@pytest.mark.parametrize(
    "source",
    [
        "hk.max_pool(x, (1, 2, 2, 1), (1, 2, 2, 1), 'SAME')",
        "hk.max_pool(value=x, window_shape=(3, 2, 1), strides=1, padding='VALID')",
        "hk.max_pool(x, (2, 2, 1), (1, 1, 2, 1), padding='SAME', channel_axis=None)",
        "hk.avg_pool(x, (1, 2, 3, 1), [1, 2, 1, 1], 'SAME')",
        "hk.avg_pool(x, (2, 1), (2, 1), 'VALID')",
    ],
)
def test_pooling(source):
    x = inputs_of(X2)[0]
    np.testing.assert_allclose(run(native_text(source), x=x), run(source, x=x), rtol=1e-6)


def test_one_hot():
    x = jnp.array([0, 2, 5])
    for source in ("hk.one_hot(x, 4)", "hk.one_hot(x, num_classes=4, dtype=jnp.int32)"):
        have, want = run(native_text(source), x=x), run(source, x=x)
        assert have.dtype == want.dtype
        np.testing.assert_array_equal(have, want)


@pytest.mark.parametrize("shape", [(6, 4), (3, 3, 4, 5)])
@pytest.mark.parametrize(
    "source",
    [
        "Constant(3.0)",
        "Constant(constant=0)",
        "RandomNormal()",
        "RandomNormal(0.02, 0.0)",
        "RandomUniform()",
        "RandomUniform(0, 3.0)",
        "TruncatedNormal()",
        "TruncatedNormal(0.3, lower=-1.0, upper=1.5)",
        "VarianceScaling()",
        "VarianceScaling(2.0)",
        "VarianceScaling(mode='fan_avg', distribution='uniform')",
        "VarianceScaling(1.0, 'fan_out', 'normal', None)",
        "UniformScaling()",
        "UniformScaling(scale=1.3)",
        "Orthogonal()",
        "Orthogonal(0.5, axis=-1)",
    ],
)
def test_initialisers(source, shape):
    source = f"hk.initializers.{source}"
    want = hk.transform(lambda: run(source)(shape, jnp.float32)).apply({}, KEY)
    have = run(native_text(source))(next(hk.PRNGSequence(KEY)), shape, jnp.float32)
    np.testing.assert_allclose(have, want, rtol=1e-6, atol=1e-7)


def test_square_orthogonal_matrices_are_the_transposed_ones():
    source = "hk.initializers.Orthogonal(2.0)"
    want = hk.transform(lambda: run(source)((4, 4), jnp.float32)).apply({}, KEY)
    have = run(native_text(source))(next(hk.PRNGSequence(KEY)), (4, 4), jnp.float32)
    np.testing.assert_allclose(have.T, want, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    "source, shape", [("hk.Linear(5)", (8,)), ("hk.Conv2D(5, 3)", (1, 8, 8, 3))]
)
def test_default_weights_are_haikus(source, shape):
    params = hk.transform(lambda x: run(source)(x)).init(KEY, jnp.zeros(shape))
    want = jax.tree.leaves(params)[1]
    kernel_init = run(native_text(source)).kernel_init
    have = kernel_init(next(hk.PRNGSequence(KEY)), want.shape, jnp.float32)
    np.testing.assert_allclose(have, want, rtol=1e-6)


@pytest.mark.parametrize(
    "source",
    [
        "hk.Conv2D(4, k)",
        "hk.Conv2D(4, (3, *rest))",
        "hk.Conv2D(4, 3, padding=p)",
        "hk.Conv2D(4, 3, padding=hk.pad.causal)",
        "hk.Conv2D(4, 3, padding=((1, 1), (1, 1), (1, 1)))",
        "hk.Conv2D(4, 3, data_format='NCHW')",
        "hk.ConvND(n, 4, 3)",
        "hk.ConvND(2, 4, k)",
        "hk.Conv2DTranspose(4, 3, output_shape=8)",
        "hk.Conv2DTranspose(4, 3, padding=(1, 1))",
        "hk.Conv2DTranspose(4, 3, w_init=nn.initializers.lecun_normal())",
        "hk.LayerNorm(axis, True, True)",
        "hk.LayerNorm(slice(1, None), True, True)",
        "hk.LayerNorm(-1, True, True, param_axis=1)",
        "hk.GroupNorm(4, axis=(1, 2))",
        "hk.GroupNorm(4, data_format='NCHW')",
        "hk.BatchNorm(True, True, 0.9, axis=[0, 1])",
        "hk.Embed(embedding_matrix=m)",
        "hk.Embed(7, 4, lookup_style='ONE_HOT')",
        "hk.MultiHeadAttention(2, 5, value_size=3, w_init_scale=1.0)",
        "hk.MultiHeadAttention(heads(), 5, w_init_scale=1.0)",
        "hk.max_pool(x, 2, 2, 'SAME')",
        "hk.max_pool(x, window, strides, 'SAME')",
        "hk.max_pool(x, (2, 2), (2, 2), 'SAME')",
        "hk.max_pool(x, (2, 2, 1), 2, 'SAME')",
        "hk.max_pool(x, (2, 2, 1), (2, 2, 1), padding)",
        "hk.initializers.RandomNormal(1.0, 0.5)",
        "hk.initializers.RandomUniform(-1.0, 1.0)",
        "hk.initializers.TruncatedNormal(stddev=1.0, mean=m)",
        "hk.initializers.VarianceScaling(fan_in_axes=(0,))",
    ],
)
def test_what_needs_the_helper(source):
    assert native_text(source) is None
