"""The demonstration and its example."""

import ast
from pathlib import Path

import pytest
from click.testing import CliRunner

from hk2flax.cli import main
from hk2flax.oracle import Check, VerifyReport
from hk2flax.params.map import Entry, Map, Target
from hk2flax.project import example as where

MAP = Map(
    (
        Entry("params", "net/linear", "w", (1,), "float32", (Target("params", ("D", "w"), (1,)),)),
        Entry("state", "net", "s", (), "int32", (Target("state", ("s",), ()),)),
    )
)


@pytest.fixture
def demo(monkeypatch):
    """Run the demonstration with the real rewriter and without jax."""

    def run(*arguments, status="equal"):
        report = VerifyReport("driver:resnet", "cpu", (Check("outputs", status),))
        monkeypatch.setattr("hk2flax.oracle.build_map", lambda *a: MAP)
        monkeypatch.setattr("hk2flax.oracle.verify", lambda *a: report)
        convert = lambda checkpoint, output, map: f"converted {checkpoint.name}"  # noqa: E731
        monkeypatch.setattr("hk2flax.params.convert_file", convert, raising=False)
        return CliRunner().invoke(main, ["demo", *map(str, arguments)])

    return run


def test_every_step_is_shown(demo):
    result = demo()
    assert result.exit_code == 0, result.output
    shown = result.stdout
    assert "+class ResNet(nn.Module):" in shown
    assert "params/D/w" in shown
    assert "converted checkpoint.npz" in shown
    assert "outputs" in shown
    assert "4/4" in shown


def test_a_difference_is_1(demo):
    assert demo(status="differs").exit_code == 1


def test_the_result_is_kept_where_asked(demo, tmp_path):
    out = tmp_path / "out"
    assert demo("--output", out).exit_code == 0
    assert (out / "haiku" / "checkpoint.npz").stat().st_size < 200_000
    assert Map.load(out / "hk2flax.map.json") == MAP
    for path in (out / "flax").rglob("*.py"):
        imports = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Import)]
        assert "haiku" not in {alias.name for node in imports for alias in node.names}, path
    again = demo("--output", out)
    assert again.exit_code == 2
    assert "File exists" in again.stderr


def test_the_example_is_missing(demo, monkeypatch):
    monkeypatch.setattr(where, "NAME", "nothing")
    result = demo()
    assert result.exit_code == 2
    assert "the bundled example is missing" in result.stderr


def test_where_the_example_is(monkeypatch, tmp_path):
    checkout = Path(__file__).parents[2] / "examples" / "mnist_resnet"
    assert where.example() == checkout
    installed = tmp_path / "share" / "hk2flax" / "examples" / "mnist_resnet"
    installed.mkdir(parents=True)
    (installed / "driver.py").write_text("")
    monkeypatch.setattr(where, "__file__", str(tmp_path / "lib" / "x" / "y" / "z.py"))
    monkeypatch.setattr(where.sys, "prefix", str(tmp_path))
    assert where.example() == installed
