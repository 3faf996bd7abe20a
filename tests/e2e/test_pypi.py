"""Real packages: rewriting never crashes, and their real networks still compute the same.

The packages are downloaded when the test runs (pinned, into a cache outside the repository). Where
the registry cannot be reached the tests are skipped and say so.
"""

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.e2e import forking
from tests.e2e.harness import judge

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
import corpus

PROGEN = """
    import jax

    from progen_transformer import ProGen


    def build():
        return ProGen(num_tokens=20, dim=16, seq_len=8, depth=3, window_size=4, heads=2, dim_head=4)


    def inputs():
        return (jax.random.randint(jax.random.PRNGKey(0), (8,), 0, 20),), {}
"""
RESNET_BLOCKS = """
    import haiku as hk
    import jax

    from sbijax._src.nn.make_resnet import _Resnet


    def build():
        def forward(x, is_training):
            return _Resnet(2, 6)(x, is_training=is_training)

        return hk.transform_with_state(forward)


    def inputs():
        return (jax.random.normal(jax.random.PRNGKey(0), (5, 4)), True), {}


    def inputs_eval():
        return (jax.random.normal(jax.random.PRNGKey(1), (5, 4)), False), {}
"""
NASS = """
    import haiku as hk
    import jax

    from sbijax._src.nn.nass_net import NASSNet


    def build():
        def forward(method, **kwargs):
            return NASSNet([6, 3], [5, 1])(method, **kwargs)

        return hk.without_apply_rng(hk.transform(forward))


    def inputs():
        y = jax.random.normal(jax.random.PRNGKey(0), (5, 4))
        theta = jax.random.normal(jax.random.PRNGKey(1), (5, 2))
        return ("forward",), {"y": y, "theta": theta}
"""
TRANSFORMER_BLOCK = """
    import haiku as hk
    import jax
    import jax.numpy as jnp

    from jumanji.training.networks.transformer_block import TransformerBlock


    def build():
        def forward(x, mask):
            for i in range(2):
                x = TransformerBlock(2, 4, (16,), 0.5, name=f"block_{i}")(x, x, x, mask)
            return hk.Linear(3)(x)

        return hk.transform(forward)


    def inputs():
        x = jax.random.normal(jax.random.PRNGKey(0), (2, 5, 8))
        return (x, jnp.tril(jnp.ones((1, 1, 5, 5)))), {}
"""
CONDITIONERS = """
    import haiku as hk
    import jax
    import jax.numpy as jnp
    import numpy as np

    from surjectors._src.conditioners.mlp import make_mlp
    from surjectors._src.conditioners.nn.masked_linear import MaskedLinear
    from surjectors._src.conditioners.transformer import make_transformer


    def build():
        def forward(x, is_training):
            mask = np.triu(np.ones((8, 8), np.float32))
            y = make_transformer(8, num_heads=2, num_layers=2, key_size=4)(
                x, is_training=is_training)
            return make_mlp([6, 3])(MaskedLinear(mask)(y))

        return hk.transform(forward)


    def inputs():
        return (jax.random.normal(jax.random.PRNGKey(0), (2, 5, 8)), True), {}


    def inputs_eval():
        return (jax.random.normal(jax.random.PRNGKey(1), (2, 5, 8)), False), {}
"""
ALPHAZERO = """
    import haiku as hk
    import jax

    from pgx._src.baseline import _create_az_model_v0


    def build():
        def forward(x, is_eval=False):
            net = _create_az_model_v0(num_actions=5, num_channels=4, num_layers=2, resnet_v2={v2})
            return net(x, is_training=not is_eval, test_local_stats=False)

        return hk.without_apply_rng(hk.transform_with_state(forward))


    def inputs():
        return (jax.random.normal(jax.random.PRNGKey(0), (3, 4, 4, 2)),), {{}}


    def inputs_eval():
        return (jax.random.normal(jax.random.PRNGKey(1), (3, 4, 4, 2)),), {{"is_eval": True}}
"""
GRAPH = """
    import haiku as hk
    import jax
    import jax.numpy as jnp

    from haiku_geometric.nn.conv.gcn_conv import GCNConv
    from haiku_geometric.nn.conv.gin_conv import GINConv


    def build():
        def forward(nodes, senders, receivers):
            x = jax.nn.relu(GCNConv(6)(nodes, senders, receivers))
            x = GINConv(hk.nets.MLP([5, 4]), train_eps=True)(x, senders, receivers)
            return GCNConv(2, improved=True, bias=False)(x, senders, receivers)

        return hk.transform(forward)


    def inputs():
        senders, receivers = jnp.array([0, 1, 2, 3, 0]), jnp.array([1, 2, 3, 0, 2])
        return (jax.random.normal(jax.random.PRNGKey(0), (4, 3)), senders, receivers), {}
"""
GRAPH_LAYERS = """
    import haiku as hk
    import jax
    import jax.numpy as jnp

    from haiku_geometric.nn.conv.edge_conv import EdgeConv
    from haiku_geometric.nn.conv.gat_conv import GATConv
    from haiku_geometric.nn.conv.gated_graph_conv import GatedGraphConv
    from haiku_geometric.nn.conv.general_conv import GeneralConv
    from haiku_geometric.nn.conv.graph_conv import GraphConv
    from haiku_geometric.nn.conv.pna_conv import PNAConv
    from haiku_geometric.nn.conv.sage_conv import SAGEConv

    DEGREES = jnp.array([0, 3, 1])


    def build():
        def forward(nodes, edges, senders, receivers):
            x = GATConv(4, heads=2, add_self_loops=False)(nodes, senders, receivers)
            x = jax.nn.elu(SAGEConv(6, normalize=True, project=True)(x, senders, receivers))
            x = GeneralConv(5, in_edge_channels=3, heads=2, attention=True)(
                x, senders, receivers, edges)
            x = GatedGraphConv(6, num_layers=2)(x, senders, receivers)
            x = PNAConv(6, ["mean", "max"], ["identity", "linear"], DEGREES, edge_dim=3, towers=2,
                        post_layers=2, act=jax.nn.relu, train_norm=True)(
                x, senders, receivers, edges)
            x = EdgeConv(hk.nets.MLP([6, 6]))(x, senders, receivers)
            return GraphConv(2)(x, senders, receivers)

        return hk.transform(forward)


    def inputs():
        senders, receivers = jnp.array([0, 1, 2, 3, 0]), jnp.array([1, 2, 3, 0, 2])
        key_x, key_e = jax.random.split(jax.random.PRNGKey(0))
        nodes, edges = jax.random.normal(key_x, (4, 3)), jax.random.normal(key_e, (5, 3))
        return (nodes, edges, senders, receivers), {}
"""
# Package, the files that the network needs, the driver, further packages to install.
NETWORKS = {
    "progen": (
        "progen-transformer",
        ["progen_transformer"],
        PROGEN,
        ["einops==0.8.1", "jmp==0.0.4"],
    ),
    "progen_mixed_precision": (
        "progen-transformer",
        ["progen_transformer"],
        PROGEN.replace("ProGen(", "ProGen(mixed_precision=True, "),
        ["einops==0.8.1", "jmp==0.0.4"],
    ),
    "sbijax_resnet": ("sbijax", ["sbijax/_src/nn/make_resnet.py"], RESNET_BLOCKS, []),
    "sbijax_nass": ("sbijax", ["sbijax/_src/nn/nass_net.py"], NASS, []),
    "jumanji_transformer": (
        "jumanji",
        ["jumanji/training/networks/transformer_block.py"],
        TRANSFORMER_BLOCK,
        [],
    ),
    "surjectors_conditioners": (
        "surjectors",
        [
            "surjectors/_src/conditioners/mlp.py",
            "surjectors/_src/conditioners/transformer.py",
            "surjectors/_src/conditioners/nn/masked_linear.py",
        ],
        CONDITIONERS,
        [],
    ),
    "pgx_v1": (
        "pgx",
        ["pgx/_src/baseline.py", "pgx/_src/utils.py"],
        ALPHAZERO.format(v2=False),
        [],
    ),
    "pgx_v2": ("pgx", ["pgx/_src/baseline.py", "pgx/_src/utils.py"], ALPHAZERO.format(v2=True), []),
    "haiku_geometric_layers": (
        "haiku-geometric",
        [
            "haiku_geometric/nn/aggr",
            "haiku_geometric/utils/utils.py",
            "haiku_geometric/transforms",
            "haiku_geometric/nn/conv/utils.py",
            "haiku_geometric/nn/conv/edge_conv.py",
            "haiku_geometric/nn/conv/gat_conv.py",
            "haiku_geometric/nn/conv/gated_graph_conv.py",
            "haiku_geometric/nn/conv/general_conv.py",
            "haiku_geometric/nn/conv/graph_conv.py",
            "haiku_geometric/nn/conv/pna_conv.py",
            "haiku_geometric/nn/conv/sage_conv.py",
        ],
        GRAPH_LAYERS,
        ["jraph==0.0.6.dev0"],
    ),
    "haiku_geometric": (
        "haiku-geometric",
        [
            "haiku_geometric/nn/aggr",
            "haiku_geometric/utils/utils.py",
            "haiku_geometric/nn/conv/utils.py",
            "haiku_geometric/nn/conv/gcn_conv.py",
            "haiku_geometric/nn/conv/gin_conv.py",
        ],
        GRAPH,
        ["jraph==0.0.6.dev0"],
    ),
}


