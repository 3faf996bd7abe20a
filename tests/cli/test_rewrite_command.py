"""hk2flax rewrite: modes, exit codes, output."""

import json
import os
import subprocess

import pytest

LINEAR = "import haiku as hk\n\n\ndef f(x):\n    return hk.Linear(3)(x)\n"
DENSE = LINEAR.replace("hk.Linear", "nn.Dense").replace(
    "import haiku as hk", "from flax import linen as nn"
)


def snapshot(root):
    return {p: p.read_bytes() for p in root.rglob("*") if p.is_file() and ".git" not in p.parts}


def test_in_place(run, project):
    result = run("rewrite", project, code=0)
    assert (project / "pkg" / "net.py").read_text() == DENSE
    assert (project / "pkg" / "plain.py").read_text() == "x = 1\n"
    assert "1 of 2 files rewritten." in result.stdout
    assert "1 native, 0 helper, 0 manual" in result.stdout


def test_a_second_run_changes_nothing(run, project):
    run("rewrite", project, code=0)
    before = snapshot(project)
    assert "0 of 2 files rewritten." in run("rewrite", project, code=0).stdout
    assert snapshot(project) == before
    run("rewrite", "--check", project, code=0)


def test_something_left_for_a_person_is_1_and_written(run, project):
    (project / "pkg" / "net.py").write_text(LINEAR + "y = hk.Odd()\n")
    result = run("rewrite", project, code=1)
    assert "nn.Dense" in (project / "pkg" / "net.py").read_text()
    assert "pkg/net.py:6:5: HK101 cannot do hk.Odd" in result.stdout
    assert "hk2flax explain HK101" in result.stdout


def test_a_note_is_0(run, project):
    (project / "pkg" / "net.py").write_text("hk.Note\n")
    assert "HK302" in run("rewrite", project, code=0).stdout


def test_check(run, project):
    before = snapshot(project)
    result = run("rewrite", "--check", project, code=1)
    assert "would be rewritten" in result.stdout
    assert snapshot(project) == before


def test_check_fails_while_haiku_is_left_that_cannot_be_rewritten(run, project):
    (project / "pkg" / "net.py").write_text("hk.Odd\n")
    run("rewrite", "--check", project, code=1)


def test_one_bad_file_does_not_stop_the_others(run, project):
    (project / "pkg" / "bad.py").write_text("print 'python 2'\n")
    result = run("rewrite", project, code=1)
    assert "pkg/bad.py:1:1: HK001" in result.stdout
    assert "1 could not be processed" in result.stdout
    assert (project / "pkg" / "net.py").read_text() == DENSE


@pytest.mark.parametrize("mode", [(), ("--check",), ("--diff",), ("--output", "../out")])
def test_only_bad_files_is_2(run, tmp_path, monkeypatch, mode):
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text("def f(:\n")
    (root / "b.py").write_bytes(b"\0")
    before = snapshot(root)
    monkeypatch.chdir(root)
    result = run("rewrite", ".", *mode, code=2)
    assert "a.py:1" in result.output
    assert "b.py:1:1: HK002" in result.output
    assert snapshot(root) == before
    assert not (tmp_path / "out").exists()


def test_awkward_files_keep_every_other_byte(run, tmp_path):
    cases = {
        "crlf.py": b"import haiku as hk\r\nx = hk.Linear(1)\r\n",
        "mixed.py": b"x = hk.Linear(1)\r\ny = 2\nz = 3\r",
        "bom.py": b"\xef\xbb\xbfx = hk.Linear(1)  # \xc3\xa4\n",
        "latin.py": b"# -*- coding: latin-1 -*-\nx = hk.Linear(1)  # \xe4\n",
        "tabs.py": b"if 1:\n\tx = hk.Linear(1)\t# c\n\x0c\n",
        "end.py": b"x = hk.Linear(1)",
        "empty.py": b"",
    }
    for name, data in cases.items():
        (tmp_path / name).write_bytes(data)
    run("rewrite", tmp_path, code=0)
    for name, data in cases.items():
        expected = data.replace(b"hk.Linear", b"nn.Dense").replace(
            b"import haiku as hk", b"from flax import linen as nn"
        )
        assert (tmp_path / name).read_bytes() == expected, name


