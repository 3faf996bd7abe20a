"""Which files to change, and which other files of the project to read while doing so."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hk2flax.project.ignore import Rules, git_top, is_skipped, listed_by_git, walk
from hk2flax.project.source import SourceFile, decode, encode, read

__all__ = ["Discovery", "SourceFile", "decode", "discover", "encode", "read"]

# A folder with one of these names holds programs that import the library.
_LIBRARIES = frozenset({"flax", "haiku", "jax", "numpy", "optax"})
_MARKERS = ("pyproject.toml", "setup.py", "setup.cfg")


@dataclass(frozen=True)
class Discovery:
    """The files of a run. `targets` are to be changed; `context` is the rest of the project.

    `root` is the project root: the nearest directory with a pyproject.toml or setup.py, else the
    top of the git repository, else the directory of the path; above any packages that it lies in,
    and above that directory where its files import each other by its name.
    All `rel` paths start there. With files of several projects it is their common ancestor, and
    `roots` are those of the projects. `context` is read when it is first asked for: many runs
    need none.
    """

    root: Path
    targets: tuple[SourceFile, ...]
    roots: tuple[Path, ...] = ()

    @property
    def namespace(self) -> str:
        """The name of the namespace package that all files lie in, where `root` is above one."""
        names = [root.name for root in self.roots if root.parent == self.root]
        return names[0] if len(self.roots) == len(names) == 1 else ""

    @cached_property
    def context(self) -> tuple[SourceFile, ...]:
        """The other Python files of the project, sorted by `rel`."""
        known = {os.path.realpath(source.path) for source in self.targets}
        paths: dict[str, Path] = {}
        for root in self.roots:
            for path in _project_files(root):
                paths.setdefault(os.path.realpath(path), path)
        rest = (path for real, path in paths.items() if real not in known)
        return tuple(sorted((read(p, _relative(p, self.root)) for p in rest), key=_by_rel))

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """Targets and context together, sorted by `rel`."""
        return tuple(sorted((*self.targets, *self.context), key=_by_rel))


def discover(paths: Sequence[Path], exclude: Sequence[str] = ()) -> Discovery:
    """Find the Python files under the paths and read them.

    A directory gives every `.py` file below it that git does not ignore; a file is taken whatever
    its name and whether or not it is ignored. Symlinks to directories are not followed.
    `exclude` holds patterns as in a .gitignore, relative to the project root where they start with
    "/" and at any depth elsewhere; what they match is context, not a target. Raises
    FileNotFoundError for a path that does not exist.
    """
    starts = [Path(os.path.abspath(path)) for path in paths]
    for given, start in zip(paths, starts, strict=True):
        if not start.exists():
            raise FileNotFoundError(f"no such file or directory: {given}")
    roots = tuple(dict.fromkeys(project_root(start) for start in starts))
    root = roots[0] if len(roots) == 1 else Path(os.path.commonpath(roots))
    rules = Rules(_anywhere(pattern) for pattern in exclude)
    found: dict[str, SourceFile] = {}
    for path in _targets(starts):
        rel = _relative(path, root)
        real = os.path.realpath(path)
        if real not in found and not rules.excludes(rel):
            found[real] = read(path, rel)
    targets = tuple(sorted(found.values(), key=_by_rel))
    if roots == (root,) and not _is_marked(root) and _imported_by_name(root, targets):
        targets = tuple(read(t.path, f"{root.name}/{t.rel}") for t in targets)
        return Discovery(root.parent, targets, roots)
    return Discovery(root, targets, roots)


def project_root(path: Path) -> Path:
    """The root of the project that a file or directory (absolute) belongs to."""
    directory = path if path.is_dir() else path.parent
    top = repository(directory)
    root = top or directory
    for parent in (directory, *directory.parents):
        if any((parent / marker).is_file() for marker in _MARKERS):
            root = parent
            break
        if parent == top:
            break
    while (root / "__init__.py").is_file() and root not in (top, root.parent):
        root = root.parent  # the directory that imports start from
    return root


def repository(directory: Path) -> Path | None:
    """The top of the git working tree around a directory, in the directory's own spelling."""
    top = git_top(directory)
    if top is None:
        return None
    # git resolves symlinks; keep the spelling of the path where both mean the same place.
    same = (p for p in (directory, *directory.parents) if p.samefile(top))
    return next(same, top)


def tree_files(directory: Path) -> list[Path]:
    """Every file of a tree, Python or not, that is neither ignored nor a cache, sorted."""
    listed = listed_by_git(directory)
    return walk(directory) if listed is None else listed


def _targets(starts: Iterable[Path]) -> Iterable[Path]:
    """Named files first: where a file is also reached through a link, the given name stays."""
    yield from (start for start in starts if start.is_file())
    for start in starts:
        if start.is_dir():
            yield from _python_files(tree_files(start), start)


def _python_files(paths: Iterable[Path], directory: Path) -> list[Path]:
    """Regular `.py` files; a link counts when its target lies in the directory or beside it."""
    inside = os.path.realpath(directory) + os.sep
    plain, links = [], []
    for path in paths:
        if path.suffix != ".py":
            continue
        if not path.is_symlink():
            plain.append(path)
        elif os.path.realpath(path).startswith(inside) and path.is_file():
            links.append(path)
    return plain + links


def _project_files(root: Path) -> list[Path]:
    """The Python files of a project; only packages where nothing marks `root` as a project."""
    if _is_marked(root):
        return _python_files(tree_files(root), root)
    return list(_packages(root))


def _is_marked(root: Path) -> bool:
    """True for the root of a project or anything in a git repository."""
    marked = any((root / marker).exists() for marker in (".git", *_MARKERS))
    return marked or git_top(root) is not None


def _imported_by_name(root: Path, targets: Iterable[SourceFile]) -> bool:
    """True when files below a directory import each other by its name (a namespace package)."""
    if not root.name.isidentifier() or root.name in _LIBRARIES or (root / root.name).exists():
        return False
    own = re.compile(
        rf"^[ \t]*(?:from[ \t]+{root.name}(?:\.(\w+)|[ \t]+import[ \t]+(\w+))"
        rf"|import[ \t]+{root.name}\.(\w+))",
        re.MULTILINE,
    )
    inner = {n for t in targets for groups in own.findall(t.text or "") for n in groups if n}
    return any((root / f"{name}.py").is_file() or (root / name).is_dir() for name in inner)


def _packages(directory: Path) -> Iterable[Path]:
    entries = sorted(directory.iterdir())
    yield from _python_files((path for path in entries if path.is_file()), directory)
    for path in entries:
        if (path / "__init__.py").is_file() and not (path.is_symlink() or is_skipped(str(path))):
            yield from _packages(path)


def _anywhere(pattern: str) -> str:
    pattern = pattern.removeprefix("./")
    return pattern if pattern.startswith(("/", "!")) else f"**/{pattern}"


def _relative(path: Path, root: Path) -> str:
    return os.path.relpath(path, root).replace(os.sep, "/")


def _by_rel(source: SourceFile) -> str:
    return source.rel
