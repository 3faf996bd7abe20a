"""The project as one program: its files and definitions, and names looked up across files.

Definitions have canonical names: the path of the file relative to the root with dots, then the
name inside ("pkg.nets.Block", "train.make.<locals>.forward").
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cached_property

from hk2flax.diagnostics import Diagnostic
from hk2flax.project.scopes import Function, Names
from hk2flax.project.source import SourceFile

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(eq=False)
class File:
    """A parsed file."""

    source: SourceFile
    module: str
    tree: ast.Module
    names: Names

    def haiku_name(self, node: ast.AST | None) -> str:
        """The dotted Haiku name that an expression refers to, or ""."""
        name = self.names.qualified.get(node, "") if node is not None else ""
        return name if name == "haiku" or name.startswith("haiku.") else ""


@dataclass(eq=False)
class Class:
    """A class of the project; `bases` are canonical or dotted names ("" where unknown)."""

    name: str
    node: ast.ClassDef
    file: File
    bases: list[str] = field(default_factory=list)

    @cached_property
    def methods(self) -> dict[str, ast.FunctionDef]:
        """The methods defined in the class body, by name (the last definition wins)."""
        return {s.name: s for s in self.node.body if isinstance(s, ast.FunctionDef)}


@dataclass
class Project:
    """All parsed files, and the definitions in them by canonical name."""

    files: dict[str, File] = field(default_factory=dict)
    classes: dict[str, Class] = field(default_factory=dict)
    functions: dict[str, tuple[Function, File]] = field(default_factory=dict)
    errors: dict[str, Diagnostic] = field(default_factory=dict)
    _modules: dict[str, str] = field(default_factory=dict)
    _unrelated: set[str] = field(default_factory=set)
    _canonical: dict[tuple[str, str], str] = field(default_factory=dict)
    _following: set[tuple[str, str]] = field(default_factory=set)

    def canonical(self, file: File, dotted: str) -> str:
        """The canonical name of what `dotted` means in `file` (unchanged when not ours)."""
        if dotted.startswith(("haiku.", "jax.")) and "haiku" not in self._tops:
            return dotted
        key = (file.source.rel.rpartition("/")[0], dotted)
        if key not in self._canonical:
            self._canonical[key] = dotted  # breaks cycles of re-exports
            self._canonical[key] = self._find(key[0], dotted)
        return self._canonical[key]

    def name(self, file: File, node: ast.AST | None) -> str:
        """The canonical name that an expression refers to, or ""."""
        dotted = file.names.qualified.get(node, "") if node is not None else ""
        return self.canonical(file, dotted) if dotted else ""

    @cached_property
    def haiku_names(self) -> set[str]:
        """The dotted names of Haiku that some file refers to."""
        names = (self.name(f, n) for f in self.files.values() for n in f.names.qualified)
        return {name for name in names if name.startswith("haiku.")}

    def _find(self, folder: str, dotted: str) -> str:
        if dotted in self.classes or dotted in self.functions:
            return dotted
        found = self._locate(folder, dotted)
        if found is None:
            return dotted
        file, rest, _ = found
        return self._member(file, rest) if rest else self._attribute(file)

    def _attribute(self, file: File) -> str:
        """What the name of a module means in its package: the module, unless something hides it.

        After `from .linear import linear` in `__init__.py`, `package.linear` is the function.
        """
        package, _, last = file.module.rpartition(".")
        parent = self.files.get(self._modules.get(package, ""))
        binding = parent.names.scopes[parent.tree].bindings.get(last) if parent else None
        if parent is None or binding is None or not binding.target.endswith(f"{last}.{last}"):
            return file.module
        return self._member(parent, [last])

    def _locate(self, folder: str, dotted: str) -> tuple[File, list[str], str] | None:
        """(file, names inside it, folder it was found from) of an absolute dotted name."""
        prefixes = [folder.replace("/", ".")]
        while prefixes[-1]:
            prefixes.append(prefixes[-1].rpartition(".")[0])
        parts = dotted.split(".")
        for prefix in prefixes:
            for root in (prefix, f"{prefix}.src" if prefix else "src"):
                for cut in range(len(parts), 0, -1):
                    module = ".".join([*([root] if root else []), *parts[:cut]])
                    if module in self._modules:
                        return (
                            self.files[self._modules[module]],
                            parts[cut:],
                            root.replace(".", "/"),
                        )
                    if module in self._unrelated:
                        return None
        return None

    def owns(self, file: File, dotted: str) -> bool:
        """True when `import dotted` in a file finds one of the project's own modules."""
        first = dotted.split(".")[0]
        folders = [*file.source.rel.split("/")[:-1]]
        roots = [".".join(folders[:depth]) for depth in range(len(folders) + 1)]
        return any(
            ".".join(filter(None, (root, src, first))) in self._packages
            for root in roots
            for src in ("", "src")
        )

    @cached_property
    def _packages(self) -> set[str]:
        """All modules and the packages around them."""
        result: set[str] = set()
        for module in {*self._modules, *self._unrelated}:
            parts = module.split(".")
            result.update(".".join(parts[:depth]) for depth in range(1, len(parts) + 1))
        return result

    @cached_property
    def _roots(self) -> dict[str, set[str]]:
        """By file: the folders from which other files import it.

        What nobody imports is found from where it imports its neighbours: those that share the
        first folder below that place, the namespace package of both.
        """
        roots: dict[str, set[str]] = {}
        neighbours: dict[str, set[str]] = {}
        for file in self.files.values():
            rel = file.source.rel
            folder = rel.rpartition("/")[0]
            for node in file.names.parent:
                names = []
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                    names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                for name in names:
                    found = self._locate(folder, name)
                    if found is None:
                        continue
                    roots.setdefault(found[0].source.rel, set()).add(found[2])
                    top = found[0].source.rel.removeprefix(found[2]).strip("/").split("/")[0]
                    if f"{rel}/".startswith(f"{found[2]}/{top}/".lstrip("/")):
                        neighbours.setdefault(rel, set()).add(found[2])
        return neighbours | roots

    def import_root(self, rel: str) -> str:
        """The folder from which a file outside packages is imported: its own by default."""
        own = rel.rpartition("/")[0]
        roots = self._roots.get(rel, {own})
        return own if own in roots else min(roots, key=len)

    def _member(self, file: File, rest: list[str]) -> str:
        if not rest:
            return file.module
        own = ".".join([file.module, *rest])
        key = (file.module, rest[0])
        if key in self._following:  # a circle of re-exports
            return own
        self._following.add(key)
        try:
            return self._follow(file, rest) or own
        finally:
            self._following.discard(key)

    def _follow(self, file: File, rest: list[str]) -> str:
        """Where a file has imported a name from, or "" where it is its own."""
        binding = file.names.scopes[file.tree].bindings.get(rest[0])
        if binding is not None and binding.target and binding.kind in ("import", "value"):
            return self.canonical(file, ".".join([binding.target, *rest[1:]]))
        if binding is None:
            for star in file.names.stars:
                found = self.canonical(file, ".".join([star, *rest]))
                if found in self.classes or found in self.functions or found.startswith("haiku."):
                    return found
        return ""

    def mro(self, name: str) -> list[Class]:
        """The project classes among `name` and its bases, nearest first (depth first)."""
        result: list[Class] = []
        stack = [name]
        while stack:
            cls = self.classes.get(stack.pop())
            if cls is not None and cls not in result:
                result.append(cls)
                stack += reversed(cls.bases)
        return result

    def subclasses(self, name: str) -> list[Class]:
        """The project classes that inherit from `name`, directly or not."""
        result: list[Class] = []
        work = [name]
        while work:
            for cls in self._children.get(work.pop(), ()):
                if cls not in result and cls.name != name:
                    result.append(cls)
                    work.append(cls.name)
        return result

    @cached_property
    def _children(self) -> dict[str, list[Class]]:
        children: dict[str, list[Class]] = {}
        for cls in self.classes.values():
            for base in cls.bases:
                children.setdefault(base, []).append(cls)
        return children

    @cached_property
    def methods(self) -> set[ast.AST]:
        """All functions that stand directly in a class body."""
        return {
            m
            for cls in self.classes.values()
            for m in cls.node.body
            if isinstance(m, ast.FunctionDef)
        }

    @cached_property
    def _tops(self) -> set[str]:
        return {module.split(".")[0] for module in self._modules}

    @cached_property
    def import_targets(self) -> dict[str, set[str]]:
        """What the top-level imports of all files name, by the last part of the dotted name."""
        targets: dict[str, set[str]] = {}
        for file in self.files.values():
            for binding in file.names.scopes[file.tree].bindings.values():
                targets.setdefault(binding.target.rpartition(".")[2], set()).add(binding.target)
        return targets

    @cached_property
    def imported(self) -> dict[str, set[str]]:
        """Canonical names that other files import, and the modules of those files."""
        result: dict[str, set[str]] = {}
        for file in self.files.values():
            for scope in file.names.scopes.values():
                for binding in scope.bindings.values():
                    if binding.kind == "import":
                        name = self.canonical(file, binding.target)
                        result.setdefault(name, set()).add(file.module)
        for file in self.files.values():
            for node in file.names.qualified:
                if isinstance(node, ast.Attribute):
                    result.setdefault(self.name(file, node), set()).add(file.module)
        return result
