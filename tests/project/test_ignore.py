"""The .gitignore matcher says what git says."""

import os
import subprocess

import pytest

from hk2flax.project.ignore import Rules

PATTERNS = [
    "*.log",
    "/top.py",
    "docs/",
    "a/b.py",
    "**/deep.py",
    "x/**",
    "p/**/q.py",
    "file?.py",
    "[ab].py",
    "[!ab]z.py",
    "!keep.log",
    r"\#odd",
    "# comment",
    "",
    "trailing.py   ",
    "foo/*",
    "*_pb2.py",
    "a.b+c(d).py",
]
PATHS = [
    *("x.log", "s/x.log", "keep.log", "top.py", "s/top.py", "docs/i.py", "s/docs/i.py", "a/b.py"),
    *("s/a/b.py", "deep.py", "m/n/deep.py", "x/y/z", "p/q.py", "p/1/q.py", "p/1/2/q.py", "xp/q.py"),
    *("file1.py", "file12.py", "a.py", "c.py", "cz.py", "az.py", "#odd", "trailing.py", "foo/a"),
    *("foo/bar/b", "m_pb2.py", "a.b+c(d).py", "plain.py", "docs", "comment"),
]


@pytest.fixture(scope="module")
def by_git(tmp_path_factory):
    root = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    (root / ".gitignore").write_text("\n".join(PATTERNS) + "\n")
    paths = "\0".join(PATHS).encode()
    command = ["git", "-C", str(root), "check-ignore", "-z", "--stdin", "--no-index"]
    done = subprocess.run(command, input=paths, capture_output=True)
    return {os.fsdecode(path) for path in done.stdout.split(b"\0")}


@pytest.mark.parametrize("path", PATHS)
def test_same_as_git(path, by_git):
    assert Rules(PATTERNS).excludes(path) == (path in by_git)


def test_later_lines_win():
    assert Rules(["*.py", "!a.py"]).verdict("a.py") is False
    assert Rules(["!a.py", "*.py"]).verdict("a.py") is True
    assert Rules(["b.py"]).verdict("a.py") is None
