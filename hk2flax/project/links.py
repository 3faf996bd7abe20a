"""Names that only the whole project explains: star imports, and other names for its classes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from hk2flax.project.scopes import extend

if TYPE_CHECKING:
    from hk2flax.project.index import File, Project


def link_names(project: Project) -> None:
    """Resolves what star imports bind, and treats `Layer = Block` as the class that it names."""
    for file in project.files.values():
        if any(star != "haiku" for star in file.names.stars):
            _link_stars(project, file)
    for file in project.files.values():
        _link_aliases(project, file)


def _link_stars(project: Project, file: File) -> None:
    names = file.names
    for node, scope in names.scope_of.items():
        assert isinstance(node, ast.Name)
        if node in names.qualified or scope.lookup(node.id) is not None:
            continue
        for star in names.stars:
            dotted = f"{star}.{node.id}"
            found = project.canonical(file, dotted)
            if found != dotted or found in project.classes or found in project.functions:
                names.qualified[node] = found
                extend(node, names)
                break


def _link_aliases(project: Project, file: File) -> None:
    names = file.names
    top = names.scopes[file.tree]
    for node in file.tree.body:
        if not isinstance(node, ast.Assign):
            continue
        name = project.name(file, node.value)
        if name != "haiku.Module" and name not in project.classes:
            continue
        for target in node.targets:
            if not isinstance(target, ast.Name) or len(top.bindings[target.id].nodes) != 1:
                continue
            binding = top.bindings[target.id]
            binding.target = names.qualified[node.value]
            for use in names.uses.get(id(binding), ()):
                names.qualified[use] = binding.target
                extend(use, names)
