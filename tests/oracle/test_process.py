"""Trees in processes of their own: what only shows there."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from hk2flax.oracle import OracleError, build_map, verify

PAIRS = Path(__file__).parent / "pairs"
HAIKU = """
import haiku as hk, numpy as np
from net import SIZE
print("noise on stdout")
net = hk.transform(lambda x: hk.Linear(SIZE)(x))
def inputs():
    return (np.zeros((2, 3), np.float32),), {}
"""
FLAX = """
import flax.linen as nn, numpy as np
from net import SIZE
print("noise on stdout")
class Net(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(SIZE)(x)
net = Net()
def inputs():
    return (np.zeros((2, 3), np.float32),), {}
"""


def tree(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def trees(tmp_path):
    """Both have a package `net` with the same content under src, and print while imported."""
    common = {"src/net/__init__.py": "SIZE = 5\n"}
    source = tree(tmp_path / "haiku", {**common, "driver.py": HAIKU})
    return source, tree(tmp_path / "flax", {**common, "driver.py": FLAX})


def test_packages_of_the_same_name_and_output_do_not_get_in_the_way(trees):
    mapping = build_map(*trees, "driver:net", "driver:inputs")
    assert [entry.targets[0].label for entry in mapping.entries] == [
        "params/Dense_0/kernel",
        "params/Dense_0/bias",
    ]
    assert "driver:net" in mapping.source


@pytest.mark.parametrize(
    "entry, inputs, files, message",
    [
        ("nowhere:net", None, {}, "no module 'nowhere' in"),
        ("json:loads", None, {}, "not from"),
        ("driver:absent", None, {}, "driver has no attribute 'absent'"),
        ("driver", None, {}, "must be MOD:ATTR"),
        ("bad:net", None, {"bad.py": "x = 1\nraise ValueError('boom')\n"}, "boom (bad.py:2)"),
        ("bad:net", None, {"bad.py": "import absent_package\n"}, "'absent_package' (bad.py:1)"),
        ("bad:net", None, {"bad.py": "def f(:\n"}, "SyntaxError"),
        ("bad:net", None, {"bad.py": "net = 3\n"}, "an entry of type int is not supported"),
        ("bad:net", None, {"bad.py": "def net(x): pass\n"}, "the entry needs arguments"),
        ("bad:net", None, {"bad.py": "import os\nos._exit(3)\n"}, "the process ended with 3"),
        ("driver:net", "bad:f", {"bad.py": "def f(): return 3\n"}, "must return (args, kwargs)"),
        ("driver:net", None, {}, "init fails: TypeError"),
    ],
)
def test_errors_say_what_and_where(tmp_path, monkeypatch, entry, inputs, files, message):
    """One process is enough: the source's error comes first, and loading is what fails."""
    from hk2flax.oracle.process import Worker

    source = tree(tmp_path / "haiku", {**files, "net.py": "SIZE = 5\n", "driver.py": HAIKU})
    with Worker("source", source, "cpu") as worker, pytest.raises(OracleError) as caught:
        worker.ask("load", "source", str(source), entry, inputs)
        worker.ask("trace")
    assert message in str(caught.value)
    assert str(source) in str(caught.value)


def test_a_whole_verification():
    report = verify(
        PAIRS / "kitchen/haiku", PAIRS / "kitchen/flax", "driver:net", "driver:inputs", "cpu"
    )
    console = Console(file=io.StringIO(), width=200)
    report.render(console)
    text = console.file.getvalue()
    assert report.ok, text
    assert report.keys == "sequence"
    assert "bitwise" in text and "random keys: sequence" in text
    assert report.to_json()["ok"] is True
    assert all(c.status == "equal" for c in report.checks), text


COMPILED_HAIKU = """
import haiku as hk, jax, numpy as np
def forward(x):
    return hk.dropout(hk.next_rng_key(), 0.5, hk.Linear(64)(x))
net = hk.transform(forward)
init, apply = jax.jit(net.init), jax.jit(net.apply)
def build():
    return init, apply
def inputs():
    return (np.ones((2, 3), np.float32),), {}
"""
COMPILED_FLAX = """
import flax.linen as nn, jax, numpy as np
class Net(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dropout(0.5, deterministic=False)(nn.Dense(64)(x))
net = Net()
init = jax.jit(lambda key, x: net.init({"params": key, "dropout": key}, x)["params"])
apply = jax.jit(lambda params, key, x: net.apply({"params": params}, x, rngs={"dropout": key}))
def build():
    return init, apply
def inputs():
    return (np.ones((2, 3), np.float32),), {}
"""


def test_functions_that_the_program_compiles_draw_equal_keys_too(tmp_path):
    source = tree(tmp_path / "haiku", {"driver.py": COMPILED_HAIKU})
    target = tree(tmp_path / "flax", {"driver.py": COMPILED_FLAX})
    report = verify(source, target, "driver:build", "driver:inputs", "cpu")
    different = [c.name for c in report.checks if c.status == "differs"]
    assert "outputs" not in different and "gradients" not in different, report.checks
