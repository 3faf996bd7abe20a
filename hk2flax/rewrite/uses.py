"""Where a constructed module is called, as far as it can be seen."""

from __future__ import annotations

import ast
from collections.abc import Set

from hk2flax.project.creates import class_around, method_around, self_name
from hk2flax.project.walk import walk
from hk2flax.rewrite.context import Context

# Too common on other objects to say anything where the object cannot be seen.
_COMMON = frozenset({"name", "mask", "axis", "padding", "layers"})


def reads_attribute(context: Context, call: ast.Call, attributes: Set[str]) -> bool:
    """True when some code reads an attribute (`linear.output_size`) of the module that is built.

    A layer that goes into a list, or is handed on, may be the owner of any attribute that is read.
    """
    names = context.file.names
    parent = names.parent.get(call)
    if isinstance(parent, ast.Attribute):
        return parent.attr in attributes
    if isinstance(parent, ast.Call) and parent.func is call:
        return False
    if not (isinstance(parent, ast.Assign) and len(parent.targets) == 1):
        return any(a in context.program.methods.external for a in attributes - _COMMON)
    target = parent.targets[0]
    if isinstance(target, ast.Attribute):
        return bool(context.program.methods.attribute_reads.get(target.attr, set()) & attributes)
    if not isinstance(target, ast.Name):
        return False
    found = names.scope_of[target].lookup(target.id)
    uses = names.uses.get(id(found[1]), []) if found else []
    return any(getattr(names.parent.get(use), "attr", "") in attributes for use in uses)


def visible_calls(context: Context, call: ast.Call) -> tuple[list[ast.Call], bool]:
    """(the calls of the module that `call` constructs, whether these are all its uses)."""
    names = context.file.names
    parent = names.parent.get(call)
    if isinstance(parent, ast.Call) and parent.func is call:
        return [parent], True
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1:
        target = parent.targets[0]
        if isinstance(target, ast.Name):
            return _local_calls(context, target)
        if isinstance(target, ast.Attribute):
            return _attribute_calls(context, target)
    return [], False


def _local_calls(context: Context, target: ast.Name) -> tuple[list[ast.Call], bool]:
    names = context.file.names
    found = names.scope_of[target].lookup(target.id)
    if found is None or len(found[1].nodes) != 1:
        return [], False
    uses = names.uses.get(id(found[1]), [])
    return _called(context, list(uses))


def _attribute_calls(context: Context, target: ast.Attribute) -> tuple[list[ast.Call], bool]:
    method = method_around(context.file, target)
    owner = class_around(context.program.project, context.file, target)
    if method is None or owner is None or not isinstance(target.value, ast.Name):
        return [], False
    project = context.program.project
    family = [*project.mro(owner.name), *project.subclasses(owner.name)]
    uses: list[ast.AST] = []
    stores = 0
    for cls in family:
        for node in walk(cls.node):
            if isinstance(node, ast.Attribute) and node.attr == target.attr:
                inside = method_around(cls.file, node)
                if not (
                    isinstance(node.value, ast.Name) and node.value.id == self_name(inside or node)
                ):
                    return [], False
                if isinstance(node.ctx, ast.Store):
                    stores += 1
                else:
                    uses.append(node)
    calls, complete = _called(context, uses)
    return calls, complete and stores == 1 and len({c.file.module for c in family}) == 1


def _called(context: Context, uses: list[ast.AST]) -> tuple[list[ast.Call], bool]:
    parents = [context.file.names.parent.get(u) for u in uses]
    calls = [
        p for p, u in zip(parents, uses, strict=True) if isinstance(p, ast.Call) and p.func is u
    ]
    return calls, len(calls) == len(uses)
