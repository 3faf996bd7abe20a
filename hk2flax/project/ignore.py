"""Which files of a tree belong to the project: .gitignore, by git itself or by a small matcher."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath

# Never part of a project, whether or not a .gitignore says so.
SKIPPED = frozenset(
    {
        *(".git", ".hg", ".svn", ".jj", "node_modules", "site-packages", ".eggs"),
        *("venv", ".venv", ".tox", ".nox", "__pycache__", ".ipynb_checkpoints"),
        *(".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"),
    }
)
# Build output, unless it is a Python package of that name.
SKIPPED_UNLESS_PACKAGE = frozenset({"build", "dist"})


def is_skipped(directory: str) -> bool:
    """Whether a directory (an existing path) is a cache, a build output or an environment."""
    name = os.path.basename(directory)
    if name in SKIPPED or os.path.exists(os.path.join(directory, "pyvenv.cfg")):
        return True
    return name in SKIPPED_UNLESS_PACKAGE and not os.path.exists(
        os.path.join(directory, "__init__.py")
    )


def git(directory: Path, *arguments: str) -> bytes | None:
    """The output of a git command, or None where git is absent or refuses."""
    command = ["git", "-C", str(directory), *arguments]
    environment = {k: v for k, v in os.environ.items() if k not in _GIT_HOOK_VARIABLES}
    try:
        done = subprocess.run(command, capture_output=True, env=environment, check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


# A git hook (pre-commit) runs with these set; they would point git at the wrong repository.
_GIT_HOOK_VARIABLES = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY"})


def git_top(directory: Path) -> Path | None:
    """The working tree that holds the directory, unless that tree ignores the directory."""
    if not any((parent / ".git").exists() for parent in (directory, *directory.parents)):
        return None
    top = git(directory, "rev-parse", "--show-toplevel")
    if top is None:
        return None
    root = Path(os.fsdecode(top.rstrip(b"\n")))
    ignored = directory != root and git(root, "check-ignore", "-q", str(directory)) is not None
    return None if ignored else root


def listed_by_git(directory: Path) -> list[Path] | None:
    """Files under the directory that git tracks or would add; None outside a repository."""
    if git_top(directory) is None:
        return None
    listing = git(directory, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listing is None:
        return None
    found: list[Path] = []
    skipped = lru_cache(maxsize=None)(is_skipped)
    for name in sorted({os.fsdecode(entry) for entry in listing.split(b"\0") if entry}):
        path = directory / name
        parents = PurePosixPath(name.rstrip("/")).parents
        if any(skipped(str(directory / parent)) for parent in parents if parent.name):
            continue
        if path.is_dir() and not path.is_symlink():  # a submodule or a nested repository
            if not skipped(str(path)):
                found += walk(path)
        elif os.path.lexists(path):  # git still lists files that were deleted
            found.append(path)
    return found


def walk(directory: Path) -> list[Path]:
    """Files under a directory in sorted order, without following symlinks to directories."""
    listed = listed_by_git(directory) if (directory / ".git").exists() else None
    return sorted(_walk(str(directory), ())) if listed is None else listed


def _walk(directory: str, rules: Sequence[tuple[str, Rules]]) -> Iterator[Path]:
    own = Rules.read(os.path.join(directory, ".gitignore"))
    if own is not None:
        rules = (*rules, (directory, own))
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        is_directory = entry.is_dir(follow_symlinks=False)
        if _ignored(entry.path, is_directory, rules):
            continue
        if not is_directory:
            yield Path(entry.path)
        elif not is_skipped(entry.path):
            yield from _walk(entry.path, rules)


def _ignored(path: str, is_directory: bool, rules: Sequence[tuple[str, Rules]]) -> bool:
    for base, patterns in reversed(rules):  # the nearest .gitignore that says something decides
        verdict = patterns.verdict(os.path.relpath(path, base).replace(os.sep, "/"), is_directory)
        if verdict is not None:
            return verdict
    return False


class Rules:
    """Patterns of one .gitignore file, or of --exclude, over paths relative to its directory."""

    def __init__(self, lines: Iterable[str]) -> None:
        """Compile the lines; comments and blank lines are dropped."""
        self._rules = [rule for line in lines if (rule := _compile(line)) is not None]

    @classmethod
    def read(cls, path: str) -> Rules | None:
        """The rules of a .gitignore file, or None where there is none."""
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                return cls(file)
        except OSError:
            return None

    def verdict(self, rel: str, is_directory: bool = False) -> bool | None:
        """True: ignored; False: taken back by a `!` line; None: no line matches."""
        for pattern, negated, directories_only in reversed(self._rules):
            if (is_directory or not directories_only) and pattern.fullmatch(rel):
                return not negated
        return None

    def excludes(self, rel: str) -> bool:
        """Whether the path or one of the directories above it is ignored."""
        parts = rel.split("/")
        above = ("/".join(parts[:n]) for n in range(1, len(parts)))
        return any(self.verdict(path, True) for path in above) or bool(self.verdict(rel))


def _compile(line: str) -> tuple[re.Pattern[str], bool, bool] | None:
    text = line.rstrip("\r\n")
    text = re.sub(r"(?<!\\) +$", "", text)
    if not text or text.startswith("#"):
        return None
    negated = text.startswith("!")
    text = text[1:] if negated else text
    text = text[1:] if text[:2] in ("\\#", "\\!") else text
    directories_only = text.endswith("/")
    text = text.rstrip("/").removeprefix("./")
    anchored = "/" in text
    body = _regex(text.removeprefix("/"))
    return re.compile(body if anchored else f"(?:.*/)?{body}"), negated, directories_only


_TOKENS = re.compile(
    r"(?P<lead>^\*\*/)|(?P<middle>/\*\*/)|(?P<tail>/\*\*$)|(?P<star>\*+)|(?P<one>\?)"
    r"|(?P<set>\[!?\]?[^]]*\])|\\?(?P<char>.)"
)
_AS_REGEX = {
    "lead": "(?:.*/)?",
    "middle": "/(?:.*/)?",
    "tail": "/.+",
    "star": "[^/]*",
    "one": "[^/]",
}


def _regex(glob: str) -> str:
    out = ""
    for token in _TOKENS.finditer(glob):
        kind = token.lastgroup or ""
        if kind == "set":
            members = token["set"][1:-1]
            negated = members.startswith("!")
            out += ("[^" if negated else "[") + members[negated:].replace("[", r"\[") + "]"
        else:
            out += _AS_REGEX.get(kind) or re.escape(token["char"])
    return out
