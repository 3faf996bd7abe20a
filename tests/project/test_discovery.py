"""Discovery and decoding: which files, and their text to the byte."""

import os
import subprocess
from pathlib import Path

import pytest

from hk2flax.project.files import decode, discover, encode, project_root, read, tree_files


def put(root: Path, *names: str, files: dict[str, str] | None = None) -> None:
    """Create empty files, and files with a content."""
    for name, content in (dict.fromkeys(names, "") | (files or {})).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True)


def rels(sources) -> list[str]:
    return [source.rel for source in sources]


def test_directory_gives_its_python_files_in_order(tmp_path):
    put(tmp_path, "b.py", "a.py", "sub/c.py", "notes.txt")
    found = discover([tmp_path])
    assert found.root == tmp_path
    assert rels(found.targets) == ["a.py", "b.py", "sub/c.py"]
    assert found.context == ()
    assert found.files == found.targets


def test_a_named_file_is_taken_whatever_its_suffix(tmp_path):
    put(tmp_path, "script", "other.py")
    found = discover([tmp_path / "script"])
    assert rels(found.targets) == ["script"]
    assert rels(found.context) == ["other.py"]


def test_above_a_folder_whose_files_import_each_other_by_its_name(tmp_path):
    folder = tmp_path / "models"
    put(folder, files={"a.py": "x = 1\n", "b.py": "from models.a import x\n", "bad.py": "\0"})
    found = discover([folder])
    assert found.root == tmp_path
    assert found.namespace == "models"
    assert rels(found.targets) == ["models/a.py", "models/b.py", "models/bad.py"]
    assert found.targets[2].error is not None
    assert found.targets[2].error.path == "models/bad.py"
    alone = discover([folder / "b.py"])
    assert rels(alone.targets) == ["models/b.py"]
    assert rels(alone.context) == ["models/a.py", "models/bad.py"]


def test_a_folder_that_is_imported_by_name_from_inside(tmp_path):
    put(tmp_path, "models/models/a.py", files={"models/b.py": "from models.a import x\n"})
    found = discover([tmp_path / "models"])
    assert found.root == tmp_path / "models"
    assert found.namespace == ""


@pytest.mark.parametrize("name", ["haiku", "chex"])
def test_a_folder_that_has_the_name_of_a_library(tmp_path, name):
    line = f"import {name}\nfrom {name} import nets\n"
    put(tmp_path, f"{name}/nets.py" if name == "haiku" else f"{name}/m.py")
    put(tmp_path, files={f"{name}/net.py": line})
    assert discover([tmp_path / name]).root == tmp_path / name


