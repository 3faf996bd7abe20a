"""A project, a rewriter that is easy to predict, and a way to run the command."""

import ast
import subprocess
from collections import Counter

import pytest
from click.testing import CliRunner

from hk2flax.cli import main
from hk2flax.diagnostics import Diagnostic
from hk2flax.rewrite.result import FileResult, RewriteResult


def rewrite_project(discovery, prefer="exact", jobs=1):
    """hk.Linear becomes nn.Dense, hk.GRU a helper, hk.Odd stays with HK101, hk.Note has a note."""
    files, new_files = [], {}
    for source in discovery.targets:
        text, diagnostics, counts = source.text, [], Counter()
        if text is not None:
            try:
                ast.parse(source.data)
            except SyntaxError as error:
                place = (source.rel, error.lineno or 1, error.offset or 1)
                diagnostics, text = [Diagnostic(*place, "HK001", error.msg)], None
        if text is not None:
            counts["haiku.Linear", "native"] = text.count("hk.Linear")
            counts["haiku.GRU", "helper"] = text.count("hk.GRU")
            for number, line in enumerate(source.data.split(b"\n"), 1):
                for name, code in ((b"hk.Odd", "HK101"), (b"hk.Note", "HK302")):
                    if name in line:
                        column = line.index(name) + 1
                        symbol = "haiku" + name.decode()[2:]
                        message = f"cannot do {name.decode()}"
                        place = (source.rel, number, column)
                        diagnostics.append(Diagnostic(*place, code, message, symbol))
                        counts[symbol, "manual"] += 1
            if "hk.GRU" in text:
                new_files["helpers_flax.py"] = "class GRU: ...\n"
            text = text.replace("hk.Linear", "nn.Dense").replace("hk.GRU", "GRU")
            text = text.replace("import haiku as hk", "from flax import linen as nn")
        counts = {key: count for key, count in counts.items() if count}
        files.append(FileResult(source, text, tuple(diagnostics), counts))
    return RewriteResult(tuple(files), new_files, {"edit": 0.5})


@pytest.fixture
def fake(monkeypatch):
    monkeypatch.setattr("hk2flax.rewrite.rewrite_project", rewrite_project, raising=False)
    return monkeypatch


@pytest.fixture
def run(fake):
    """Run hk2flax; the result has exit_code, stdout, stderr and stdout_bytes."""

    def call(*arguments, code=None, **kwargs):
        result = CliRunner().invoke(main, [str(argument) for argument in arguments], **kwargs)
        if code is not None:
            assert result.exit_code == code, result.output
        return result

    return call


@pytest.fixture
def git():
    def call(root, *arguments):
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
        command = ["git", "-C", str(root), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    return call


LINEAR = "import haiku as hk\n\n\ndef f(x):\n    return hk.Linear(3)(x)\n"
DENSE = "from flax import linen as nn\n\n\ndef f(x):\n    return nn.Dense(3)(x)\n"


@pytest.fixture
def project(tmp_path):
    """One file to rewrite, one without Haiku, and data."""
    root = tmp_path / "project"
    (root / "pkg").mkdir(parents=True)
    (root / "pkg" / "net.py").write_text(LINEAR)
    (root / "pkg" / "plain.py").write_text("x = 1\n")
    (root / "data.csv").write_text("1,2\n")
    (root / "pyproject.toml").write_text("")
    return root
