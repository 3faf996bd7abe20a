"""Shapes of transformed functions: what they build, call and return, read off their syntax."""

from __future__ import annotations

import ast

from hk2flax.plan.reserved import CALL_ARGUMENTS
from hk2flax.project.scopes import Function
from hk2flax.project.walk import walk


def is_none(node: ast.AST | None) -> bool:
    """True for the literal None."""
    return isinstance(node, ast.Constant) and node.value is None


def pair_target(parent: ast.AST | None, call: ast.Call) -> ast.Tuple | None:
    """The `params, state` that a call is unpacked into."""
    if isinstance(parent, ast.Assign) and parent.value is call and len(parent.targets) == 1:
        target = parent.targets[0]
        if isinstance(target, ast.Tuple) and len(target.elts) == 2:
            return target
    return None


def _body(function: Function) -> list[ast.stmt]:
    if isinstance(function, ast.Lambda):
        return [ast.Return(function.body)]
    body = list(function.body)
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    return body


def _constructed(body: list[ast.stmt]) -> tuple[str, ast.Call] | None:
    """The name and construction of a leading `net = Net(...)`."""
    if len(body) > 1 and isinstance(body[0], ast.Assign) and isinstance(body[0].value, ast.Call):
        target = body[0].targets[0]
        if isinstance(target, ast.Name) and len(body[0].targets) == 1:
            return target.id, body[0].value
    return None


def returned_call(function: Function) -> tuple[ast.Call, ast.Call] | None:
    """(construction, call of the module) for a function that does nothing else."""
    body = _body(function)
    last = body[-1] if body else None
    if not isinstance(last, ast.Return) or not isinstance(last.value, ast.Call):
        return None
    use = last.value
    if len(body) == 1 and isinstance(use.func, ast.Call):
        return use.func, use
    named = _constructed(body)
    if (
        len(body) == 2
        and named is not None
        and isinstance(use.func, ast.Name)
        and use.func.id == named[0]
    ):
        return named[1], use
    return None


def passes_on(function: Function, use: ast.Call, called: ast.FunctionDef | None) -> bool:
    """True when the call hands on the function's parameters, all and in order."""
    args = function.args
    if args.vararg or args.kwarg or args.kwonlyargs or args.posonlyargs:
        return False
    own = [a.arg for a in args.args]
    given = [a.id if isinstance(a, ast.Name) else "" for a in use.args]
    for keyword in use.keywords:
        if not isinstance(keyword.value, ast.Name) or keyword.arg != keyword.value.id:
            return False
        given.append(keyword.value.id)
    if given != own:
        return False
    if called is None:
        return True
    theirs = [a.arg for a in [*called.args.posonlyargs, *called.args.args]][1:]
    if called.args.vararg or theirs[: len(own)] != own:
        return False
    mine = dict(zip(own[::-1], args.defaults[::-1], strict=False))
    other = dict(zip(theirs[::-1], called.args.defaults[::-1], strict=False))
    return all(
        (n in mine) == (n in other) and (n not in mine or ast.dump(mine[n]) == ast.dump(other[n]))
        for n in own
    ) and not any(n in CALL_ARGUMENTS for n in own)


def has_long_string(function: ast.AST) -> bool:
    """True for a string over several lines (but the docstring), which indenting would change."""
    doc = function.body[0] if isinstance(function, ast.FunctionDef) else None
    return any(
        isinstance(n, ast.Constant | ast.JoinedStr)
        and n.end_lineno != n.lineno
        and not (isinstance(doc, ast.Expr) and doc.value is n)
        for n in walk(function)
    )


def multi_shape(function: Function) -> tuple[ast.Call, list[str]] | None:
    """(construction, methods) of `m = Net(); init = lambda x: m(x); return init, (m.a, m.b)`."""
    body = _body(function)
    named = _constructed(body)
    last = body[-1] if body else None
    if named is None or not isinstance(last, ast.Return) or not isinstance(last.value, ast.Tuple):
        return None
    if len(last.value.elts) != 2:
        return None
    module, construction = named
    lambdas = {
        s.targets[0].id: s.value
        for s in body[1:-1]
        if isinstance(s, ast.Assign)
        and isinstance(s.targets[0], ast.Name)
        and isinstance(s.value, ast.Lambda)
    }
    if len(lambdas) != len(body) - 2:
        return None
    template, applied = last.value.elts
    if isinstance(template, ast.Name) and template.id in lambdas:
        template = lambdas[template.id]
    if not _is_plain_call(template, module):
        return None
    items = applied.elts if isinstance(applied, ast.Tuple | ast.List) else []
    methods = [
        _method_of(lambdas.get(i.id, i) if isinstance(i, ast.Name) else i, module) for i in items
    ]
    return (construction, methods) if methods and all(methods) else None


def _is_plain_call(node: ast.expr, module: str) -> bool:
    """True for the module itself or `lambda x: module(x)`."""
    if isinstance(node, ast.Name):
        return node.id == module
    return (
        isinstance(node, ast.Lambda)
        and isinstance(node.body, ast.Call)
        and isinstance(node.body.func, ast.Name)
        and node.body.func.id == module
        and passes_on(node, node.body, None)
    )


def _method_of(node: ast.expr, module: str) -> str:
    """The method that `module.a` or `lambda x: module.a(x)` runs, or ""."""
    if (
        isinstance(node, ast.Lambda)
        and isinstance(node.body, ast.Call)
        and passes_on(node, node.body, None)
    ):
        node = node.body.func
    if (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == module
    ):
        return node.attr
    return "__call__" if isinstance(node, ast.Name) and node.id == module else ""