def fetched(name):
    try:
        return corpus.fetch(name, corpus.PACKAGES[name])
    except (corpus.NoRegistry, subprocess.TimeoutExpired) as error:
        reason = f"the package registry cannot be reached: {error}"
        print(reason)
        pytest.skip(reason)


def installed(requirements):
    """A folder with the packages that a network imports and that hk2flax itself does not need."""
    folder = corpus.CACHE / "libraries"
    for requirement in requirements:
        mark = folder / f".{requirement}"
        if mark.exists():
            continue
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", folder]
        done = subprocess.run([*command, requirement], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"the package registry cannot be reached: {done.stderr.strip()[-200:]}")
        mark.touch()
    return folder


@pytest.mark.parametrize("name", list(corpus.PACKAGES))
def test_package_is_rewritten(name, tmp_path):
    outcome = corpus.rewrite(fetched(name), tmp_path / "out")
    assert not outcome.problems, "\n".join(outcome.problems)
    assert outcome.files > 3
    assert outcome.symbols
    assert "HK001" not in outcome.diagnostics


@pytest.mark.parametrize("name", list(NETWORKS))
def test_network_computes_the_same(name, tmp_path, request, monkeypatch):
    result = judge_network(name, tmp_path, request.config.getoption("--device", default="cpu"))
    assert not result.problems, "\n".join(result.problems)


def write(name, program):
    """The part of the package that the network needs, with a driver."""
    package, files, driver, requirements = NETWORKS[name]
    source = fetched(package)
    program.mkdir()
    for file in files:
        target = program / file
        target.parent.mkdir(parents=True, exist_ok=True)
        if (source / file).is_dir():
            shutil.copytree(source / file, target)
        else:
            shutil.copy(source / file, target)
    for folder in [d for d in program.rglob("*") if d.is_dir()]:
        # Empty, because what the packages import at their top would need the rest of them.
        (folder / "__init__.py").touch()
    if package == "haiku-geometric":
        text = "from haiku_geometric.utils.utils import *\n"
        (program / "haiku_geometric" / "utils" / "__init__.py").write_text(text)
    (program / "driver.py").write_text(textwrap.dedent(driver).lstrip())
    # A network that also offers what nobody can convert may leave that to a person.
    (program / "trap.json").write_text('{"expect": "either"}\n')
    return installed(requirements) if requirements else None


def judge_network(name, folder, device="cpu"):
    work = folder / "work"
    work.mkdir()
    libraries = write(name, folder / name)
    forking.extra_paths = [str(libraries)] if libraries else []
    try:
        return judge(folder / name, work, device=device)
    finally:
        forking.extra_paths = []
