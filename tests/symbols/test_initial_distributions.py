"""Large samples of every initialiser and of every layer's defaults, with keys of its own each side.

Equal keys give equal values in `test_proofs.py`; here the frameworks draw as they do for users.
"""

from __future__ import annotations

import jax
import numpy as np
import pytest

from hk2flax.catalog import SYMBOLS
from hk2flax.oracle import trace_flax, trace_haiku
from hk2flax.oracle.align import align
from hk2flax.oracle.distribution import compare_samples
from hk2flax.oracle.entry import resolve
from hk2flax.oracle.trees import flatten
from hk2flax.oracle.weights import carried
from tests.sources import rewrite_files, texts
from tests.symbols.both import QUICK
from tests.symbols.inputs import normal
from tests.symbols.proof import Proof, program
from tests.symbols.prove import load_text, load_tree

INPUTS = {
    "x": normal(4, 48),
    "wide": normal(2, 9, 40),
    "image": normal(1, 8, 8, 24),
    "volume": normal(1, 4, 4, 4, 12),
    "ids": np.arange(6),
}
DEFAULTS = (
    "hk.Linear(80)(x)",
    "hk.nets.MLP([64, 80])(x)",
    "hk.Embed(100, 40)(ids)",
    "hk.Conv1D(48, 3)(wide), hk.Conv2D(32, 3)(image), hk.Conv3D(24, 3)(volume)",
    "hk.Conv2D(24, 3, feature_group_count=4)(image)",
    "hk.Conv1DTranspose(48, 3)(wide), hk.Conv2DTranspose(40, 3)(image)",
    "hk.Conv3DTranspose(24, 3)(volume)",
    "hk.DepthwiseConv2D(20, 3)(image), hk.SeparableDepthwiseConv2D(8, 5)(image)",
    "hk.LSTM(30)(x, hk.LSTM(30).initial_state(4))",
    "hk.GRU(40)(x, hk.GRU(40).initial_state(4))",
    "hk.VanillaRNN(70)(x, hk.VanillaRNN(70).initial_state(4))",
    "hk.Conv1DLSTM((9,), 24, 3)(wide, hk.Conv1DLSTM((9,), 24, 3).initial_state(2))",
    "hk.MultiHeadAttention(4, 16, 1.0)(wide, wide, wide)",
    "hk.nets.VectorQuantizer(48, 80, 0.25)(x, True)['loss']",
    "hk.nets.VectorQuantizerEMA(48, 80, 0.25, 0.9)(x, True)['loss']",
    "hk.LayerNorm(-1, True, True)(x), hk.BatchNorm(True, True, 0.9)(x, True), hk.Bias()(x)",
    "hk.nets.ResNet([1, 0, 0, 0], 5, channels_per_group=(64, 64, 64, 64))(image, True)",
    "hk.nets.MobileNetV1((1,), (64,), 20)(image, True)",
)
INITIALISERS = (
    "Constant(0.3)",
    "Identity(2.0)",
    "Orthogonal()",
    "Orthogonal(0.5, axis=0)",
    "RandomNormal()",
    "RandomNormal(0.02, mean=0.1)",
    "RandomUniform()",
    "RandomUniform(-0.3, 0.1)",
    "TruncatedNormal()",
    "TruncatedNormal(0.5, 1.0, -1.0, 3.0)",
    "UniformScaling(1.3)",
    "VarianceScaling()",
    "VarianceScaling(2.0, 'fan_out', 'normal')",
    "VarianceScaling(0.5, 'fan_avg', 'uniform')",
    "VarianceScaling(fan_in_axes=(0, 1))",
)
SHAPES = ((64, 64), (40, 100), (3, 3, 16, 32))
LAYERS = tuple(
    f"hk.Linear(80, w_init=hk.initializers.{each})(x), "
    f"hk.Conv2D(24, 3, w_init=hk.initializers.{each})(image)"
    for each in INITIALISERS
)
PARAMETERS = tuple(
    f"hk.get_parameter('p{number}_{index}', {shape}, init=hk.initializers.{each})"
    for number, each in enumerate(INITIALISERS)
    for index, shape in enumerate(SHAPES)
)


@pytest.mark.parametrize(
    "name, cases, precision",
    [
        ("defaults", DEFAULTS, "float32"),
        ("defaults", DEFAULTS, "bfloat16"),
        ("layers", LAYERS, "float32"),
        ("parameters", PARAMETERS, "float32"),
    ],
)
def test_same_distributions(name, cases, precision, tmp_path):
    proof = Proof(helper=cases, inputs=INPUTS)
    text = program(proof, precision)
    package = f"distributions_of_{name}_{precision}"
    written = texts(rewrite_files({f"{package}/__init__.py": "", f"{package}/m.py": text}))
    haiku = resolve(load_text(f"{package}_before", text, tmp_path).build(), "source")
    flax = resolve(load_tree(package, written, tmp_path).build(), "target")
    given = {name: INPUTS[name] for name in proof.arguments()}
    given = {k: v.astype(precision) if v.dtype == np.float32 else v for k, v in given.items()}
    records = trace_haiku.trace(haiku, (), given), trace_flax.trace(flax, (), given)
    mapping = align(*records, SYMBOLS.values())
    ours = [carried(mapping, made) for made in drawn(haiku, given, seeds=(0, 1))]
    theirs = drawn(flax, given, seeds=(2, 3))
    ours, theirs = together(ours), together(theirs)
    assert ours.keys() == theirs.keys()
    problems = [problem for key in ours for problem in unlike(key, ours[key], theirs[key])]
    assert not problems, "\n".join(problems)


def drawn(side, given, seeds):
    """What init returns for some seeds."""

    def run(key):
        return side.init(key, (), given)

    compiled = jax.jit(run).lower(jax.random.PRNGKey(0)).compile(QUICK)
    return [flatten(side.side, *compiled(jax.random.PRNGKey(seed))) for seed in seeds]


def together(made):
    """[seeds, ...] for every parameter."""
    keys = [key for key in made[0] if key[0] == "params" or key[-1] == "embeddings"]
    return {key: np.stack([each[key] for each in made]).astype(np.float64) for key in keys}


def unlike(key, ours, theirs):
    """Mean, deviation, quantiles, and the largest gap between the two distributions.

    The limits are five and a half standard errors, of which the oracle's check has its own.
    """
    name = "/".join(key)
    check = compare_samples(name, {key: ours}, {key: theirs})
    if check.status != "equal":
        yield check.detail
    deviation, count = ours.std(), ours.size
    if np.array_equal(ours[0], ours[1]) or count < 100:
        return  # no draw, or too few
    error = np.sqrt(2 / count)
    gap = abs(theirs.mean() - ours.mean())
    if gap > 5.5 * deviation * error:
        yield f"{name}: mean {ours.mean():.3g} and {theirs.mean():.3g}"
    for share in (0.01, 0.1, 0.5, 0.9, 0.99):
        value = np.quantile(ours, share)
        shares = [below(each, value) for each in (ours, theirs)]
        if abs(shares[0] - shares[1]) > 5.5 * error * np.sqrt(share * (1 - share)) + 1 / count:
            yield f"{name}: {shares[0]:.3f} and {shares[1]:.3f} lie below {value:.3g}"


def below(values, value):
    """The share of values below one; in bfloat16 many are equal to it, and count for a half."""
    return (values < value).mean() + (values == value).mean() / 2