def test_missing_path(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        discover([tmp_path / "nowhere"])


def test_empty_directory(tmp_path):
    assert discover([tmp_path]).targets == ()


def test_caches_and_environments_are_skipped(tmp_path):
    kept = tmp_path / "pkg"
    put(kept, "a.py")
    for name in ("venv", ".venv", "node_modules", "__pycache__", ".tox", "build", "dist"):
        put(tmp_path / name, "a.py")
    put(tmp_path / "lib" / "site-packages", "a.py")
    put(tmp_path / "myenv", files={"pyvenv.cfg": "", "a.py": ""})
    assert rels(discover([tmp_path]).targets) == ["pkg/a.py"]


def test_a_package_called_build_is_no_build_output(tmp_path):
    put(tmp_path / "build", "a.py", files={"__init__.py": ""})
    (tmp_path / "build" / "__init__.py").write_text("")
    assert "build/a.py" in rels(discover([tmp_path]).targets)


def test_a_skipped_directory_that_is_named_is_entered(tmp_path):
    put(tmp_path / "build", "a.py")
    assert rels(discover([tmp_path / "build"]).targets) == ["a.py"]


def test_git_decides_what_is_ignored(tmp_path):
    git(tmp_path, "init", "-q")
    put(tmp_path, "a.py", "gen/b.py", "keep/c.py", files={".gitignore": "gen/\n*_pb2.py\n"})
    (tmp_path / "x_pb2.py").write_text("")
    assert rels(discover([tmp_path]).targets) == ["a.py", "keep/c.py"]
    assert rels(discover([tmp_path / "x_pb2.py"]).targets) == ["x_pb2.py"]


def test_tracked_files_that_were_deleted_are_not_listed(tmp_path):
    git(tmp_path, "init", "-q")
    put(tmp_path, "a.py", "b.py")
    git(tmp_path, "add", ".")
    (tmp_path / "a.py").unlink()
    assert rels(discover([tmp_path]).targets) == ["b.py"]


def test_an_ignored_directory_that_is_named_is_a_project_of_its_own(tmp_path):
    git(tmp_path, "init", "-q")
    put(tmp_path, "a.py", "scratch/b.py", files={".gitignore": "scratch/\n"})
    found = discover([tmp_path / "scratch"])
    assert found.root == tmp_path / "scratch"
    assert rels(found.targets) == ["b.py"]


def test_a_nested_repository_is_part_of_the_tree(tmp_path):
    git(tmp_path, "init", "-q")
    put(tmp_path, "a.py", "inner/b.py", files={"inner/.gitignore": "c.py\n", "inner/c.py": ""})
    git(tmp_path / "inner", "init", "-q")
    assert rels(discover([tmp_path]).targets) == ["a.py", "inner/b.py"]


def test_gitignore_without_git(tmp_path):
    put(tmp_path, "a.py", "gen/b.py", "sub/c.py", "sub/d.py")
    (tmp_path / ".gitignore").write_text("/gen\n*.py\n!a.py\n")
    (tmp_path / "sub" / ".gitignore").write_text("!c.py\n")
    assert rels(discover([tmp_path]).targets) == ["a.py", "sub/c.py"]


def test_exclude_makes_targets_context(tmp_path):
    put(tmp_path, "a.py", "tests/b.py", "pkg/tests/c.py", "pkg/d.py")
    (tmp_path / "setup.py").write_text("")
    found = discover([tmp_path], ["tests", "/setup.py"])
    assert rels(found.targets) == ["a.py", "pkg/d.py"]
    assert rels(found.context) == ["pkg/tests/c.py", "setup.py", "tests/b.py"]
    assert rels(discover([tmp_path / "a.py"], ["a.py"]).targets) == []


def test_exclude_with_directories_matches_at_any_depth(tmp_path):
    put(tmp_path, "proj/gen/a.py", "proj/b.py")
    assert rels(discover([tmp_path], ["gen/*.py"]).targets) == ["proj/b.py"]


def test_the_rest_of_the_project_is_context(tmp_path):
    put(tmp_path, "pkg/base.py", "pkg/net.py", "tests/t.py", files={"pyproject.toml": ""})
    found = discover([tmp_path / "pkg" / "net.py"])
    assert found.root == tmp_path
    assert rels(found.targets) == ["pkg/net.py"]
    assert rels(found.context) == ["pkg/base.py", "tests/t.py"]
    assert rels(found.files) == ["pkg/base.py", "pkg/net.py", "tests/t.py"]


def test_files_of_two_projects(tmp_path):
    put(tmp_path / "one", "a.py", "b.py", files={"pyproject.toml": ""})
    put(tmp_path / "two", "a.py", files={"pyproject.toml": ""})
    found = discover([tmp_path / "two" / "a.py", tmp_path / "one" / "a.py"])
    assert found.root == tmp_path
    assert rels(found.targets) == ["one/a.py", "two/a.py"]
    assert rels(found.context) == ["one/b.py"]


def test_root_is_above_the_packages(tmp_path):
    for name in ("pkg", "pkg/sub"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
    assert project_root(tmp_path / "pkg" / "sub") == tmp_path
    assert project_root(tmp_path / "pkg" / "sub" / "__init__.py") == tmp_path
    assert rels(discover([tmp_path / "pkg" / "sub"]).targets) == ["pkg/sub/__init__.py"]


def test_context_of_an_unmarked_directory_is_its_packages_only(tmp_path):
    put(tmp_path, "a.py", "b.py", "unrelated/c.py")
    assert rels(discover([tmp_path / "a.py"]).context) == ["b.py"]


def test_relative_paths_from_a_subdirectory(tmp_path, monkeypatch):
    put(tmp_path, "pkg/a.py", files={"pyproject.toml": ""})
    monkeypatch.chdir(tmp_path / "pkg")
    found = discover([Path("a.py"), Path("../pkg")])
    assert rels(found.targets) == ["pkg/a.py"]
    assert found.targets[0].path == tmp_path / "pkg" / "a.py"


def test_links(tmp_path):
    put(tmp_path / "in", "real/a.py")
    put(tmp_path / "out", "secret.py")
    top = tmp_path / "in"
    os.symlink("real", top / "again")
    os.symlink(top, top / "real" / "loop")
    os.symlink("real/a.py", top / "link.py")
    os.symlink(tmp_path / "out", top / "away")
    os.symlink(tmp_path / "out" / "secret.py", top / "secret.py")
    os.symlink("nothing.py", top / "broken.py")
    assert rels(discover([top]).targets) == ["real/a.py"]
    named = discover([top / "link.py"])
    assert rels(named.targets) == ["link.py"]
    assert rels(named.context) == []
    assert rels(discover([top / "again"]).targets) == ["a.py"]


def test_unreadable_file(tmp_path, monkeypatch):
    put(tmp_path, "a.py")

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    (source,) = discover([tmp_path]).targets
    assert source.text is None
    assert (source.error.code, source.error.path) == ("HK003", "a.py")
    assert "Permission denied" in source.error.message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x = 1",
        b"x = 1\r\ny = 2\nz = 3\r",
        b"\xef\xbb\xbfx = '\xc3\xa4'\r\n",
        b"# -*- coding: latin-1 -*-\ns = '\xe4'\n",
        b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\ns = '\x80'\n",
        b"# coding: euc-jp\ns = '\xa4\xa2'\n",
        b"\x0c\nx = 1\n\x0cy = 2\n\t\tz\n",
        "s = '\u2028 \x85 \x1c'\n".encode(),
    ],
)
def test_decoding_is_undone_by_encoding(data):
    source = decode(Path("a.py"), "a.py", data)
    assert source.error is None
    assert encode(source.text, source) == data


