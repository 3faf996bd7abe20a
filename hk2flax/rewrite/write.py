"""Writing in place: all files or none, each atomically, and none with uncommitted changes."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from hk2flax.project.files import SourceFile
from hk2flax.project.ignore import git

TEMPORARY = ".hk2flax-"


class WriteError(Exception):
    """Nothing was written; the message names the file, what failed and why."""


def write_in_place(
    root: Path,
    changes: Mapping[SourceFile, bytes],
    new_files: Mapping[str, bytes],
    allow_dirty: bool = False,
) -> None:
    """Replace the changed files and create the new ones, or raise WriteError and leave all alone.

    Mode bits stay; a symlink stays and its target is replaced. Files that changed on disk since
    they were read, are read-only, or (without `allow_dirty`) hold changes that git has not
    committed are refused.
    """
    contents = {Path(os.path.realpath(s.path)): data for s, data in changes.items()}
    for rel, data in new_files.items():
        path = Path(os.path.realpath(root / rel))
        if not path.is_file() or path.read_bytes() != data:
            contents[path] = data
    for source in changes:
        _check_unchanged(source)
    if not allow_dirty:
        _check_committed([path for path in contents if path.exists()])
    replace_all(contents)


def replace_all(contents: Mapping[Path, bytes]) -> None:
    """Write every file or none. Paths are real paths; missing directories are made."""
    made: list[Path] = []  # directories, outermost first
    new: dict[Path, str] = {}  # a finished new version beside each file
    old: dict[Path, str] = {}  # a second name of each old version
    replaced: list[Path] = []
    path = Path()
    try:
        for path, data in contents.items():
            _make_parents(path, made)
            _check_writable(path)
            new[path] = _stage(path, data)
        for path in (path for path in contents if path.exists()):
            old[path] = _keep(path)
        for path in contents:
            os.replace(new[path], path)
            replaced.append(path)
    except BaseException as error:
        for before in replaced:
            if before in old:
                os.replace(old[before], before)
            else:
                before.unlink()
        _remove([*new.values(), *old.values()], made)
        if not isinstance(error, OSError):
            raise
        reason = error.strerror or str(error)
        raise WriteError(f"cannot write {path}: {reason}; no file was changed") from error
    _remove([*old.values()], [])


def _remove(leftovers: Iterable[str], made: Sequence[Path]) -> None:
    for leftover in leftovers:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(leftover)
    for directory in reversed(made):
        with contextlib.suppress(OSError):  # not empty: a stranger wrote into it meanwhile
            directory.rmdir()


def _make_parents(path: Path, made: list[Path]) -> None:
    missing = [parent for parent in path.parents if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir()
        made.append(parent)


def _check_writable(path: Path) -> None:
    # Replacing a file needs no permission on the file itself, so a read-only one must be asked.
    if path.exists() and not (path.stat().st_mode & 0o222 and os.access(path, os.W_OK)):
        raise PermissionError(13, "the file is read-only")


def _stage(path: Path, data: bytes) -> str:
    """Write the new version beside the file, with the file's mode and owner."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            old = path.stat()
            with contextlib.suppress(PermissionError):  # only root may give files away
                os.chown(name, old.st_uid, old.st_gid)
            os.chmod(name, old.st_mode & 0o7777)
        else:
            os.chmod(name, 0o666 & ~_umask())
    except BaseException:
        os.unlink(name)
        raise
    return name


def _keep(path: Path) -> str:
    """A second name for the old version; needs no space where the file system has hard links."""
    name = tempfile.mktemp(dir=path.parent, prefix=TEMPORARY)
    try:
        os.link(path, name)
    except OSError:
        shutil.copy2(path, name)
    return name


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _check_unchanged(source: SourceFile) -> None:
    try:
        now = source.path.read_bytes()
    except OSError as error:
        raise WriteError(f"cannot read {source.path} again: {error.strerror}") from error
    if now != source.data:
        raise WriteError(
            f"{source.path} changed while hk2flax was running; nothing was written, run it again"
        )


def _check_committed(paths: Sequence[Path]) -> None:
    dirty = sorted(uncommitted(paths))
    if not dirty:
        return
    shown = "\n".join(f"  {os.path.relpath(path)}" for path in dirty[:20])
    more = f"\n  and {len(dirty) - 20} more" if len(dirty) > 20 else ""
    raise WriteError(
        f"uncommitted changes would be mixed with the rewrite in:\n{shown}{more}\n"
        "Commit or stash them first, or pass --allow-dirty. Nothing was written."
    )


def uncommitted(paths: Iterable[Path]) -> set[Path]:
    """Those of the files (real paths) that differ from git's last commit, or are not in it.

    Files outside a repository, and files that git ignores, are not among them.
    """
    by_top: dict[Path, list[Path]] = {}
    tops: dict[Path, Path | None] = {}
    for path in paths:
        top = tops.setdefault(path.parent, _top(path.parent))
        if top is not None:
            by_top.setdefault(top, []).append(path)
    found: set[Path] = set()
    for top, files in by_top.items():
        for chunk in (files[n : n + 500] for n in range(0, len(files), 500)):
            found |= _status(top, chunk)
    return found


def _status(top: Path, files: Sequence[Path]) -> set[Path]:
    names = [os.path.relpath(path, top) for path in files]
    options = ("--porcelain", "-z", "--untracked-files=all", "--no-renames")
    output = git(
        top, "--no-optional-locks", "--literal-pathspecs", "status", *options, "--", *names
    )
    if output is None:
        return set()
    return {top / os.fsdecode(entry[3:]) for entry in output.split(b"\0") if entry}


def _top(directory: Path) -> Path | None:
    candidates = (directory, *directory.parents)
    return next((parent for parent in candidates if (parent / ".git").exists()), None)
