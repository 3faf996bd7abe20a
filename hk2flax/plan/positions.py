"""Where positional arguments of a module class go, and who passes them without naming the class."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from hk2flax.plan.class_plan import ClassPlan, Parameter
from hk2flax.project.creates import in_annotation, method_around, self_name
from hk2flax.project.index import File, Project
from hk2flax.project.walk import walk


def linen_order(project: Project, classes: Mapping[str, ClassPlan], name: str) -> list[str]:
    """The positional order of the dataclass fields: the bases' first."""
    order: list[str] = []
    for cls in reversed(project.mro(name)):
        base = classes.get(cls.name)
        if base is None:
            continue
        own: list[Parameter] = base.own_fields if not base.is_dataclass else base.parameters
        for parameter in own:
            if base.kw_only or parameter.kw_only:
                order = [f for f in order if f != parameter.field]
            elif parameter.field and parameter.field not in order:
                order.append(parameter.field)
    return order


def find_moved_classes(project: Project, classes: Mapping[str, ClassPlan]) -> set[str]:
    """Classes whose positions have changed, if anything may build them that does not name them.

    Calls of the class itself get keywords; `cls(*arguments)` elsewhere would fail. So would any
    call of a class with `*args` or `**kwargs`, which become one field each.
    """
    moved = {n for n, plan in classes.items() if _has_moved(project, classes, plan)}
    if not moved or _calls_by_position(project):
        return moved
    return {name for name in moved if any(p.star for p in classes[name].parameters)}


def find_passed_classes(
    project: Project, classes: Mapping[str, ClassPlan], moved: set[str], file: File
) -> Iterator[tuple[ast.AST, str]]:
    """Yields (node, message) where a file passes a moved class on as a value."""
    if not moved:
        return
    for cls in file.names.of(ast.ClassDef):
        if cls.decorator_list and file.names.scopes[cls].prefix in moved:
            yield cls, _passed(cls.name)
    for node in file.names.qualified:
        name = project.name(file, node)
        if name not in moved or in_annotation(file, node):
            continue
        parent = file.names.parent.get(node)
        if isinstance(parent, ast.Attribute) or (
            isinstance(parent, ast.Call) and (parent.func is node or _is_partial(file, parent))
        ):
            continue
        yield node, _passed(classes[name].cls.node.name)


def _passed(name: str) -> str:
    return f"{name} is passed on; its arguments have to be given by keyword in linen"


def _has_moved(project: Project, classes: Mapping[str, ClassPlan], plan: ClassPlan) -> bool:
    if plan.problems or plan.is_dataclass or plan.init is None:
        return False
    if any(p.star for p in plan.parameters):
        return True  # calls collect the rest in one field
    mine = [p.field for p in plan.parameters if p.field and not p.kw_only]
    return linen_order(project, classes, plan.name)[: len(mine)] != mine


def _is_kept(file: File, func: ast.expr) -> bool:
    """True for `self.block`, which is no method."""
    if not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Name):
        return False
    method = method_around(file, func)
    owner = file.names.parent.get(method) if method is not None else None
    if method is None or not isinstance(owner, ast.ClassDef):
        return False
    if func.value.id != self_name(method):
        return False
    stored = {n.attr for n in walk(owner) if isinstance(n, ast.Attribute) and _is_store(n)}
    return func.attr in stored


def _is_store(node: ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Store)


def _is_partial(file: File, call: ast.Call) -> bool:
    return file.names.qualified.get(call.func, "") == "functools.partial"


def _calls_by_position(project: Project) -> bool:
    """Whether anything is called by position that may be a class: a variable, an item."""
    for file in project.files.values():
        for node in file.names.of(ast.Call):
            if not node.args:
                continue
            if isinstance(node.func, ast.Subscript) or _is_kept(file, node.func):
                return True
            if isinstance(node.func, ast.Name):
                found = file.names.scope_of[node.func].lookup(node.func.id)
                if found is not None and found[1].kind in ("param", "value"):
                    return True
    return False
