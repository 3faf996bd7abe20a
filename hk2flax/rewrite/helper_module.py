"""The helpers that a project needs, copied into one module of its own tree.

The definitions come from `hk2flax/linen` with everything they use in turn; the module imports only
jax, flax and numpy, so that a migrated project never depends on hk2flax.
"""

from __future__ import annotations

import ast
import symtable
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

from hk2flax.project.walk import walk

MARK = "# Written by hk2flax"
NAME = "flax_helpers"

_HEADER = f'''"""Haiku's behaviour where plain Flax has nothing equal.

{MARK[2:]} from the Haiku version of this project. Each definition says what plain linen
would do differently; where that does not matter, replace it and delete it here.
"""
'''


@dataclass(frozen=True)
class Definition:
    """A top-level definition of `hk2flax/linen`: its source, its syntax tree, and its file."""

    name: str
    source: str
    node: ast.stmt
    path: Path
    order: tuple[int, int]

    @cached_property
    def uses(self) -> frozenset[str]:
        """The names it uses: a local variable may have the name of another helper."""
        nodes = list(walk(self.node))
        bound = {n.arg for n in nodes if isinstance(n, ast.arg)}
        bound |= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        if isinstance(self.node, ast.FunctionDef):
            args = self.node.args
            eager = [*self.node.decorator_list, *args.defaults, *args.kw_defaults]
            bound -= {n.id for e in eager if e for n in walk(e) if isinstance(n, ast.Name)}
        bound -= _global_names(self.path).get(self.name, set())
        return frozenset(n.id for n in nodes if isinstance(n, ast.Name)) - bound - {self.name}


@lru_cache(maxsize=1)
def _library() -> tuple[dict[str, Definition], dict[str, str]]:
    """(definitions by name, import statement by the name it binds)."""
    definitions: dict[str, Definition] = {}
    imports: dict[str, str] = {}
    folder = Path(__file__).parent.parent / "linen"
    for number, path in enumerate(sorted(folder.glob("*.py"))):
        source = path.read_text(encoding="utf-8")
        lines = source.splitlines()
        for node in ast.parse(source).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                _note_import(node, imports)
                continue
            start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
            while start > 1 and lines[start - 2].startswith("#"):
                start -= 1
            text = "\n".join(lines[start - 1 : node.end_lineno])
            for name in _bound(node):
                definitions[name] = Definition(name, text, node, path, (number, node.lineno))
    return definitions, imports


@cache
def _global_names(path: Path) -> dict[str, set[str]]:
    """By top-level function or class, the names that its code looks up outside of functions."""

    def names(table: symtable.SymbolTable) -> set[str]:
        own = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global()}
        return own.union(*(names(child) for child in table.get_children()))

    found: dict[str, set[str]] = {}
    text = path.read_text(encoding="utf-8")
    for table in symtable.symtable(text, path.name, "exec").get_children():
        found.setdefault(table.get_name(), set()).update(names(table))
    return found


def _note_import(node: ast.Import | ast.ImportFrom, imports: dict[str, str]) -> None:
    if isinstance(node, ast.ImportFrom) and (node.level or node.module == "__future__"):
        return
    for alias in node.names:
        as_name = f" as {alias.asname}" if alias.asname else ""
        if isinstance(node, ast.Import):
            statement = f"import {alias.name}{as_name}"
        else:
            statement = f"from {node.module} import {alias.name}{as_name}"
        imports[alias.asname or alias.name.split(".")[0]] = statement


def _bound(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [t.id for t in targets if isinstance(t, ast.Name)]


def is_helper_module(text: str) -> bool:
    """True for a module that an earlier run wrote."""
    return MARK[2:] in text[: len(_HEADER)]


def exists(name: str) -> bool:
    """True when there is a helper of that name."""
    return name in _library()[0]


@lru_cache(maxsize=64)
def attributes(name: str) -> frozenset[str]:
    """The fields, methods and attributes of a helper class and its bases."""
    definition = _library()[0].get(name)
    node = ast.parse(definition.source).body[0] if definition is not None else None
    if not isinstance(node, ast.ClassDef):
        return frozenset()
    found = {n for base in node.bases if isinstance(base, ast.Name) for n in attributes(base.id)}
    for statement in node.body:
        found.update([*_bound(statement)])
    for inner in walk(node):
        if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
            found.add(inner.attr)
    return frozenset(found)


def helper_names(text: str) -> set[str]:
    """The helpers defined in the text of a helper module that was written earlier."""
    known = _library()[0]
    return {name for node in ast.parse(text).body for name in _bound(node) if name in known}


def helper_module(names: Iterable[str]) -> str:
    """The text of a module with these helpers and all that they use."""
    definitions, imports = _library()
    ordered: list[Definition] = []
    seen: set[str] = set()

    def add(name: str) -> None:
        if name in seen or name not in definitions:
            return
        seen.add(name)
        definition = definitions[name]
        for used in sorted(
            definition.uses, key=lambda n: definitions[n].order if n in definitions else (0, 0)
        ):
            add(used)
        if all(d.source != definition.source for d in ordered):
            ordered.append(definition)

    for name in sorted(names):
        add(name)
    used = set().union(*(d.uses for d in ordered)) if ordered else set()
    lines = _import_lines([imports[n] for n in sorted(used) if n in imports])
    body = "\n\n\n".join(d.source for d in ordered)
    return f"{_HEADER}\nfrom __future__ import annotations\n\n{lines}\n\n{body}\n"


def _import_lines(statements: list[str]) -> str:
    standard, other = [], []
    grouped: dict[str, list[str]] = {}
    for statement in dict.fromkeys(statements):
        words = statement.split()
        if words[0] == "from":
            grouped.setdefault(words[1], []).append(" ".join(words[3:]))
        elif words[1].split(".")[0] in sys.stdlib_module_names:
            standard.append(statement)
        else:
            other.append(statement)
    for module, names in sorted(grouped.items()):
        line = f"from {module} import {', '.join(sorted(names))}"
        (standard if module.split(".")[0] in sys.stdlib_module_names else other).append(line)
    sections = [sorted(standard, key=_import_order), sorted(other, key=_import_order)]
    return "\n\n".join("\n".join(s) for s in sections if s) + "\n"


def _import_order(line: str) -> tuple[bool, str]:
    return line.startswith("from "), line
