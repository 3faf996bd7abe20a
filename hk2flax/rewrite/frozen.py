"""Tests for lists and dicts: linen keeps lists as tuples and dicts as FrozenDicts."""

from __future__ import annotations

import ast

from hk2flax.project.creates import class_around, method_around, self_name
from hk2flax.project.index import File
from hk2flax.project.scopes import FUNCTIONS, Function
from hk2flax.rewrite.context import Context
from hk2flax.rewrite.program import Program

_FROZEN = {"list": "tuple", "dict": "flax.core.FrozenDict"}


def widen_test(context: Context, call: ast.Call) -> None:
    """`isinstance(self.sizes, list)` -> `isinstance(self.sizes, (list, tuple))`."""
    if getattr(call.func, "id", "") != "isinstance" or len(call.args) != 2:
        return
    value, kinds = call.args
    elements = kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]
    names = {e.id for e in elements if isinstance(e, ast.Name)}
    if not names & set(_FROZEN) or not _is_kept(context.program, context.file, value, set()):
        return
    for element in elements:
        name = element.id if isinstance(element, ast.Name) else ""
        more = _FROZEN.get(name)
        if not isinstance(element, ast.Name) or more is None or more in names:
            continue
        if context.file.names.binding(element) is not None:
            continue
        new = f"{name}, {more if name == 'list' else context.dotted(more)}"
        context.text.set(element, new if element is not kinds else f"({new})")


def widen_comparison(context: Context, node: ast.Compare) -> None:
    """`self.sizes == [4]` -> `self.sizes in ([4], (4,))`: a tuple never equals a list."""
    if len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
        return
    value, other = node.left, node.comparators[0]
    if isinstance(value, ast.List):
        value, other = other, value
    if not isinstance(other, ast.List) or not isinstance(value, ast.Name | ast.Attribute):
        return
    if not _is_kept(context.program, context.file, value, set()):
        return
    text = context.text
    comma = "," if len(other.elts) == 1 else ""
    frozen = f"({', '.join(text.of(e) for e in other.elts)}{comma})"
    word = "in" if isinstance(node.ops[0], ast.Eq) else "not in"
    text.set(node, f"{text.of(value)} {word} ({text.of(other)}, {frozen})")


def _is_kept(program: Program, file: File, value: ast.expr, seen: set[tuple[ast.AST, str]]) -> bool:
    """True for what may come from a linen module: an attribute of self, a parameter given one."""
    if isinstance(value, ast.Name):
        found = file.names.scope_of[value].lookup(value.id)
        if found is None or not isinstance(found[0].node, FUNCTIONS):
            return False
        return _gets_kept(program, file, found[0].node, value.id, seen)
    method = method_around(file, value)
    owner = class_around(program.project, file, value)
    return (
        isinstance(value, ast.Attribute)
        and isinstance(value.value, ast.Name)
        and method is not None
        and owner is not None
        and value.value.id == self_name(method)
        and owner.name in program.classes
    )


def _gets_kept(
    program: Program, file: File, function: Function, name: str, seen: set[tuple[ast.AST, str]]
) -> bool:
    """True for a constructor's parameter that is a field, and one that is given an attribute."""
    if (function, name) in seen:
        return False
    seen.add((function, name))
    owner = file.names.parent.get(function)
    if isinstance(owner, ast.ClassDef):
        plan = program.classes.get(file.names.scopes[owner].prefix)
        if plan is None or plan.init is not function or plan.problems:
            return False
        return any(p.name == name and p.field for p in plan.parameters)
    names = [a.arg for a in [*function.args.posonlyargs, *function.args.args]]
    for site, call in program.names.sites.get(function, ()):
        given = dict(zip(names, call.args, strict=False))
        given |= {k.arg: k.value for k in call.keywords if k.arg}
        if name in given and _is_kept(program, site, given[name], seen):
            return True
    return False