def test_nothing_to_do(run, tmp_path):
    assert "no Python files" in run("rewrite", tmp_path, code=0).stderr
    (tmp_path / "a.py").write_text("x = 1\n")
    run("rewrite", tmp_path, code=0)
    run("rewrite", "--check", tmp_path, code=0)
    assert run("rewrite", "--diff", tmp_path, code=0).stdout == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "PATH"),
        (("nowhere",), "nowhere"),
        ((".", "--check", "--diff"), "--diff and --check"),
        ((".", "--diff", "--output", "x"), "--diff and --output"),
        ((".", "--prefer", "nnx"), "exact"),
        ((".", "--jobs", "0"), "jobs"),
        ((".", "--report", "report.txt"), ".sarif"),
        ((".", "--report", "no/such/report.json"), "no such directory"),
        ((".", "--select", "HK1O1"), "did you mean HK101"),
        ((".", "--ignore", "F401"), "no diagnostic code"),
        ((".", "pkg", "--output", "../out"), "one PATH"),
        ((".", "--outptu", "x"), "--output"),
    ],
)
def test_wrong_use_is_2_and_writes_nothing(run, project, monkeypatch, arguments, words):
    monkeypatch.chdir(project)
    before = snapshot(project)
    result = run("rewrite", *arguments, code=2)
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert snapshot(project) == before


def test_jobs_and_prefer_reach_the_rewriter(run, project, fake):
    seen = []

    def record(discovery, prefer, jobs):
        seen.append((prefer, jobs))
        raise RuntimeError("stop")

    fake.setattr("hk2flax.rewrite.rewrite_project", record, raising=False)
    result = run("rewrite", project, "--prefer", "linen", "--jobs", "2", code=2)
    run("rewrite", project, code=2)
    assert seen == [("linen", 2), ("exact", 1)]
    assert "internal error (RuntimeError)" in result.stderr


def test_exclude(run, project):
    run("rewrite", project, "--exclude", "net.py", code=0)
    assert (project / "pkg" / "net.py").read_text() == LINEAR


def test_select_and_ignore(run, project):
    (project / "pkg" / "net.py").write_text("hk.Odd\nhk.Note\n")
    assert "HK101" not in run("rewrite", project, "--ignore", "HK1", code=0).stdout
    result = run("rewrite", project, "--select", "HK3", code=0)
    assert "HK302" in result.stdout
    assert "HK101" not in result.stdout


def test_suppression(run, project):
    (project / "pkg" / "net.py").write_text("hk.Odd  # hk2flax: ignore[HK101]\n")
    assert "HK101 cannot" not in run("rewrite", project, code=0).stdout


def test_quiet(run, project):
    assert run("rewrite", "-q", project, code=0).stdout == ""


def test_colours(run, project, monkeypatch):
    (project / "pkg" / "net.py").write_text("hk.Odd\n")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert "\x1b[" not in run("rewrite", project).stdout
    assert "\x1b[" in run("rewrite", project, env={"FORCE_COLOR": "1"}).stdout
    both = {"FORCE_COLOR": "1", "NO_COLOR": "1"}
    assert "\x1b[" not in run("rewrite", project, env=both).stdout


def test_a_file_name_that_is_no_text(run, tmp_path):
    name = os.fsencode(tmp_path) + b"/\xff.py"
    with open(name, "wb") as file:
        file.write(b"hk.Odd\n")
    result = run("rewrite", tmp_path, "--report", tmp_path / "r.json", code=1)
    assert b"\xff.py:1:1: HK101" in result.stdout_bytes


def test_reports(run, project, tmp_path):
    (project / "pkg" / "net.py").write_text(LINEAR + "hk.Odd\nhk.GRU\n")
    for suffix in ("json", "sarif", "html"):
        path = tmp_path / f"report.{suffix}"
        run("rewrite", project, "--check", "--report", path, code=1)
        assert "HK101" in path.read_text()
    data = json.loads((tmp_path / "report.json").read_text())
    assert data["root"] == str(project)
    assert data["mode"] == "check"
    assert data["totals"]["helper"] == 1
    assert {"discover", "edit", "total"} <= data["timings"].keys()
    assert [f["path"] for f in data["files"] if f["status"] == "created"] == ["helpers_flax.py"]
    sarif = json.loads((tmp_path / "report.sarif").read_text())
    assert sarif["runs"][0]["results"][0]["ruleId"] == "HK101"
    assert "nn.Dense" in (tmp_path / "report.html").read_text()


