"""Haiku's own networks, forked as their source says: "replace this with `import haiku as hk`"."""

import re
import textwrap
from pathlib import Path

import pytest

from tests.e2e.harness import judge

MLP = """
    def build():
        def forward(x, is_training):
            if not is_training:
                return net.MLP([5, 3], activate_final=True, activation=jnp.tanh)(x)
            return net.MLP([5, 3], activate_final=True, activation=jnp.tanh)(
                x, 0.25, hk.next_rng_key())

        return hk.transform(forward)


    def inputs():
        return (jax.random.normal(jax.random.PRNGKey(0), (4, 6)), True), {}


    def inputs_eval():
        return (jax.random.normal(jax.random.PRNGKey(1), (4, 6)), False), {}
"""
MLP_REVERSED = """
    def build():
        def forward(x):
            encoder = net.MLP([5, 3], name="encoder")
            z = encoder(x)
            return encoder.reverse(activate_final=True, name="decoder")(z)

        return hk.transform(forward)


    def inputs():
        return (jax.random.normal(jax.random.PRNGKey(0), (4, 6)),), {}
"""
RESNET = """
    def build():
        def forward(x, is_training, test_local_stats=False):
            resnet = net.ResNet(
                blocks_per_group=(1, 2, 1, 1), num_classes=3, bottleneck={bottleneck},
                resnet_v2={v2}, channels_per_group=(8, 8, 16, 16))
            return resnet(x, is_training, test_local_stats)

        return hk.transform_with_state(forward)


    def inputs():
        return (jax.random.normal(jax.random.PRNGKey(0), (2, 32, 32, 3)), True), {{}}


    def inputs_eval():
        return (jax.random.normal(jax.random.PRNGKey(1), (2, 32, 32, 3)), False), {{}}


    def inputs_local():
        return (jax.random.normal(jax.random.PRNGKey(1), (2, 32, 32, 3)), False, True), {{}}
"""
RESNET_18 = """
    def build():
        return hk.transform_with_state(
            lambda x, is_training: net.ResNet18(4, {"decay_rate": 0.8})(x, is_training))


    def inputs():
        return (jax.random.normal(jax.random.PRNGKey(0), (2, 32, 32, 3)), True), {}
"""
MOBILENET = """
    def build():
        def forward(x, is_training):
            mobilenet = net.MobileNetV1(
                strides=(1, 2), channels=(8, 12), num_classes=3, use_bn={bn})
            return mobilenet(x, is_training)

        return hk.transform_with_state(forward)


    def inputs():
        return (jax.random.normal(jax.random.PRNGKey(0), (2, 16, 16, 3)), True), {{}}


    def inputs_eval():
        return (jax.random.normal(jax.random.PRNGKey(1), (2, 16, 16, 3)), False), {{}}
"""
VQ = """
    def build():
        def forward(x, is_training):
            return net.VectorQuantizer(4, 6, 0.25)(x, is_training)

        return hk.transform_with_state(forward)


    def inputs():
        return (jax.random.normal(jax.random.PRNGKey(0), (3, 5, 4)), True), {}
"""
VQ_EMA = """
    def build():
        def forward(x, is_training):
            return net.VectorQuantizerEMA(4, 6, 0.25, decay=0.9)(x, is_training)

        return hk.transform_with_state(forward)


    def inputs():
        return (jax.random.normal(jax.random.PRNGKey(0), (3, 5, 4)), True), {}


    def inputs_eval():
        return (jax.random.normal(jax.random.PRNGKey(1), (3, 5, 4)), False), {}
"""
HEADER = """
    import haiku as hk
    import jax
    import jax.numpy as jnp

    import net
"""
PROGRAMS = {
    "mlp": ("mlp", MLP),
    "mlp_reversed": ("mlp", MLP_REVERSED),
    "resnet_v1_bottleneck": ("resnet", RESNET.format(bottleneck=True, v2=False)),
    "resnet_v1_basic": ("resnet", RESNET.format(bottleneck=False, v2=False)),
    "resnet_v2_bottleneck": ("resnet", RESNET.format(bottleneck=True, v2=True)),
    "resnet_v2_basic": ("resnet", RESNET.format(bottleneck=False, v2=True)),
    "resnet_18": ("resnet", RESNET_18),
    "mobilenet": ("mobilenetv1", MOBILENET.format(bn=True)),
    "mobilenet_without_bn": ("mobilenetv1", MOBILENET.format(bn=False)),
    "vq": ("vqvae", VQ),
    "vq_ema": ("vqvae", VQ_EMA),
}


def public(text: str) -> str:
    """The source with `import haiku as hk` instead of the private imports and the stand-in."""
    text = re.sub(r"^from haiku\._src import \w+\n", "", text, flags=re.M)
    block = r"^# If you are forking.*?^del [^\n]*\n"
    text, count = re.subn(block, "import haiku as hk\n", text, flags=re.M | re.S)
    assert count == 1 and "_src" not in text
    return text


def write(name: str, directory: Path) -> Path:
    import haiku

    source, driver = PROGRAMS[name]
    path = Path(haiku.__file__).parent / "_src" / "nets" / f"{source}.py"
    directory.mkdir()
    (directory / "net.py").write_text(public(path.read_text()))
    (directory / "driver.py").write_text(textwrap.dedent(HEADER) + "\n\n" + textwrap.dedent(driver))
    return directory


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_network_of_haiku(name, tmp_path, request):
    program = write(name, tmp_path / name)
    work = tmp_path / "work"
    work.mkdir()
    result = judge(program, work, device=request.config.getoption("--device", default="cpu"))
    assert not result.problems, "\n".join(result.problems)
    assert result.exit_code == 0
