"""`@hk.transparent` methods that others call: they create in the module that calls them.

A transparent method that only its own class calls is part of its caller, as every plain method in
linen is. Called on another object it must not become a frame of that object (`nn.nowrap`), and the
caller is what creates.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from hk2flax.project.creates import Creators, class_around, method_around, self_name
from hk2flax.project.index import File, Project
from hk2flax.project.walk import walk

TRANSPARENT = ("haiku.transparent", "haiku.experimental.transparent")


def is_transparent(file: File, method: ast.FunctionDef) -> bool:
    """True below `@hk.transparent`."""
    return any(file.names.qualified.get(d) in TRANSPARENT for d in method.decorator_list)


@dataclass(frozen=True)
class Open:
    """The transparent methods that create: their names, and the classes where it is `__call__`."""

    methods: frozenset[str]
    classes: frozenset[str]


NO_OPEN = Open(frozenset(), frozenset())


def find_open(project: Project, creators: Creators) -> Open:
    """Looks through all classes of the project."""
    found = [
        (cls.name, name)
        for cls in project.classes.values()
        for name, method in cls.methods.items()
        if method in creators.functions and is_transparent(cls.file, method)
    ]
    own = {cls for cls, name in found if name == "__call__"}
    heirs = {c.name for cls in own for c in project.subclasses(cls)}
    return Open(frozenset(n for _, n in found if n != "__call__"), frozenset(own | heirs))


def calls_open(project: Project, file: File, method: ast.FunctionDef, found: Open) -> bool:
    """True when a method calls a transparent method of another object."""
    me = self_name(method)
    for node in walk(method):
        if not isinstance(node, ast.Call):
            continue
        func = node.func
        if isinstance(func, ast.Attribute) and func.attr in found.methods:
            if not (isinstance(func.value, ast.Name) and func.value.id == me):
                return True
        if _builds(project, file, func, found.classes):
            return True
    return False


def _builds(project: Project, file: File, node: ast.expr, classes: frozenset[str]) -> bool:
    """True for an object of one of some classes, where its construction can be seen."""
    if isinstance(node, ast.Call):
        return project.name(file, node.func) in classes
    method, owner = method_around(file, node), class_around(project, file, node)
    if isinstance(node, ast.Name):
        binding = file.names.binding(node)
        targets = [(file, n) for n in binding.nodes] if binding else []
    elif isinstance(node, ast.Attribute) and method is not None and owner is not None:
        if not isinstance(node.value, ast.Name) or node.value.id != self_name(method):
            return False
        targets = [
            (cls.file, n)
            for cls in [*project.mro(owner.name), *project.subclasses(owner.name)]
            for m in cls.methods.values()
            for n in walk(m)
            if isinstance(n, ast.Attribute) and n.attr == node.attr and isinstance(n.ctx, ast.Store)
        ]
    else:
        return False
    for home, target in targets:
        value = getattr(home.names.parent.get(target), "value", None)
        if isinstance(value, ast.Call) and project.name(home, value.func) in classes:
            return True
    return False
