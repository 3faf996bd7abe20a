"""Code that looks at a module through Python's own reflection, where the rewriting of names does
not reach: `vars(self)`, `locals()`, `setattr(self, key, value)`, constructors of mixins.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hk2flax.plan.reserved import RESERVED
from hk2flax.project.creates import Creators, self_name
from hk2flax.project.index import Class, Project
from hk2flax.project.scopes import FUNCTIONS
from hk2flax.project.walk import walk

if TYPE_CHECKING:
    from hk2flax.plan.class_plan import ClassPlan

_SHOWN = ("__repr__", "__str__")  # what these return is for readers


def reflection_problems(
    project: Project, creators: Creators, plan: ClassPlan
) -> Iterator[tuple[ast.AST, str, str]]:
    """(node, code, message) for what would read or write something else in linen."""
    yield from _mixin_constructors(project, creators, plan)
    init = plan.init
    names = plan.cls.file.names
    for node in walk(init) if init is not None else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Call):
            if names.enclosing(node, FUNCTIONS) is not init:
                continue  # it runs later
            if creators.is_module_class(project.name(plan.cls.file, node.func.func)):
                yield (
                    node,
                    "HK102",
                    "the constructor builds a module and calls it at once, without a name",
                )
    for method in plan.cls.methods.values():
        for decorator in method.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if names.qualified.get(called) in ("functools.lru_cache", "functools.cache"):
                message = f"{method.name} is cached by its arguments; linen modules have no hash"
                yield method, "HK102", message
        me = self_name(method)
        if method.name in _SHOWN or not me:
            continue
        for node in walk(method):
            if isinstance(node, ast.Attribute) and node.attr == "__dict__" and _is(node.value, me):
                yield node, "HK104", f"{me}.__dict__ holds other entries in a linen module"
            if isinstance(node, ast.Attribute) and node.attr in _setters(plan, me, node):
                if method is not init:
                    yield (
                        node,
                        "HK102",
                        f"{me}.{node.attr} is set by a property; linen's are frozen",
                    )
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", "")
            if name == "vars" and len(node.args) == 1 and _is(node.args[0], me):
                yield node, "HK104", f"vars({me}) holds other entries in a linen module"
            elif name in ("locals", "vars") and not node.args and method is init:
                yield node, "HK102", f"{name}() in the constructor: its parameters become fields"
            elif name in ("setattr", "delattr") and node.args and _is(node.args[0], me):
                yield from _setattr(plan, node, method is init)


def _setters(plan: ClassPlan, me: str, node: ast.Attribute) -> set[str]:
    """The properties with a setter, where a node sets an attribute of self."""
    if isinstance(node.ctx, ast.Load) or not _is(node.value, me):
        return set()
    decorators = [
        d for s in plan.cls.node.body if isinstance(s, ast.FunctionDef) for d in s.decorator_list
    ]
    return {
        d.value.id
        for d in decorators
        if isinstance(d, ast.Attribute) and d.attr == "setter" and isinstance(d.value, ast.Name)
    }


def _is(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _setattr(plan: ClassPlan, call: ast.Call, in_init: bool) -> Iterator[tuple[ast.AST, str, str]]:
    """Setting an attribute of a computed name works in setup, unless it is the name of a field."""
    if not in_init:
        yield call, "HK103", "an attribute of a computed name is changed outside the constructor"
        return
    pattern = name_pattern(call.args[1]) if len(call.args) > 1 else re.compile("")
    taken = {p.field for p in plan.parameters} | {p.name for p in plan.parameters} | RESERVED
    if not isinstance(call.args[1], ast.Constant):
        taken -= RESERVED
    if isinstance(call.args[1], ast.JoinedStr):  # `f"layer_{i}"` counts
        pattern = re.compile(pattern.pattern.replace(".*", r"\d+"))
    hit = sorted(t for t in taken if t and pattern.fullmatch(t))
    if hit:
        yield call, "HK102", f"setattr may set {hit[0]!r}, which is a field of the linen module"


def name_pattern(node: ast.expr) -> re.Pattern[str]:
    """The names that an expression may produce: a literal, an f-string with what is known of it."""
    if isinstance(node, ast.Constant):
        return re.compile(re.escape(str(node.value)))
    if isinstance(node, ast.JoinedStr):
        parts = [
            name_pattern(v).pattern if isinstance(v, ast.Constant) else ".*" for v in node.values
        ]
        return re.compile("".join(parts))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return re.compile(name_pattern(node.left).pattern + name_pattern(node.right).pattern)
    return re.compile(".*")


def _mixin_constructors(
    project: Project, creators: Creators, plan: ClassPlan
) -> Iterator[tuple[ast.AST, str, str]]:
    """linen runs no `__init__` of a class that is not a module itself."""
    for base in plan.cls.bases:
        cls = project.classes.get(base)
        if cls is None or cls.name in creators.modules:
            if cls is not None or creators.is_module_class(base):
                return  # Haiku's own constructor, which comes first, calls no other
            continue
        owner = next((c for c in project.mro(base) if "__init__" in c.methods), None)
        if owner is not None:
            yield plan.cls.node, "HK102", f"linen does not run the __init__ of {owner.node.name}"


def dynamic_reads(cls: Class) -> Iterator[re.Pattern[str]]:
    """The names that a class's methods read with `getattr(self, ...)` or `hasattr(self, ...)`."""
    for method in cls.methods.values():
        me = self_name(method)
        for node in walk(method):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
            if name in ("getattr", "hasattr") and len(node.args) > 1 and _is(node.args[0], me):
                if not isinstance(node.args[1], ast.Constant):  # that one is rewritten itself
                    yield name_pattern(node.args[1])
            elif name == "attrgetter":
                yield from map(name_pattern, node.args)