def apply(root, diff, *arguments):
    command = ["git", "apply", *arguments, "-"]
    return subprocess.run(command, cwd=root, input=diff, capture_output=True, check=True)


@pytest.mark.parametrize("in_git", [True, False])
def test_git_applies_the_diff(run, project, git, in_git, tmp_path):
    extra = {
        "crlf.py": b"import haiku as hk\r\nx = hk.Linear(1)\r\n",
        "latin.py": b"# coding: latin-1\nx = hk.Linear(1)  # \xe4\n",
        "no_newline.py": b"a = 1\nx = hk.Linear(1)",
        "gru.py": b"x = hk.GRU(1)\r",
        "a space.py": b"x = hk.Linear(1)\n",
        "sp\xe4t.py": b"x = hk.Linear(1)\x0c\n",
    }
    for name, data in extra.items():
        (project / name).write_bytes(data)
    if in_git:
        git(project, "init", "-q")
        git(project, "config", "core.autocrlf", "false")
        git(project, "add", ".")
        git(project, "commit", "-qm", "haiku")
    before = snapshot(project)
    result = run("rewrite", "--diff", project, code=0)
    assert snapshot(project) == before
    assert "would be rewritten" in result.stderr
    assert b"new file mode" in result.stdout_bytes
    apply(project, result.stdout_bytes)
    applied = snapshot(project)
    assert project / "helpers_flax.py" in applied
    apply(project, result.stdout_bytes, "-R")
    assert snapshot(project) == before
    run("rewrite", project, code=0)
    assert snapshot(project) == applied


def test_patch_applies_the_diff(run, project):
    result = run("rewrite", "--diff", project, code=0)
    command = ["patch", "-p1", "-s"]
    subprocess.run(command, cwd=project, input=result.stdout_bytes, check=True)
    assert (project / "pkg" / "net.py").read_text() == DENSE


def test_a_file_whose_encoding_lacks_a_character(run, tmp_path, fake):
    from hk2flax.rewrite.result import FileResult, RewriteResult

    def euro(discovery, prefer, jobs):
        files = [FileResult(s, s.text + "# \u20ac\n") for s in discovery.targets]
        return RewriteResult(tuple(files))

    fake.setattr("hk2flax.rewrite.rewrite_project", euro, raising=False)
    (tmp_path / "a.py").write_text("# coding: latin-1\n")
    assert "HK002" in run("rewrite", tmp_path, code=2).stdout


def test_git_applies_the_diff_of_a_project_inside_a_repository(run, project, git):
    top = project.parent
    git(top, "init", "-q")
    result = run("rewrite", "--diff", project, code=0)
    assert b"a/project/pkg/net.py" in result.stdout_bytes
    apply(project, result.stdout_bytes)
    assert (project / "pkg" / "net.py").read_text() == DENSE


def test_an_existing_helper_module_is_extended(run, project):
    (project / "helpers_flax.py").write_text("class Old: ...\n")
    (project / "pkg" / "net.py").write_text("hk.GRU\n")
    diff = run("rewrite", "--diff", project, code=0).stdout_bytes
    assert b"-class Old" in diff
    assert b"new file mode" not in diff
    assert "2 of 3 files rewritten." in run("rewrite", project, code=0).stdout
    assert (project / "helpers_flax.py").read_text() == "class GRU: ...\n"
    assert "0 of 3 files rewritten." in run("rewrite", project, code=0).stdout


def test_notebooks_that_use_haiku_are_named(run, project):
    (project / "a.ipynb").write_text('{"cells": [{"source": ["import haiku as hk"]}]}')
    (project / "b.ipynb").write_text('{"cells": [{"source": ["# not haiku"]}]}')
    assert "A notebook uses Haiku and stays as it is: a.ipynb." in run("rewrite", project).stdout
    (project / "pkg" / "c.ipynb").write_text('{"cells": [{"source": ["from haiku import nets"]}]}')
    assert "2 notebooks use Haiku" in run("rewrite", "--check", project).stdout
