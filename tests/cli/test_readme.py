"""The README tells the truth: its commands, its example, its options."""

import re
import tomllib
from pathlib import Path

import pytest

from hk2flax.project.config import load

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
USAGE = (ROOT / "docs" / "usage.md").read_text()


def blocks(language, text=README):
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("command", ["pip install -e '.[dev]'", "hk2flax demo", "pytest -n 2"])
def test_ci_runs_the_commands_of_the_readme(command):
    first, second = blocks("bash")[:2]
    assert command in first + second
    script = (ROOT / ".ci" / "run").read_text()
    assert command in script.replace("--quiet --disable-pip-version-check ", "")


def test_the_example_is_what_the_rewriter_writes(tmp_path):
    from hk2flax.project.files import discover
    from hk2flax.rewrite import rewrite_project

    before, after = blocks("python")
    (tmp_path / "mlp.py").write_text(before)
    (file,) = rewrite_project(discover([tmp_path]), "linen").files
    assert file.text == after


def test_the_options_of_the_usage_page(tmp_path):
    (toml,) = blocks("toml", USAGE)
    assert set(tomllib.loads(toml)["tool"]["hk2flax"]) == {
        *("exclude", "prefer", "select", "ignore", "verify")
    }
    (tmp_path / "pyproject.toml").write_text(toml)
    assert len(load(tmp_path).verify) == 1
