"""hk2flax rewrite --output DIR."""

import os

import pytest


def files(root):
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if not p.is_dir())


def test_the_whole_tree(run, project, tmp_path):
    (project / "run.sh").write_text("#!/bin/sh\n")
    (project / "run.sh").chmod(0o755)
    (project / ".venv").mkdir()
    (project / ".venv" / "x.py").write_text("")
    (project / "link").symlink_to("data.csv")
    (project / "folder").symlink_to("pkg")
    before = files(project)
    out = tmp_path / "new" / "out"
    run("rewrite", project, "--output", out, code=0)
    assert files(project) == before
    assert "hk.Linear" in (project / "pkg" / "net.py").read_text()
    assert "nn.Dense" in (out / "pkg" / "net.py").read_text()
    assert (out / "data.csv").read_text() == "1,2\n"
    assert os.access(out / "run.sh", os.X_OK)
    assert os.readlink(out / "link") == "data.csv"
    assert os.readlink(out / "folder") == "pkg"
    assert not (out / ".venv").exists()
    assert files(out) == sorted(name for name in before if not name.startswith(".venv"))
    assert not [p for p in tmp_path.rglob(".hk2flax-*")]


def test_ignored_files_and_the_repository_are_not_copied(run, project, tmp_path, git):
    git(project, "init", "-q")
    (project / ".gitignore").write_text("*.log\n")
    (project / "x.log").write_text("")
    run("rewrite", project, "--output", tmp_path / "out", code=0)
    expected = [".gitignore", "data.csv", "pkg/net.py", "pkg/plain.py", "pyproject.toml"]
    assert files(tmp_path / "out") == expected


def test_uncommitted_changes_do_not_matter(run, project, tmp_path, git):
    git(project, "init", "-q")
    run("rewrite", project, "--output", tmp_path / "out", code=0)


def test_helper_module(run, project, tmp_path):
    (project / "pkg" / "net.py").write_text("hk.GRU\n")
    run("rewrite", project, "--output", tmp_path / "out", code=0)
    assert (tmp_path / "out" / "helpers_flax.py").read_text() == "class GRU: ...\n"
    assert not (project / "helpers_flax.py").exists()


def test_a_single_file(run, project, tmp_path):
    run("rewrite", project / "pkg" / "net.py", "--output", tmp_path / "out", code=0)
    assert files(tmp_path / "out") == ["net.py"]
    assert "nn.Dense" in (tmp_path / "out" / "net.py").read_text()


def test_files_that_fail_are_copied_as_they_are(run, project, tmp_path):
    (project / "bad.py").write_bytes(b"\xff = (")
    run("rewrite", project, "--output", tmp_path / "out", code=1)
    assert (tmp_path / "out" / "bad.py").read_bytes() == b"\xff = ("


def test_an_empty_directory_is_used(run, project, tmp_path):
    (tmp_path / "out").mkdir()
    run("rewrite", project, "--output", tmp_path / "out", code=0)
    assert "pyproject.toml" in files(tmp_path / "out")


def test_a_directory_with_something_in_it_is_refused(run, project, tmp_path):
    out = tmp_path / "out"
    run("rewrite", project, "--output", out, code=0)
    (out / "pkg" / "net.py").write_text("edited by hand\n")
    (out / "mine.txt").write_text("")
    assert "not empty" in run("rewrite", project, "--output", out, code=2).stderr
    assert (out / "pkg" / "net.py").read_text() == "edited by hand\n"
    run("rewrite", project, "--output", out, "--allow-dirty", code=0)
    assert "nn.Dense" in (out / "pkg" / "net.py").read_text()
    assert (out / "mine.txt").exists()


@pytest.mark.parametrize("place", [".", "out", "pkg/out", "..", "data.csv"])
def test_bad_places(run, project, place, monkeypatch):
    monkeypatch.chdir(project)
    before = files(project)
    result = run("rewrite", ".", "--output", place, code=2)
    assert "--output" in result.stderr
    assert files(project) == before


def test_a_place_that_cannot_be_written(run, project, tmp_path, monkeypatch):
    def full(*arguments, **keywords):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copy2", full)
    result = run("rewrite", project, "--output", tmp_path / "out", code=2)
    assert "No space left on device" in result.stderr
    assert files(tmp_path) == files(tmp_path)
    assert not (tmp_path / "out").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["project"]
