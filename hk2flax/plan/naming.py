"""Statements of a constructor that only work out a module's name.

`if name is None: name = "encoder"` has no place in linen: the name of a module is whatever its
parent gave it, and the names that Haiku computes are left out. Such statements go with it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hk2flax.plan.class_plan import ClassPlan, is_super_call
from hk2flax.project.creates import Creators, is_super
from hk2flax.project.index import Project
from hk2flax.project.scopes import Binding
from hk2flax.project.walk import walk

# Calls that compute a text and do nothing else.
_FUNCTIONS = {"format", "getattr", "hasattr", "int", "isinstance", "len", "repr", "str", "type"}
_STATEMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.If, ast.Pass)
_EFFECTS = (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr, ast.Lambda)


def plan_naming(
    project: Project, creators: Creators, plan: ClassPlan, base: ClassPlan | None
) -> None:
    """Drops the statements whose results are used for names of modules and nothing else."""
    init = plan.init
    assert init is not None
    scope = plan.cls.file.names.scopes[init]
    bindings = {
        name: binding
        for name, binding in scope.bindings.items()
        if name == "name" or not any(isinstance(n, ast.arg) for n in binding.nodes)
    }
    if "name" not in bindings:
        bindings["name"] = Binding("param")
    plan.naming_names = set(bindings)
    before: set[str] = set()
    while before != plan.naming_names:
        before = set(plan.naming_names)
        plan.naming = {s for s in _nested(init.body) if _only_names(s, before)}
        plan.naming_names = {
            name
            for name in before
            if _serves_names(project, creators, plan, base, bindings[name], name)
        }
    plan.dropped |= {s for s in init.body if s in plan.naming}


def _nested(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, ast.If):
            yield from _nested([*statement.body, *statement.orelse])


def _only_names(statement: ast.stmt, names: set[str]) -> bool:
    """True for a statement that does nothing but assign to `names`."""
    if not isinstance(statement, _STATEMENTS):
        return False
    if isinstance(statement, ast.If):
        inner = [*statement.body, *statement.orelse]
        return (
            _is_pure(statement.test)
            and any(not isinstance(s, ast.Pass) for s in inner)
            and all(_only_names(s, names) or isinstance(s, ast.Pass) for s in inner)
        )
    if isinstance(statement, ast.Pass):
        return False
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return all(isinstance(t, ast.Name) and t.id in names for t in targets) and (
        statement.value is None or _is_pure(statement.value)
    )


def _is_pure(node: ast.expr) -> bool:
    """True for an expression that may be left out: it only reads, formats and compares."""
    for inner in walk(node):
        if isinstance(inner, _EFFECTS):
            return False
        if isinstance(inner, ast.Call):
            func = inner.func
            known = isinstance(func, ast.Name) and func.id in _FUNCTIONS
            if not known and not (isinstance(func, ast.Attribute) and hasattr(str, func.attr)):
                return False
    return True


def _serves_names(
    project: Project,
    creators: Creators,
    plan: ClassPlan,
    base: ClassPlan | None,
    binding: Binding,
    name: str,
) -> bool:
    """True when a local name is set by such statements only, and used for module names only."""
    names = plan.cls.file.names
    for node in binding.nodes:
        if not isinstance(node, ast.arg) and names.parent.get(node) not in plan.naming:
            return False
    uses = names.uses.get(id(binding), [])
    return (bool(uses) or name == "name") and all(
        any(a in plan.naming for a in names.ancestors(use))
        or names_a_module(project, creators, plan, base, use)
        for use in uses
    )


def names_a_module(
    project: Project, creators: Creators, plan: ClassPlan, base: ClassPlan | None, use: ast.Name
) -> bool:
    """True for a name inside what `super().__init__` or a submodule gets as its `name`."""
    file = plan.cls.file
    node: ast.AST = use
    for outer in file.names.ancestors(use):
        if isinstance(outer, ast.stmt):
            return False
        if isinstance(outer, ast.Call) and isinstance(node, ast.keyword):
            if node.arg != "name":
                return False
            statement = file.names.parent.get(outer)
            return creators.is_module_class(project.name(file, outer.func)) or (
                isinstance(statement, ast.Expr) and is_super_call(statement)
            )
        if isinstance(outer, ast.Call) and node in outer.args:
            statement = file.names.parent.get(outer)
            if isinstance(statement, ast.Expr) and is_super_call(statement):
                return outer.args.index(node) == _position(outer, base)
        node = outer
    return False


def _position(call: ast.Call, base: ClassPlan | None) -> int | None:
    """Where the base constructor takes its `name`."""
    names = [p.name for p in base.parameters if not p.kw_only] if base else ["name"]
    if "name" not in names:
        return None
    spelled = isinstance(call.func, ast.Attribute) and not is_super(call.func.value)
    return names.index("name") + spelled
