"""The command itself: version, help, explain, start-up time."""

import subprocess
import sys
import time

import pytest

from hk2flax import __version__
from hk2flax.diagnostics import CODES


def test_version(run):
    assert run("--version", code=0).stdout == f"hk2flax {__version__}\n"


@pytest.mark.parametrize(
    "command", ["rewrite", "convert-params", "map", "verify", "explain", "demo"]
)
def test_every_command_has_help(run, command):
    assert command in run("--help", code=0).stdout
    assert "Usage:" in run(command, "--help", code=0).stdout
    assert "Usage:" in run(command, "-h", code=0).stdout


def test_the_promised_options_exist(run):
    promised = {
        "rewrite": "--diff --check --output --report --prefer --jobs --exclude --select --ignore "
        "--allow-dirty",
        "convert-params": "-o --map --source --target --entry --inputs --to --reverse --dry-run "
        "--unreplicate",
        "map": "--source --target --entry --inputs -o",
        "verify": "--source --target --entry --inputs --report --device",
    }
    for command, options in promised.items():
        text = run(command, "--help").stdout
        assert [option for option in options.split() if option not in text] == []


def test_unknown_command(run):
    assert "Did you mean rewrite?" in run("rewrit", code=2).stderr
    assert "No such command" in run("zzz", code=2).stderr


def test_explain(run):
    assert run("explain", "HK201", code=0).stdout.startswith("HK201: ")
    assert run("explain", "hk201", code=0).stdout.startswith("HK201: ")
    listing = run("explain", code=0).stdout
    assert all(code in listing for code in CODES)
    assert "did you mean HK201" in run("explain", "HK210", code=2).stderr
    assert "no diagnostic code" in run("explain", "", code=2).stderr


def modules_after(code):
    script = f"import sys\n{code}\nprint(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_rewrite_loads_nothing_heavy():
    loaded = modules_after("import hk2flax.cli.rewriting, hk2flax.rewrite.outcome")
    assert not loaded & {"libcst", "jax", "numpy", "rich", "flax", "haiku"}


def test_version_loads_only_click():
    loaded = modules_after("from hk2flax.cli import main")
    assert not loaded & {"libcst", "jax", "numpy", "rich", "importlib_metadata", "tomllib"}


def seconds(*command):
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def test_version_starts_about_as_fast_as_click():
    code = "from hk2flax.cli import main; main(['--version'])"
    pairs = [
        (seconds(sys.executable, "-c", "import click"), seconds(sys.executable, "-c", code))
        for _ in range(9)
    ]
    click, version = (min(times) for times in zip(*pairs, strict=True))
    assert version <= 1.5 * click + 0.01


@pytest.mark.parametrize(
    ("command", "module", "extra"),
    [
        ("map", "jax", "verify"),
        ("map", "numpy", "verify"),
        ("convert-params", "haiku", "verify"),
        ("convert-params", "numpy", "params"),
        ("convert-params", "orbax.checkpoint", "params"),
    ],
)
def test_a_missing_extra_is_one_line(run, tmp_path, monkeypatch, command, module, extra):
    def missing(*arguments, **keywords):
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr("hk2flax.oracle.build_map", missing)
    first = (tmp_path, "--dry-run") if command == "convert-params" else ()
    trees = ("--source", tmp_path, "--target", tmp_path, "--entry", "a:b")
    name = module.partition(".")[0]
    expected = f"hk2flax: error: {name} is not installed: pip install 'hk2flax[{extra}]'\n"
    assert run(command, *first, *trees, code=2).stderr == expected


def test_a_missing_module_of_something_else_is_an_internal_error(run, tmp_path, monkeypatch):
    def missing(*arguments, **keywords):
        raise ModuleNotFoundError("No module named 'zzz'", name="zzz")

    monkeypatch.setattr("hk2flax.oracle.build_map", missing)
    arguments = ("--source", tmp_path, "--target", tmp_path, "--entry", "a:b")
    assert "internal error" in run("map", *arguments, code=2).stderr
