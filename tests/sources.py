"""Projects as dictionaries of texts: to resolve, to plan and to rewrite, all in memory."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path

from hk2flax.diagnostics import Diagnostic
from hk2flax.project.files import Discovery
from hk2flax.project.index import File, Project
from hk2flax.project.parse import build_project
from hk2flax.project.source import SourceFile, decode
from hk2flax.rewrite import RewriteResult, rewrite_project
from hk2flax.rewrite.program import Program, plan_program

ROOT = Path("/project")


def sources(files: dict[str, str]) -> tuple[SourceFile, ...]:
    """Source files from texts by relative path; common indentation goes."""
    return tuple(
        decode(ROOT / rel, rel, textwrap.dedent(text).encode())
        for rel, text in sorted(files.items())
    )


def index(files: dict[str, str]) -> Project:
    """The project that these files make."""
    return build_project(sources(files))


def one(text: str, rel: str = "m.py") -> tuple[Project, File]:
    """A project of one file, and that file."""
    project = index({rel: text})
    return project, project.files[rel]


def find(file: File, text: str, number: int = 0) -> ast.expr:
    """The n-th expression in a file that reads like `text`."""
    found = [n for n in ast.walk(file.tree) if isinstance(n, ast.expr) and ast.unparse(n) == text]
    return sorted(found, key=lambda n: (n.lineno, n.col_offset))[number]


def plan(text: str, prefer: str = "exact", **others: str) -> Program:
    """All decisions for a file m.py and others beside it (`base="..."` is base.py)."""
    files = {"m.py": text, **{f"{name}.py": other for name, other in others.items()}}
    return plan_program(sources(files), prefer)


def rewrite_files(files: dict[str, str], prefer: str = "exact") -> RewriteResult:
    """Rewrites a project; every output must compile, and a second run must change nothing."""
    first = _run(sources(files), prefer)
    done = {result.source.rel: result.text for result in first.files} | dict(first.new_files)
    for rel, text in done.items():
        if text is not None:
            compile(text, rel, "exec", dont_inherit=True)
    second = _run(
        tuple(decode(ROOT / rel, rel, text.encode()) for rel, text in done.items() if text), prefer
    )
    for result in second.files:
        assert result.text == done[result.source.rel], f"a second run changes {result.source.rel}"
    assert all(done[rel] == text for rel, text in second.new_files.items())
    return first


def _run(files: tuple[SourceFile, ...], prefer: str) -> RewriteResult:
    result = rewrite_project(Discovery(ROOT, files), prefer)
    for file in result.files:
        broken = [d for d in file.diagnostics if d.code in ("HK105", "HK106")]
        assert not broken, broken
    return result


def rewrite(text: str, prefer: str = "exact", **others: str) -> str:
    """The new text of m.py."""
    files = {"m.py": text, **{f"{name}.py": other for name, other in others.items()}}
    return texts(rewrite_files(files, prefer))["m.py"]


def texts(result: RewriteResult) -> dict[str, str]:
    """The new texts by path, those of new files too."""
    found = {file.source.rel: file.text or "" for file in result.files}
    return found | dict(result.new_files)


def diagnostics(text: str, prefer: str = "exact", **others: str) -> list[Diagnostic]:
    """What is said about m.py."""
    files = {"m.py": text, **{f"{name}.py": other for name, other in others.items()}}
    result = rewrite_files(files, prefer)
    return [d for file in result.files if file.source.rel == "m.py" for d in file.diagnostics]


def codes(text: str, prefer: str = "exact", **others: str) -> list[str]:
    """The codes of what is said about m.py."""
    return [d.code for d in diagnostics(text, prefer, **others)]
