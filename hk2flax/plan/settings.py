"""Which settings of Haiku's own machinery go.

A statement that only changes a setting (`hk.config.set(check_jax_usage=True)`) goes where no code
of the project asks what the setting was; otherwise helpers remember the settings.
"""

from __future__ import annotations

import ast

from hk2flax.catalog import lookup
from hk2flax.catalog.model import Symbol
from hk2flax.catalog.signatures import bind_call, parse_signature
from hk2flax.project.index import Project

_KEYS = "rng_reserve_size"  # the keys of a PRNGSequence depend on it


def plan_settings(project: Project) -> set[ast.Call]:
    """The calls of settings that go with their statements."""
    found: set[ast.Call] = set()
    for file in project.files.values():
        for node in file.names.qualified:
            symbol = lookup(project.name(file, node))
            if symbol is None or not symbol.steers_haiku:
                continue
            call = file.names.parent.get(node)
            statement = file.names.parent.get(call) if call is not None else None
            if not (isinstance(call, ast.Call) and call.func is node):
                return set()
            if not isinstance(statement, ast.Expr):
                return set()
            if _only_steers(symbol, call):
                found.add(call)
    return found


def _only_steers(symbol: Symbol, call: ast.Call) -> bool:
    """True when the call takes these arguments and nothing happens while they are evaluated."""
    bound = bind_call(parse_signature(symbol.signature), call)
    if bound is None or _KEYS in bound:
        return False
    required = parse_signature(symbol.signature).required
    return required <= bound.keys() and all(
        isinstance(value, ast.Constant | ast.Name | ast.Attribute) for value in bound.values()
    )
