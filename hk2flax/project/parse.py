"""Parses what matters in a project.

A file matters when it mentions haiku or may import a file that does; the others are never parsed.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable

from hk2flax.diagnostics import Diagnostic
from hk2flax.project.index import Class, File, Project
from hk2flax.project.links import link_names
from hk2flax.project.scopes import resolve_names
from hk2flax.project.source import SourceFile


def _module_name(rel: str) -> str:
    stem = rel[: -len(".py")] if rel.endswith(".py") else rel
    return stem.replace("/", ".").removesuffix(".__init__") if stem != "__init__" else "__init__"


_IMPORT = re.compile(rb"^[ \t]*(?:from|import)[ \t.][^\n(]*(?:\([^)]*\))?", re.M)
_WORD = re.compile(rb"[A-Za-z_]\w*")


def _imported_words(source: SourceFile) -> set[bytes]:
    """The words of a file's import statements, and its folder where it imports from there."""
    words: set[bytes] = set()
    for statement in _IMPORT.findall(source.data):
        words.update(_WORD.findall(statement))
        after = statement.split(maxsplit=1)[1:]  # empty where a line of prose is just "from "
        if after and after[0].startswith(b"."):
            words.add(source.rel.rpartition("/")[0].encode())
    return words


def _names_of(file: File) -> set[bytes]:
    """By what the import of a file may be recognised: its module name, or a package's folder."""
    names = {file.module.rpartition(".")[2].encode()}
    if file.source.rel.endswith("__init__.py"):
        names.add(file.source.rel.rpartition("/")[0].encode())
    return names


def build_project(sources: Iterable[SourceFile]) -> Project:
    """Parses what matters among `sources` and resolves names across files."""
    project = Project()
    readable = [s for s in sources if s.text is not None]
    relevant = [s for s in readable if b"haiku" in s.data]
    waiting = [(s, _imported_words(s)) for s in readable if b"haiku" not in s.data]
    while relevant:
        names = {n for s in relevant if _add(project, s) for n in _names_of(project.files[s.rel])}
        relevant = [s for s, words in waiting if words & names]
        waiting = [(s, words) for s, words in waiting if not words & names]
    _add_bystanders(project, waiting)
    project._unrelated = {_module_name(s.rel) for s in readable} - set(project._modules)
    for file in project.files.values():
        for node, scope in file.names.scopes.items():
            if isinstance(node, ast.ClassDef):
                earlier = project.classes.get(scope.prefix)
                if earlier is not None:  # `if FAST: class Net` ... `else: class Net`
                    earlier.name = f"{scope.prefix}#{earlier.node.lineno}"
                    file.names.scopes[earlier.node].prefix = earlier.name
                    project.classes[earlier.name] = earlier
                project.classes[scope.prefix] = Class(scope.prefix, node, file)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                name = scope.prefix.removesuffix(".<locals>")
                project.functions[name] = (node, file)
    link_names(project)
    for cls in project.classes.values():
        cls.bases = [project.name(cls.file, base) for base in _base_nodes(cls.node)]
    return project


# What code may say that looks at parameters by name, or by their place among the leaves, or that
# tells lists and dicts (which linen changes) from other things.
_LOOKS_AT_VALUES = re.compile(
    rb"isinstance\([^\n]*\b(?:list|dict)\b"
    rb"|with_path|keystr|path_aware|ravel_pytree|random_like|tree_flatten|tree_leaves"
    rb"|params\[|in params\b"
    rb"|(?:params|grads)\.(?:items|keys|values|get|pop)\(|[\"'](?:[wb]|[^\"'\n]*(?:~|linear|norm)[^\"'\n]*)[\"']"
)


def _add_bystanders(project: Project, waiting: list[tuple[SourceFile, set[bytes]]]) -> None:
    """Files without Haiku that Haiku files import, where they may look at parameters."""
    words = set().union(*(_imported_words(f.source) for f in project.files.values()))
    while True:
        found = [(s, own) for s, own in waiting if _last_part(s.rel) in words]
        if not found:
            return
        waiting = [pair for pair in waiting if pair not in found]
        for source, own in found:
            words |= own
            if _LOOKS_AT_VALUES.search(source.data):
                _add(project, source)


def _last_part(rel: str) -> bytes:
    return _module_name(rel).rpartition(".")[2].encode()


def _base_nodes(node: ast.ClassDef) -> list[ast.expr]:
    return [b.value if isinstance(b, ast.Subscript) else b for b in node.bases]


def _add(project: Project, source: SourceFile) -> bool:
    assert source.text is not None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source.text)
            module = _module_name(source.rel)
            names = resolve_names(tree, module, source.rel.endswith("__init__.py"))
    except SyntaxError as error:
        where = (error.lineno or 1, error.offset or 1)
        project.errors[source.rel] = Diagnostic(source.rel, *where, "HK001", f"{error.msg}")
        return False
    except (RecursionError, ValueError, MemoryError) as error:
        project.errors[source.rel] = Diagnostic(source.rel, 1, 1, "HK001", str(error))
        return False
    project.files[source.rel] = File(source, module, tree, names)
    project._modules[module] = source.rel
    return True
