"""The hooks in a real pre-commit run. Its environment is built from PyPI."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NETWORK = (
    *("Could not find a version", "Temporary failure in name resolution", "Connection"),
    *("No matching distribution", "Network is unreachable", "Read timed out", "ProxyError"),
)
SOURCE = """import haiku as hk


class Net(hk.Module):
    def __call__(self, x):
        return hk.Linear(3, name="out")(x)
"""


def commit(root):
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    for arguments in (("init", "-q"), ("add", "."), (*identity, "commit", "-qm", "all")):
        subprocess.run(["git", "-C", str(root), *arguments], check=True)


@pytest.fixture
def checkout(tmp_path):
    """A clean copy of this repository that pre-commit can clone."""
    copy = tmp_path / "hk2flax"
    copy.mkdir()
    for name in ("hk2flax", "examples"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy2(ROOT / name, copy)
    commit(copy)
    return copy


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pre-commit") is None, reason="pre-commit is not installed")
def test_both_hooks(checkout, tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (scratch / "net.py").write_text(SOURCE)
    (scratch / "plain.py").write_text("x = 1\n")
    commit(scratch)
    done = subprocess.run(
        ["pre-commit", "try-repo", str(checkout), "--verbose", "--all-files"],
        cwd=scratch,
        env={**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    reason = next(
        (line for line in done.stdout.splitlines() if any(w in line for w in NETWORK)), ""
    )
    if done.returncode == 3 and reason:
        pytest.skip(f"the environment of the hooks cannot be built here: {reason.strip()}")
    assert done.returncode == 1, done.stdout
    assert "files were modified by this hook" in done.stdout
    assert "1 of 2 files rewritten" in done.stdout
    assert re.search(r"hk2flax-check\.+Passed", done.stdout)  # after the other hook has run
    text = (scratch / "net.py").read_text()
    assert "nn.Dense(3" in text
    assert "haiku" not in text
    assert (scratch / "plain.py").read_text() == "x = 1\n"
