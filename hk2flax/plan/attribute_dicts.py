"""Dicts whose items are read as attributes: linen keeps them as FrozenDicts, which have none."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from hk2flax.plan.class_plan import ClassPlan
from hk2flax.project.creates import self_name
from hk2flax.project.index import Project
from hk2flax.project.walk import walk

_LIBRARIES = frozenset(
    ["addict.Dict", "attrdict.AttrDict", "box.Box", "easydict.EasyDict", "munch.Munch"]
)
_DICTS = ("dict", "collections.OrderedDict", "typing.Dict", "OrderedDict")
_OF_DICTS = frozenset(dir(dict))


def uses_attribute_dicts(project: Project) -> bool:
    """Whether the project has a dict class with attributes, its own or a known library's."""
    for file in project.files.values():
        if not _LIBRARIES.isdisjoint(file.names.qualified.values()):
            return True
    return any(_is_attribute_dict(cls.node) for cls in project.classes.values())


def _is_attribute_dict(node: ast.ClassDef) -> bool:
    bases = {
        ast.unparse(base.value if isinstance(base, ast.Subscript) else base) for base in node.bases
    }
    if bases.isdisjoint(_DICTS):
        return False
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef) and statement.name.startswith("__getattr"):
            return True
        if isinstance(statement, ast.Assign):
            if any(getattr(t, "id", "") == "__getattr__" for t in statement.targets):
                return True
    return any(
        isinstance(n, ast.Attribute) and n.attr == "__dict__" and isinstance(n.ctx, ast.Store)
        for n in walk(node)
    )


def find_attribute_dicts(
    classes: Iterable[ClassPlan],
) -> Iterator[tuple[ast.AST, str]]:
    """Yields (node, message) for the first such read of every field of the modules."""
    for plan in classes:
        if plan.problems:
            continue
        fields = {p.name: p.field for p in plan.parameters if p.field}
        stored = {old: new for old, new in plan.renames.items() if new in fields.values()}
        attributes = {**{f: f for f in fields.values()}, **stored}
        seen: set[str] = set()
        for method in plan.cls.methods.values():
            for node, attribute in _reads(method, attributes):
                if attributes[attribute] not in seen:
                    seen.add(attributes[attribute])
                    yield (
                        node,
                        f"a dict that is given to {plan.cls.node.name} becomes a FrozenDict, "
                        f"which has no attribute {node.attr!r}: let its class not derive from dict",
                    )


def _reads(
    method: ast.FunctionDef, attributes: Mapping[str, str]
) -> Iterator[tuple[ast.Attribute, str]]:
    """Reads of `self.config.depth`, also as `c = self.config` and `c.depth`."""
    me = self_name(method)
    local: dict[str, str] = {}

    def field(node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            return local.get(node.id, "")
        own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if own and node.value.id == me and node.attr in attributes:  # type: ignore[attr-defined, union-attr]
            return str(node.attr)  # type: ignore[attr-defined]
        return ""

    for statement in walk(method):
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target, value = statement.targets[0], statement.value
            together = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            pairs = zip(target.elts, value.elts, strict=False) if together else [(target, value)]  # type: ignore[attr-defined]
            for name, given in pairs:
                if isinstance(name, ast.Name) and field(given):
                    local[name.id] = field(given)
    for node in walk(method):
        if isinstance(node, ast.Attribute) and node.attr not in _OF_DICTS:
            found = field(node.value)
            if found and isinstance(node.ctx, ast.Load):
                yield node, found
