"""Code whose result depends on the order of a parameter tree's leaves.

`jax.tree.leaves` sorts by name, and names change: random numbers that are handed out leaf by leaf,
or drawn for one long vector of all parameters, reach other leaves than in Haiku.
"""

from __future__ import annotations

import ast
import re

from hk2flax.project.index import File
from hk2flax.project.scopes import FUNCTIONS
from hk2flax.project.walk import walk

_PARAMETERS = re.compile(r"param|theta|weights|grad|variables", re.I)
_LEAVES = frozenset(
    ["tree_flatten", "tree_leaves", "tree_structure", "flatten", "leaves", "structure"]
)
_RANDOM = frozenset(
    [
        "normal",
        "uniform",
        "bernoulli",
        "rademacher",
        "truncated_normal",
        "split",
        "laplace",
        "gumbel",
        "permutation",
        "choice",
        "randint",
    ]
)
_BY_LEAF = frozenset(["tree_random_like", "tree_split_key_like", "random_like", "split_key_like"])


def leaf_order(file: File, call: ast.Call) -> str:
    """What is wrong with a call that depends on the order of leaves, or ""."""
    last = _last(call.func)
    if last in _BY_LEAF and any(_PARAMETERS.search(_last(a)) for a in call.args):
        return "draws random numbers leaf by leaf; linen's leaves come in another order"
    if (
        last in ("tree_map", "map")
        and len(call.args) > 1
        and _PARAMETERS.search(_last(call.args[1]))
    ):
        function = call.args[0]
        if isinstance(function, ast.Lambda) and any(
            isinstance(n, ast.Call) and _last(n.func) in ("next", "next_rng_key")
            for n in walk(function)
        ):
            return "draws random numbers leaf by leaf; linen's leaves come in another order"
        return ""
    if last != "ravel_pytree" and not (last in _LEAVES and _is_tree_function(file, call.func)):
        return ""
    if not call.args or not _PARAMETERS.search(_last(call.args[0])):
        return ""
    parent = file.names.parent.get(call)
    if (
        last in ("tree_leaves", "leaves")
        and isinstance(parent, ast.Subscript)
        and isinstance(parent.slice, ast.Constant)
    ):
        return (
            "takes a parameter by its place among the leaves; linen's leaves come in another order"
        )
    names = _targets(parent) if isinstance(parent, ast.Assign) else set()
    around = file.names.enclosing(call, FUNCTIONS) or file.tree
    for node in walk(around):
        if isinstance(node, ast.Call) and _last(node.func) in _RANDOM and len(node.args) > 1:
            if names & {n.id for a in node.args[1:] for n in walk(a) if isinstance(n, ast.Name)}:
                return "draws random numbers in the order of the leaves, which changes"
    return ""


def _targets(statement: ast.Assign) -> set[str]:
    return {n.id for t in statement.targets for n in walk(t) if isinstance(n, ast.Name)}


def _is_tree_function(file: File, func: ast.expr) -> bool:
    name = file.names.qualified.get(func, "")
    return name.startswith(("jax.tree", "tree.")) or "tree" in _last(func)


def _last(node: ast.expr) -> str:
    return getattr(node, "attr", "") or getattr(node, "id", "")
