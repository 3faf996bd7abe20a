"""Code that depends on Haiku's parameter names.

It keeps running after the migration and selects nothing, or the wrong thing: weight-decay masks,
freezing by module name, looking a leaf up by its path. None of it can be rewritten safely, so every
place is listed: this is the most frequent silent error of migrations by hand.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from hk2flax.plan.leaf_order import leaf_order
from hk2flax.plan.parameter_dicts import (
    comes_from_init,
    holds_parameters,
    holds_state,
    is_own_dict,
    is_parameter_dict,
    mentions_haiku,
)
from hk2flax.plan.strings import last, strings
from hk2flax.project.index import File, Project
from hk2flax.project.scopes import FUNCTIONS
from hk2flax.project.walk import walk

_LEAVES = frozenset(
    ["w", "b", "offset", "embeddings", "w_i", "w_h", "average", "hidden", "counter"]
)
_WEAK_LEAVES = _LEAVES | {"scale"}
_MODULES = re.compile(
    r"linear|conv[123_]|batch_?norm|layer_?norm|group_?norm|embed|~|lstm|gru|mlp|resnet|attention|/w$|/b$|^[wb]$"
    r"|\['?(w|b|scale|offset|embeddings)'?\]"
)
_OTHER_TREES = re.compile(r"batch|data|input|obs|config|cfg", re.I)
_NAME_LIKE = re.compile(r"name|module|path|key|leaf|prefix|^k$|^mn?$|^n$", re.I)
_PARAMETER_NAME = re.compile(r"param|module|mod$|leaf|layer|var|weight|tensor|key|bundle|mn$", re.I)
_PREDICATES = frozenset(
    f"haiku.data_structures.{n}"
    for n in ["partition", "partition_n", "filter", "map", "traverse", "is_subset"]
)


def find_name_dependence(project: Project, file: File) -> Iterator[tuple[ast.AST, str]]:
    """Yields (node, message) for every place that compares or looks up Haiku names."""
    seen: set[int] = set()
    for node in file.names.parent:
        message = ""
        if isinstance(node, ast.Call):
            message = (
                _predicate(project, file, node)
                or _string_test(node)
                or _path_predicate(project, file, node)
                or _keys(file, node)
                or leaf_order(file, node)
            )
        elif isinstance(node, ast.Compare):
            message = _comparison(file, node)
        elif isinstance(node, ast.Subscript):
            message = _lookup(file, node)
        elif isinstance(node, ast.For | ast.comprehension):
            message = _iteration(file, node)
            node = node.iter
        elif isinstance(node, ast.Dict):
            message = _overlay(file, node)
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
    used = {n.id for n in walk(function) if isinstance(n, ast.Name)}
    if used & set(names):
        return f"{short} chooses by module or parameter name"
    return ""


def _is_name_like(node: ast.expr) -> bool:
    if isinstance(node, ast.Subscript):
        return _is_name_like(node.value)
    if isinstance(node, ast.Call):
        if last(node.func) in ("keystr", "str", "join", "lower"):
            return _is_path_text(node) or any(_is_name_like(a) for a in node.args)
        return isinstance(node.func, ast.Attribute) and _is_name_like(node.func.value)
    if isinstance(node, ast.BinOp):
        return _is_name_like(node.left) or _is_name_like(node.right)
    text = (
        node.id
        if isinstance(node, ast.Name)
        else node.attr
        if isinstance(node, ast.Attribute)
        else ""
    )
    return bool(text and _NAME_LIKE.search(text))


def _names_other(node: ast.expr) -> bool:
    """True for `optimizer_name`, `env_name`: the name of something else than a parameter."""
    found = re.fullmatch(r"_*(\w+)_name", last(node), re.I)
    return found is not None and not _PARAMETER_NAME.search(found[1])


def _is_path_text(node: ast.expr) -> bool:
    """True for `keystr(path)` and `path[-1].key`: what only a path in a tree has."""
    if isinstance(node, ast.Call):
        return last(node.func) == "keystr"
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "key"
        and isinstance(node.value, ast.Subscript)
    )


def _comparison(file: File, node: ast.Compare) -> str:
    sides = [node.left, *node.comparators]
    texts = [t for s in sides for t in strings(s)]
    contains = any(isinstance(op, ast.In | ast.NotIn) for op in node.ops)
    if not texts:
        return ""
    if contains and is_parameter_dict(file, node.comparators[-1]):
        hit = any("/" in t or "~" in t or _MODULES.search(t) for t in texts)
        return f"tests parameters for {', '.join(map(repr, texts))}" if hit else ""
    if not any(_is_name_like(s) for s in sides):
        return ""
    if any(_is_path_text(s) for s in sides) and not _goes_through_other_tree(file, node):
        hit = True
    elif contains and isinstance(node.left, ast.Constant):
        hit = any(_MODULES.search(t) for t in texts)
    else:
        hits = [t in _WEAK_LEAVES or "/" in t or "~" in t for t in texts]
        hit = all(hits) if any(_names_other(s) for s in sides) else any(hits)
    return f"compares a name with {', '.join(map(repr, texts))}" if hit else ""


def _goes_through_other_tree(file: File, node: ast.AST) -> bool:
    """True inside `tree_map_with_path(f, batch)`."""
    for outer in file.names.ancestors(node):
        if (
            isinstance(outer, ast.Call)
            and last(outer.func).endswith("_with_path")
            and len(outer.args) > 1
        ):
            return bool(_OTHER_TREES.search(last(outer.args[1])))
    return False


def _path_predicate(project: Project, file: File, call: ast.Call) -> str:
    """`tree_map_with_path(f, params)` where `f` tests the path."""
    if (
        last(call.func) not in ("tree_map_with_path", "map_with_path", "path_aware_map")
        or not call.args
    ):
        return ""
    if len(call.args) > 1 and _OTHER_TREES.search(last(call.args[1])):
        return ""
    function: ast.AST | None = call.args[0]
    if not isinstance(function, ast.Lambda):
        function = project.functions.get(project.name(file, function), (None, file))[0]
    if not isinstance(function, FUNCTIONS) or not function.args.args:
        return ""
    path = function.args.args[0].arg
    for node in walk(function):
        sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
        reads = any(isinstance(n, ast.Name) and n.id == path for side in sides for n in walk(side))
        if reads and any(strings(side) for side in sides):
            return "chooses parameters by their path, which changes"
    return ""


def _keys(file: File, call: ast.Call) -> str:
    """`params.get("linear")`, `sorted(params)`, `list(params.items())`."""
    func = call.func
    if isinstance(func, ast.Attribute) and func.attr in ("get", "pop", "setdefault") and call.args:
        texts = strings(call.args[0])
        if texts and is_parameter_dict(file, func.value):
            if any(
                "/" in t or t in _LEAVES or _MODULES.search(t) for t in texts
            ) or comes_from_init(file, func.value):
                return f"looks parameters up by name ({texts[0]})"
    if (
        isinstance(func, ast.Attribute)
        and func.attr in ("items", "keys", "values")
        and not call.args
    ):
        if comes_from_init(file, func.value) or (
            is_parameter_dict(file, func.value) and mentions_haiku(file)
        ):
            return "goes through parameters by module; linen's tree is nested"
    if (
        isinstance(func, ast.Name)
        and func.id in ("sorted", "list", "iter", "len", "enumerate")
        and len(call.args) == 1
    ):
        if comes_from_init(file, call.args[0]):
            return "goes through parameters by module; linen's tree is nested"
    return ""


def _overlay(file: File, node: ast.Dict) -> str:
    """`{**params, "linear": new}`."""
    spread = [
        v
        for k, v in zip(node.keys, node.values, strict=True)
        if k is None and is_parameter_dict(file, v)
    ]
    texts = [t for k in node.keys if k is not None for t in strings(k)]
    if spread and any("/" in t or "~" in t or _MODULES.search(t) for t in texts):
        return f"replaces parameters by name ({', '.join(texts)})"
    return ""


def _string_test(call: ast.Call) -> str:
    """`name.startswith("mlp/~/linear")`, `re.match(".*linear.*", name)`."""
    func = call.func
    if not isinstance(func, ast.Attribute) or not call.args:
        return ""
    texts = strings(call.args[0])
    if func.attr in ("startswith", "endswith", "count", "find"):
        if any(_MODULES.search(t) for t in texts) and _is_name_like(func.value):
            return f"tests a name for {', '.join(map(repr, texts))}"
    if (
        func.attr in ("match", "search", "fullmatch")
        and len(call.args) > 1
        and _is_name_like(call.args[1])
    ):
        if any(_MODULES.search(t) for t in texts):
            return f"matches a name against {', '.join(map(repr, texts))}"
    return ""


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Subscript):
        node = node.value
    return node


def _lookup(file: File, node: ast.Subscript) -> str:
    """`params["linear"]["w"]`."""
    if isinstance(file.names.parent.get(node), ast.Subscript):
        return ""
    root = _root(node)
    keys = []
    inner: ast.expr = node
    while isinstance(inner, ast.Subscript):
        keys += strings(inner.slice) or (["{}"] if isinstance(inner.slice, ast.JoinedStr) else [])
        inner = inner.value
    if not keys:
        return ""
    haiku_like = any(k in _LEAVES or "/" in k or "~" in k for k in keys)
    if (haiku_like and holds_parameters(root)) or comes_from_init(file, root):
        return f"looks parameters up by name ({'/'.join(reversed(keys))})"
    if haiku_like and len(keys) > 1 and ("/" in keys[-1] or "~" in keys[-1]):
        return f"looks parameters up by name ({'/'.join(reversed(keys))})"
    return ""


def _iteration(file: File, node: ast.For | ast.comprehension) -> str:
    """`for module in params`, `for module, weights in params.items()`: one level of many."""
    owner = node.iter
    called = isinstance(owner, ast.Call) and isinstance(owner.func, ast.Attribute)
    if called:
        if owner.func.attr not in ("items", "keys", "values"):  # type: ignore[attr-defined]
            return ""
        owner = owner.func.value  # type: ignore[attr-defined]
    elif not isinstance(owner, ast.Name | ast.Attribute) or (
        not comes_from_init(file, owner) and not _is_key_of(file, node, owner)
    ):
        return ""
    if is_own_dict(file, owner):
        return ""
    if comes_from_init(file, owner) or (holds_state(owner) and mentions_haiku(file)):
        return "goes through parameters by module; linen's tree is nested"
    return (
        "goes through parameters by module; linen's tree is nested"
        if is_parameter_dict(file, owner)
        else ""
    )


def _is_key_of(file: File, node: ast.For | ast.comprehension, owner: ast.expr) -> bool:
    """True when a loop over `owner` looks its variable up in `owner`."""
    if not isinstance(node.target, ast.Name):
        return False
    around = node if isinstance(node, ast.For) else file.names.parent.get(node, node)
    return any(
        isinstance(n, ast.Subscript)
        and isinstance(n.slice, ast.Name)
        and n.slice.id == node.target.id
        and ast.dump(n.value) == ast.dump(owner)
        for n in walk(around)
    )
