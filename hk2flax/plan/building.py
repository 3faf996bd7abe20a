"""Whether a method builds something itself, also through a class or function it was given."""

from __future__ import annotations

import ast

from hk2flax.project.creates import (
    CONTEXT,
    Creators,
    called_functions,
    class_around,
    in_annotation,
    method_around,
    self_name,
)
from hk2flax.project.index import File, Project
from hk2flax.project.walk import walk


def creates_inline(
    project: Project, creators: Creators, file: File, method: ast.FunctionDef
) -> bool:
    """True when a method creates something itself, not through another method of its class."""
    for node in walk(method):
        name = project.name(file, node)
        if (name in CONTEXT or creators.is_module_class(name)) and not in_annotation(file, node):
            return True
        function = project.functions.get(name, (None,))[0] if name else None
        if function in creators.functions and function not in project.methods:
            return True
        if isinstance(node, ast.Call):
            targets = called_functions(project, file, node)
            if any(t in creators.functions and t not in project.methods for t in targets):
                return True
            if creators.escapes and not targets and _may_build(project, creators, file, node.func):
                return True
    return False


def _may_build(project: Project, creators: Creators, file: File, func: ast.expr) -> bool:
    """True for a field, a parameter or an element that is called and may build modules."""
    while isinstance(func, ast.Subscript):
        func = func.value
    if file.names.qualified.get(func):
        return False
    if isinstance(func, ast.Name):
        binding = file.names.binding(func)
        if binding is None or binding.kind not in ("param", "value"):
            return False
        for target in binding.nodes:
            loop = file.names.parent.get(target)
            if isinstance(loop, ast.For | ast.comprehension) and loop.target is target:
                return not _is_own(file, loop.iter) or _may_build(
                    project, creators, file, loop.iter
                )
        return True
    if isinstance(func, ast.Call):
        return getattr(func.func, "id", "") == "getattr"
    if not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Name):
        return False
    owner = class_around(project, file, func)
    if not _is_own(file, func) or owner is None:
        return func.attr not in _OF_ARRAYS
    related = [*project.mro(owner.name), *project.subclasses(owner.name)]
    stores = [
        (c, c.file.names.parent.get(n))
        for c in related
        for m in c.methods.values()
        for n in walk(m)
        if isinstance(n, ast.Attribute) and n.attr == func.attr and isinstance(n.ctx, ast.Store)
    ]
    values = [(c, getattr(s, "value", None)) for c, s in stores]
    return not values or any(
        v is None or _holds_builder(project, creators, c.file, v) for c, v in values
    )


def _is_own(file: File, node: ast.expr) -> bool:
    """True for `self.x`."""
    method = method_around(file, node)
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and method is not None
        and node.value.id == self_name(method)
    )


def _holds_builder(project: Project, creators: Creators, file: File, value: ast.expr) -> bool:
    """True when an attribute's value may be, or contain, something that builds modules."""
    if isinstance(value, ast.Call):
        name = project.name(file, value.func)
        if name == "functools.partial" or not name:
            return True
        return not creators.is_module_class(name) and not name.startswith(
            ("haiku.", "jax.", "numpy.")
        )
    if isinstance(value, ast.Lambda):
        return value in creators.functions
    if isinstance(value, ast.Name | ast.Attribute):
        name = project.name(file, value)
        if name:
            function = project.functions.get(name, (None,))[0]
            return creators.is_module_class(name) or function in creators.functions
        return not (isinstance(value, ast.Name) and _is_numeric(project, file, value))
    if isinstance(value, ast.ListComp | ast.GeneratorExp):
        return _holds_builder(project, creators, file, value.elt)
    if isinstance(value, ast.DictComp):
        return _holds_builder(project, creators, file, value.value)
    if isinstance(value, ast.Subscript):
        return _holds_builder(project, creators, file, value.value)
    parts = [n for n in ast.iter_child_nodes(value) if isinstance(n, ast.expr)]
    return any(_holds_builder(project, creators, file, p) for p in parts)


def _is_numeric(project: Project, file: File, node: ast.Name) -> bool:
    """True for a parameter whose default is a function of jax or numpy (`act=jax.nn.relu`)."""
    found = file.names.scope_of[node].lookup(node.id)
    args = getattr(found[0].node, "args", None) if found is not None else None
    if found is None or found[1].kind != "param" or not isinstance(args, ast.arguments):
        return False
    names = [*args.posonlyargs, *args.args]
    pairs = [*zip(reversed(names), reversed(args.defaults), strict=False)]
    pairs += [
        (a, d) for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d is not None
    ]
    default = next((d for a, d in pairs if a.arg == node.id), None)
    return default is not None and project.name(file, default).startswith(("jax.", "numpy."))


_OF_ARRAYS = frozenset(
    [
        "reshape",
        "astype",
        "sum",
        "mean",
        "max",
        "min",
        "prod",
        "std",
        "var",
        "all",
        "any",
        "dot",
        "transpose",
        "squeeze",
        "swapaxes",
        "flatten",
        "ravel",
        "repeat",
        "round",
        "clip",
        "argmax",
        "argmin",
        "cumsum",
        "copy",
        "item",
        "tolist",
        "set",
        "add",
        "multiply",
        "items",
        "keys",
        "values",
        "get",
        "append",
        "extend",
        "pop",
        "insert",
        "update",
        "setdefault",
        "format",
        "join",
        "split",
        "replace",
        "startswith",
        "endswith",
        "lower",
        "upper",
        "strip",
        "index",
        "count",
        "bit_length",
        "sample",
        "log_prob",
        "entropy",
        "mode",
        "init",
        "apply",
    ]
)
