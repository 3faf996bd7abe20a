"""Code that depends on Haiku's parameter names.

It keeps running after the migration and selects nothing, or the wrong thing: weight-decay masks,
freezing by module name, looking a leaf up by its path. None of it can be rewritten safely, so every
place is listed: this is the most frequent silent error of migrations by hand.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from hk2flax.project.index import File, Project
from hk2flax.project.scopes import FUNCTIONS

_LEAVES = frozenset("w b offset embeddings w_i w_h average hidden counter".split())
_WEAK_LEAVES = _LEAVES | {"scale"}
_MODULES = re.compile(
    r"linear|conv[123_]|batch_?norm|layer_?norm|group_?norm|embed|~|lstm|gru|mlp|resnet|attention|/w$|/b$|^[wb]$"
)
_HOLDERS = re.compile(r"^_*(\w*_)?(params|parameters|grads|gradients|theta|weights|state|net_state)(_\w+)?$")
_NAME_LIKE = re.compile(r"name|module|path|key|leaf|prefix|^k$|^mn?$|^n$", re.I)
_PREDICATES = frozenset(
    f"haiku.data_structures.{n}" for n in "partition partition_n filter map traverse is_subset".split()
)


def find_name_dependence(project: Project, file: File) -> Iterator[tuple[ast.AST, str]]:
    """Yields (node, message) for every place that compares or looks up Haiku names."""
    seen: set[int] = set()
    for node in file.names.parent:
        message = ""
        if isinstance(node, ast.Call):
            message = _predicate(project, file, node) or _string_test(node)
        elif isinstance(node, ast.Compare):
            message = _comparison(node)
        elif isinstance(node, ast.Subscript):
            message = _lookup(file, node)
        elif isinstance(node, ast.For | ast.comprehension):
            message = _iteration(file, node)
            node = node.iter
        if message and node.lineno not in seen:  # type: ignore[attr-defined]
            seen.add(node.lineno)  # type: ignore[attr-defined]
            yield node, message


def _predicate(project: Project, file: File, call: ast.Call) -> str:
    name = project.name(file, call.func)
    if name not in _PREDICATES or not call.args:
        return ""
    function: ast.AST | None = call.args[0]
    if not isinstance(function, ast.Lambda):
        function = project.functions.get(project.name(file, function), (None, file))[0]
    short = name.removeprefix("haiku.")
    if not isinstance(function, FUNCTIONS):
        return f"{short}: its function gets module and parameter names, which change"
    names = [a.arg for a in function.args.args[:2]]
    used = {n.id for n in ast.walk(function) if isinstance(n, ast.Name)}
    if used & set(names):
        return f"{short} chooses by module or parameter name"
    return ""


def _texts(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return [t for e in node.elts for t in _texts(e)]
    return []


def _is_name_like(node: ast.expr) -> bool:
    if isinstance(node, ast.Subscript):
        return _is_name_like(node.value)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and _is_name_like(node.func.value)
    text = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return bool(text and _NAME_LIKE.search(text))


def _comparison(node: ast.Compare) -> str:
    sides = [node.left, *node.comparators]
    texts = [t for s in sides for t in _texts(s)]
    if not texts or not any(_is_name_like(s) for s in sides):
        return ""
    contains = any(isinstance(op, ast.In | ast.NotIn) for op in node.ops)
    if contains and isinstance(node.left, ast.Constant):
        hit = any(_MODULES.search(t) for t in texts)
    else:
        hit = any(t in _WEAK_LEAVES or "/" in t or "~" in t for t in texts)
    return f"compares a name with {', '.join(map(repr, texts))}" if hit else ""


def _string_test(call: ast.Call) -> str:
    """`name.startswith("mlp/~/linear")`, `re.match(".*linear.*", name)`."""
    func = call.func
    if not isinstance(func, ast.Attribute) or not call.args:
        return ""
    texts = _texts(call.args[0])
    if func.attr in ("startswith", "endswith", "count", "find"):
        if any(_MODULES.search(t) for t in texts) and _is_name_like(func.value):
            return f"tests a name for {', '.join(map(repr, texts))}"
    if func.attr in ("match", "search", "fullmatch") and len(call.args) > 1 and _is_name_like(call.args[1]):
        if any(_MODULES.search(t) for t in texts):
            return f"matches a name against {', '.join(map(repr, texts))}"
    return ""


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Subscript):
        node = node.value
    return node


def _holds_parameters(file: File, node: ast.expr) -> bool:
    text = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return bool(_HOLDERS.match(text))


def _comes_from_init(file: File, node: ast.expr) -> bool:
    """True for a name that is assigned the result of `something.init(...)`, or annotated as params."""
    if not isinstance(node, ast.Name):
        return False
    binding = file.names.binding(node) if node in file.names.scope_of else None
    for place in binding.nodes if binding else ():
        if isinstance(place, ast.arg):
            annotation = file.haiku_name(place.annotation)
            if annotation in ("haiku.Params", "haiku.MutableParams", "haiku.State", "haiku.MutableState"):
                return True
        statement = file.names.enclosing(place, (ast.Assign,))
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            func = statement.value.func
            if isinstance(func, ast.Attribute) and func.attr == "init" and _holds_parameters(file, node):
                return True
    return False


def _lookup(file: File, node: ast.Subscript) -> str:
    """`params["linear"]["w"]`."""
    if isinstance(file.names.parent.get(node), ast.Subscript):
        return ""
    root = _root(node)
    keys = []
    inner: ast.expr = node
    while isinstance(inner, ast.Subscript):
        keys += _texts(inner.slice) or (["{}"] if isinstance(inner.slice, ast.JoinedStr) else [])
        inner = inner.value
    if not keys:
        return ""
    haiku_like = any(k in _LEAVES or "/" in k or "~" in k for k in keys)
    if (haiku_like and _holds_parameters(file, root)) or _comes_from_init(file, root):
        return f"looks parameters up by name ({'/'.join(reversed(keys))})"
    if haiku_like and len(keys) > 1 and ("/" in keys[-1] or "~" in keys[-1]):
        return f"looks parameters up by name ({'/'.join(reversed(keys))})"
    return ""


def _iteration(file: File, node: ast.For | ast.comprehension) -> str:
    """`for module, weights in params.items()`: one level of many in linen."""
    call = node.iter
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
        return ""
    if call.func.attr not in ("items", "keys", "values"):
        return ""
    owner = call.func.value
    if _comes_from_init(file, owner) or (_holds_parameters(file, owner) and _mentions_haiku(file)):
        return "goes through parameters by module; linen's tree is nested"
    return ""


def _mentions_haiku(file: File) -> bool:
    return b"haiku" in file.source.data
