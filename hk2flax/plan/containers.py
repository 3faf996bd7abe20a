"""Values that linen would turn into plain tuples and dicts.

A module freezes the containers among its attributes: a subclass of tuple, list or dict comes back
without its methods (`_freeze_attr` in flax/linen/module.py). Named tuples are spared.
"""

from __future__ import annotations

import ast

from hk2flax.project.creates import self_name
from hk2flax.project.index import File, Project
from hk2flax.project.walk import walk

_BUILTIN = frozenset({"tuple", "list", "dict", "Tuple", "List", "Dict"})
# Of other packages: names under which they are imported.
_KNOWN = frozenset(
    [
        "addict.Dict",
        "collections.Counter",
        "collections.defaultdict",
        "e3nn_jax.Irreps",
        "easydict.EasyDict",
        "munch.Munch",
    ]
)
_MAKERS = ("list", "dict", "set", "deque", "OrderedDict", "defaultdict", "Counter")
_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
_LIST_CHANGES = ("append", "extend", "insert", "pop", "remove", "reverse", "sort", "clear")
_DEQUE_CHANGES = ("appendleft", "extendleft", "popleft", "rotate")
_ITEM_CHANGES = ("add", "discard", "popitem", "setdefault", "update")
_CHANGES = frozenset([*_LIST_CHANGES, *_DEQUE_CHANGES, *_ITEM_CHANGES])
_PARTS = (ast.IfExp, ast.BoolOp)


def loses_class(project: Project, file: File, value: ast.expr) -> bool:
    """True for an expression that makes one: `Irreps(x) if x is not None else None`."""
    if isinstance(value, _PARTS):
        parts = [value.body, value.orelse] if isinstance(value, ast.IfExp) else value.values
        return any(loses_class(project, file, part) for part in parts)
    if not isinstance(value, ast.Call):
        return False
    return _is_container(project, project.name(file, value.func))


def is_built_in(value: ast.expr | None) -> bool:
    """True for a list, dict or set that is made here: `[]`, `dict(a=1)`, `deque(maxlen=3)`."""
    if isinstance(value, ast.BinOp):  # [0] * size
        return is_built_in(value.left) or is_built_in(value.right)
    if isinstance(value, ast.Call):
        name = value.func.attr if isinstance(value.func, ast.Attribute) else value.func
        return (name.id if isinstance(name, ast.Name) else name) in _MAKERS
    return isinstance(value, _DISPLAYS)


def changed_in_place(file: File, method: ast.FunctionDef) -> set[str]:
    """The attributes of self that a method appends to, or stores items in, at any depth."""
    me = self_name(method)
    local: dict[str, str] = {}  # table = self.table
    for node in walk(method):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute):
            if getattr(node.value.value, "id", "") == me:
                local |= {t.id: node.value.attr for t in node.targets if isinstance(t, ast.Name)}
    changed = set()
    for node in walk(method):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == me:
            name = node.attr
        elif isinstance(node, ast.Name) and node.id in local:
            name = local[node.id]
        else:
            continue
        inner: ast.AST = node
        outer = file.names.parent[inner]
        while isinstance(outer, ast.Subscript) and outer.value is inner:
            if not isinstance(outer.ctx, ast.Load):
                changed.add(name)
            inner, outer = outer, file.names.parent[outer]
        if isinstance(outer, ast.Attribute) and outer.attr in _CHANGES:
            call = file.names.parent[outer]
            if isinstance(call, ast.Call) and call.func is outer:
                changed.add(name)
    return changed


def container_class(project: Project, file: File, annotation: ast.expr | None) -> str:
    """The class that `x: Irreps` or `x: Optional[Irreps]` names, where linen would lose it."""
    for node in walk(annotation) if annotation is not None else ():
        if isinstance(node, ast.Name | ast.Attribute):
            name = project.name(file, node)
            if _is_container(project, name):
                return name.rpartition(".")[2]
    return ""


def _is_container(project: Project, name: str) -> bool:
    if name in _KNOWN:
        return True
    for cls in project.mro(name):
        for base in cls.node.bases:
            inner = base.value if isinstance(base, ast.Subscript) else base
            dotted = project.name(cls.file, inner)
            if dotted in _KNOWN or dotted == "collections.OrderedDict":
                return True
            if dotted.rpartition(".")[2] in _BUILTIN or getattr(inner, "id", "") in _BUILTIN:
                return True
    return False
