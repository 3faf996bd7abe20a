"""Attributes of modules that are set from outside: linen modules are frozen once they are made."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hk2flax.project.creates import Creators, class_around, method_around, self_name
from hk2flax.project.index import File


def find_outside_writes(creators: Creators, file: File) -> Iterator[tuple[ast.AST, str]]:
    """Yield (node, message) for `layer.mask = x` and `self.layers[0].scale = 0.5`."""
    for node in file.names.of(ast.Attribute):
        if isinstance(node.ctx, ast.Load) or _is_own(file, node):
            continue
        for name in sorted(_classes(creators, file, node.value, 0)):
            short = name.rpartition(".")[2]
            yield node, f"{node.attr} of {short} is set from outside; linen modules are frozen"
            break


def _is_own(file: File, node: ast.Attribute) -> bool:
    method = method_around(file, node)
    return method is not None and getattr(node.value, "id", "") == self_name(method)


def _classes(creators: Creators, file: File, node: ast.AST | None, depth: int) -> set[str]:
    """The module classes of an object, or of the items of a list, where it is seen to be made."""
    if depth > 4 or node is None:
        return set()
    values: list[ast.AST | None] = []
    match node:
        case ast.Call(func=func):
            name = creators.project.name(file, func)
            return {name} if creators.is_module_class(name) else set()
        case ast.Subscript(value=inner) | ast.ListComp(elt=inner):
            values = [inner]
        case ast.List(elts=items) | ast.Tuple(elts=items):
            values = [*items]
        case ast.Name():
            binding = file.names.binding(node)
            for place in binding.nodes if binding is not None else ():
                parent = file.names.parent.get(place)
                if isinstance(parent, ast.Assign) and place in parent.targets:
                    values.append(parent.value)
                elif isinstance(parent, ast.For | ast.comprehension) and parent.target is place:
                    values.append(parent.iter)
        case ast.Attribute() if _is_own(file, node):
            owner = class_around(creators.project, file, node)
            for other in file.names.of(ast.Attribute):
                parent = file.names.parent[other]
                if other.attr == node.attr and isinstance(parent, ast.Assign):
                    if other in parent.targets and (
                        class_around(creators.project, file, other) is owner
                    ):
                        values.append(parent.value)
    return {name for v in values for name in _classes(creators, file, v, depth + 1)}
