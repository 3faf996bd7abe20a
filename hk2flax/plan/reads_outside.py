"""Attributes that code reads on other objects than `self`, and of which classes these are."""

from __future__ import annotations

import ast

from hk2flax.project.creates import (
    Creators,
    class_around,
    is_super,
    method_around,
    self_name,
)
from hk2flax.project.index import File, Project


def external_attributes(project: Project, creators: Creators) -> dict[str, set[str]]:
    """Attributes that are read on anything but `self` and `super()`, with the objects' classes."""
    found: dict[str, set[str]] = {}
    for file in project.files.values():
        for node in file.names.of(ast.Attribute):
            if isinstance(node.ctx, ast.Load):
                if node in file.names.qualified:
                    continue
                method = method_around(file, node)
                owner = node.value.id if isinstance(node.value, ast.Name) else None
                own = method is not None and owner == self_name(method)
                if not own and not is_super(node.value):
                    classes = _classes_of(project, creators, file, node.value)
                    found.setdefault(node.attr, set()).update(classes)
    return found


def _classes_of(project: Project, creators: Creators, file: File, node: ast.expr) -> set[str]:
    """The classes of an object that is built or annotated where it can be seen; {""} else."""
    found: set[str] = set()
    for value in _sources(file, node):
        if isinstance(value, ast.Call):
            found.add(project.name(file, value.func))
        elif isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name):
            found |= _annotated(project, file, _field_annotation(project, file, value))
        else:
            found |= _annotated(project, file, getattr(value, "annotation", None))
    return {n if _is_known_class(project, creators, n) else "" for n in found} or {""}


def _sources(file: File, node: ast.expr) -> list[ast.AST | None]:
    """What a local name is assigned, and the arguments that it stands for."""
    if not isinstance(node, ast.Name):
        return [node]
    binding = file.names.binding(node)
    result: list[ast.AST | None] = []
    for place in binding.nodes if binding else ():
        statement = place if isinstance(place, ast.arg) else file.names.parent.get(place)
        result.append(statement.value if isinstance(statement, ast.Assign) else statement)
    return result


def _field_annotation(project: Project, file: File, node: ast.Attribute) -> ast.expr | None:
    """What `x` of `self.x` is annotated with: as a field, or as the parameter that it stores."""
    method, owner = method_around(file, node), class_around(project, file, node)
    if method is None or owner is None or getattr(node.value, "id", "") != self_name(method):
        return None
    for statement in owner.node.body:
        if (
            isinstance(statement, ast.AnnAssign)
            and getattr(statement.target, "id", "") == node.attr
        ):
            return statement.annotation
    init = owner.methods.get("__init__")
    for statement in init.body if init is not None else ():
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Name):
            if any(getattr(t, "attr", "") == node.attr for t in statement.targets):
                name = statement.value.id
                every = [*init.args.args, *init.args.kwonlyargs] if init is not None else []
                return next((a.annotation for a in every if a.arg == name), None)
    return None


def _annotated(project: Project, file: File, annotation: ast.expr | None) -> set[str]:
    """The classes that `Config` and `Optional[Config]` name; {""} for anything less plain."""
    if isinstance(annotation, ast.Subscript):
        if project.name(file, annotation.value) == "typing.Optional":
            return _annotated(project, file, annotation.slice)
        return {""}
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.right, ast.Constant):
        return _annotated(project, file, annotation.left)
    if isinstance(annotation, ast.Name | ast.Attribute):
        return {project.name(file, annotation)}
    return {""}


# Configuration objects of libraries: never a module.
_CONFIGS = frozenset(
    (
        "types.SimpleNamespace",
        "ml_collections.ConfigDict",
        "ml_collections.config_dict.ConfigDict",
        "argparse.Namespace",
    )
)


def _is_known_class(project: Project, creators: Creators, name: str) -> bool:
    """True for a module class, and for a class whose objects show no other object's attributes."""
    if creators.is_module_class(name) or name in _CONFIGS:
        return True
    return name in project.classes and not any(
        "__getattr__" in c.methods for c in project.mro(name)
    )
