"""Which expressions hold the parameters or the state of a Haiku program, as far as can be seen."""

from __future__ import annotations

import ast
import re
import sys

from hk2flax.plan.strings import last, strings
from hk2flax.project.index import File
from hk2flax.project.walk import walk

_HOLDERS = re.compile(
    r"^_*(\w*_)?(params|parameters|grads|gradients|theta|weights|state|net_state)(_\w+)?$"
)
_DICTS = re.compile(r"^_*(\w*_)?(params|parameters|grads|gradients|theta)(_\w+)?$")
_PLAIN = frozenset({"params", "parameters", "grads", "gradients", "theta"})


def is_own_dict(file: File, node: ast.expr) -> bool:
    """True for `self.params = {"actor": ..., "critic": ...}`: the parameters of several models."""
    if isinstance(node, ast.Name):
        binding = file.names.binding(node) if node in file.names.scope_of else None
        places: list[ast.AST] = list(binding.nodes) if binding else []
    else:
        places = [
            n
            for n in file.names.parent
            if isinstance(n, ast.Attribute)
            and isinstance(n.ctx, ast.Store)
            and n.attr == last(node)
        ]
    values = [getattr(file.names.parent.get(place), "value", None) for place in places]
    for value in values:
        if isinstance(value, ast.Dict) and None not in value.keys:
            return True
        if isinstance(value, ast.DictComp):
            inner = [n for n in walk(value.generators[0].iter) if isinstance(n, ast.expr)]
            if not any(holds_parameters(n) for n in inner):
                return True
    return False


def is_parameter_dict(file: File, node: ast.expr) -> bool:
    """True for a name like `params` that is not seen to hold something else."""
    if isinstance(node, ast.Subscript):  # train_state["params"]
        return any(_DICTS.match(text) for text in strings(node.slice))
    if not _DICTS.match(last(node)) or _is_standard(file, node):
        return False
    if is_own_dict(file, node):
        return False
    binding = (
        file.names.binding(node)
        if isinstance(node, ast.Name) and node in file.names.scope_of
        else None
    )
    for place in binding.nodes if binding else ():
        statement = file.names.enclosing(place, (ast.Assign, ast.AnnAssign))
        value = getattr(statement, "value", None)
        if isinstance(value, ast.Dict | ast.List | ast.ListComp | ast.Tuple):
            return False
        if isinstance(value, ast.Call) and last(value.func) in (
            "dict",
            "list",
            "vars",
            "load",
            "loads",
            "safe_load",
        ):
            if last(value.func) not in ("load", "loads") or "pickle" not in ast.dump(value.func):
                return False
        if value is not None and _is_standard(file, value):
            return False
    return mentions_haiku(file) or last(node).lstrip("_") in _PLAIN


def _is_standard(file: File, value: ast.AST) -> bool:
    """True for what the standard library makes: `inspect.signature(f).parameters`."""
    while isinstance(value, ast.Attribute | ast.Call | ast.Subscript):
        name = file.names.qualified.get(value, "")
        if name:
            top = name.split(".")[0]
            return top in sys.stdlib_module_names and top not in ("pickle", "copy", "functools")
        value = value.func if isinstance(value, ast.Call) else value.value
    return False


def holds_parameters(node: ast.expr) -> bool:
    """True for a name like `params` or `net_state`."""
    return bool(_HOLDERS.match(last(node)))


def holds_state(node: ast.expr) -> bool:
    """True for a name like `state` that does not stand for parameters."""
    return bool(_HOLDERS.match(last(node))) and not _DICTS.match(last(node))


def comes_from_init(file: File, node: ast.expr) -> bool:
    """True for a name assigned the result of `something.init(...)`, or annotated as params."""
    if not isinstance(node, ast.Name):
        return False
    binding = file.names.binding(node) if node in file.names.scope_of else None
    for place in binding.nodes if binding else ():
        if isinstance(place, ast.arg):
            annotation = file.haiku_name(place.annotation)
            if annotation in (
                "haiku.Params",
                "haiku.MutableParams",
                "haiku.State",
                "haiku.MutableState",
            ):
                return True
        statement = file.names.enclosing(place, (ast.Assign,))
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            func = statement.value.func
            if isinstance(func, ast.Attribute) and func.attr == "init" and holds_parameters(node):
                return True
    return False


def mentions_haiku(file: File) -> bool:
    """True where Haiku is in sight, so that `params` are Haiku's."""
    return b"haiku" in file.source.data