def test_declared_encodings():
    source = decode(Path("a.py"), "a.py", b"# coding: latin-1\n'\xe4'\n")
    assert source.encoding == "iso-8859-1"
    assert "\xe4" in source.text
    marked = decode(Path("a.py"), "a.py", b"\xef\xbb\xbf# coding: utf-8\n")
    assert marked.has_bom
    assert not marked.text.startswith("\ufeff")


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"x = 1\ny = '\xe4'\n", 2, "0xe4"),
        (b"x = 1\n\n\0", 3, "NUL"),
        ("x = 1\n".encode("utf-16"), 1, "NUL"),
        (b"# coding: klingon\n", 1, "klingon"),
        (b"# coding: rot13\n", 1, "rot13"),
        (b"\xef\xbb\xbf# coding: latin-1\n", 1, "utf-8"),
        (b"# coding: ascii\n'\xe4'", 2, "ascii"),
    ],
)
def test_what_cannot_be_decoded(data, line, words):
    source = decode(Path("a.py"), "a.py", data)
    assert source.text is None
    assert source.data == data
    assert (source.error.code, source.error.line) == ("HK002", line)
    assert words in source.error.message


def test_encoding_a_character_that_the_encoding_lacks():
    source = decode(Path("a.py"), "a.py", b"# coding: latin-1\n")
    with pytest.raises(UnicodeEncodeError):
        encode("\u20ac", source)


def test_reading_a_directory_is_an_error_of_the_file(tmp_path):
    assert read(tmp_path, "x").error.code == "HK003"


def test_tree_files_has_everything_but_ignored_files(tmp_path):
    put(
        tmp_path,
        "a.py",
        "data/x.csv",
        files={"data/x.csv": "", ".gitignore": "*.log\n", "l.log": ""},
    )
    names = {str(path.relative_to(tmp_path)) for path in tree_files(tmp_path)}
    assert {"a.py", "data/x.csv", ".gitignore"} <= names
    assert "l.log" not in names


def test_nothing_heavy_is_imported():
    code = (
        "import sys, hk2flax.project.files\n"
        "print({'libcst', 'jax', 'rich', 'numpy', 'click'} & set(sys.modules))"
    )
    done = subprocess.run(["python", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_nearest_project_file_within_the_repository_is_the_root(tmp_path):
    git(tmp_path, "init", "-q")
    put(tmp_path, "one/pyproject.toml", "one/pkg/a.py", "two/b.py", "setup.py")
    assert project_root(tmp_path / "one" / "pkg" / "a.py") == tmp_path / "one"
    assert project_root(tmp_path / "two") == tmp_path
    (tmp_path / "setup.py").unlink()
    assert project_root(tmp_path / "two" / "b.py") == tmp_path
    inner = tmp_path / "two"
    git(inner, "init", "-q")
    put(tmp_path, "setup.py")
    assert project_root(inner) == inner
