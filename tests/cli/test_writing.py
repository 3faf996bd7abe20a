"""In place: all files or none, atomically, and nothing uncommitted is lost."""

import errno
import os
import stat

import pytest

from hk2flax.project.files import discover
from hk2flax.rewrite.write import WriteError, uncommitted, write_in_place


@pytest.fixture
def tree(tmp_path):
    for name in ("a.py", "b.py", "c.py"):
        (tmp_path / name).write_text(name)
    return tmp_path


def changes(tree, suffix=b" new"):
    return {source: source.data + suffix for source in discover([tree]).targets}


def texts(tree):
    return {p.name: p.read_text() for p in sorted(tree.iterdir()) if p.is_file()}


OLD = {"a.py": "a.py", "b.py": "b.py", "c.py": "c.py"}


def test_contents_and_modes(tree):
    (tree / "a.py").chmod(0o751)
    write_in_place(tree, changes(tree), {"sub/new.py": b"new"})
    assert texts(tree) == {name: f"{name} new" for name in OLD}
    assert (tree / "sub" / "new.py").read_text() == "new"
    assert stat.S_IMODE((tree / "a.py").stat().st_mode) == 0o751
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((tree / "sub" / "new.py").stat().st_mode) == 0o666 & ~mask


def test_a_link_stays_and_its_target_is_replaced(tree):
    elsewhere = tree / "real"
    elsewhere.mkdir()
    (elsewhere / "x.txt").write_text("x")
    (tree / "link.py").symlink_to("real/x.txt")
    (source,) = discover([tree / "link.py"]).targets
    write_in_place(tree, {source: b"y"}, {})
    assert (tree / "link.py").is_symlink()
    assert (elsewhere / "x.txt").read_text() == "y"


def test_a_read_only_file_is_refused_and_no_other_is_written(tree):
    (tree / "b.py").chmod(0o444)
    with pytest.raises(WriteError, match=r"b\.py: the file is read-only; no file was changed"):
        write_in_place(tree, changes(tree), {"sub/new.py": b""})
    assert texts(tree) == OLD
    assert sorted(os.listdir(tree)) == sorted(OLD)


def fail_at(monkeypatch, name, number, code):
    """Let the n-th call of a function of `os` fail."""
    real, calls = getattr(os, name), []

    def function(*arguments, **keywords):
        calls.append(arguments)
        if len(calls) == number:
            raise OSError(code, os.strerror(code))
        return real(*arguments, **keywords)

    monkeypatch.setattr(os, name, function)


@pytest.mark.parametrize(
    ("name", "number", "code"),
    [
        ("fsync", 1, errno.ENOSPC),
        ("fsync", 3, errno.ENOSPC),
        ("replace", 1, errno.EACCES),
        ("replace", 3, errno.EPERM),
        ("replace", 4, errno.EIO),
    ],
)
def test_a_failure_at_any_point_leaves_everything_as_it_was(tree, monkeypatch, name, number, code):
    todo = changes(tree)
    fail_at(monkeypatch, name, number, code)
    with pytest.raises(WriteError) as caught:
        write_in_place(tree, todo, {"sub/new.py": b""})
    assert os.strerror(code) in str(caught.value)
    assert "no file was changed" in str(caught.value)
    monkeypatch.undo()
    assert texts(tree) == OLD
    assert sorted(os.listdir(tree)) == sorted(OLD)


def test_without_hard_links_the_old_version_is_copied(tree, monkeypatch):
    todo = changes(tree)
    monkeypatch.setattr(os, "link", lambda *names: (_ for _ in ()).throw(OSError(errno.EPERM, "")))
    fail_at(monkeypatch, "replace", 3, errno.EIO)
    with pytest.raises(WriteError):
        write_in_place(tree, todo, {})
    monkeypatch.undo()
    assert texts(tree) == OLD
    assert sorted(os.listdir(tree)) == sorted(OLD)


def test_a_file_that_changed_meanwhile(tree):
    todo = changes(tree)
    (tree / "c.py").write_text("edited")
    with pytest.raises(WriteError, match=r"c\.py changed while"):
        write_in_place(tree, todo, {})
    assert texts(tree) == OLD | {"c.py": "edited"}


@pytest.fixture
def repository(tree, git):
    git(tree, "init", "-q")
    git(tree, "add", ".")
    git(tree, "commit", "-qm", "first")
    return tree


def test_uncommitted(repository, git):
    (repository / "a.py").write_text("changed")
    (repository / "b.py").write_text("staged")
    git(repository, "add", "b.py")
    (repository / "new [x].py").write_text("untracked")
    (repository / ".gitignore").write_text("d.py\n")
    (repository / "d.py").write_text("ignored")
    names = ("a.py", "b.py", "c.py", "d.py", "new [x].py")
    found = uncommitted(repository / name for name in names)
    assert sorted(path.name for path in found) == ["a.py", "b.py", "new [x].py"]


def test_no_repository(tree):
    assert uncommitted([tree / "a.py"]) == set()


def test_dirty_files_are_refused(run, project, git):
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-qm", "haiku")
    net = project / "pkg" / "net.py"
    (project / "data.csv").write_text("a change elsewhere does not matter\n")
    net.write_text(net.read_text() + "# edited\n")
    before = net.read_text()
    result = run("rewrite", project, code=2)
    assert "pkg/net.py" in result.stderr
    assert "--allow-dirty" in result.stderr
    assert net.read_text() == before
    run("rewrite", project, "--check", code=1)
    run("rewrite", project, "--diff", code=0)
    run("rewrite", project, "--allow-dirty", code=0)
    assert "nn.Dense" in net.read_text()


def test_a_clean_repository_is_written(run, project, git):
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-qm", "haiku")
    (project / "untracked.py").write_text("x = 1\n")
    run("rewrite", project, code=0)


def test_no_space_is_one_clear_line(run, project, monkeypatch):
    fail_at(monkeypatch, "fsync", 1, errno.ENOSPC)
    result = run("rewrite", project, code=2)
    assert "net.py: No space left on device; no file was changed" in result.stderr
    assert "Traceback" not in result.stderr
    assert "hk.Linear" in (project / "pkg" / "net.py").read_text()
