"""Settings of Haiku's own machinery, which a Flax program does without."""

from __future__ import annotations

import ast

from hk2flax.catalog.model import Symbol
from hk2flax.rewrite.context import Context
from hk2flax.rewrite.removal import close_gap, remove_statement


def remove_setting(context: Context, call: ast.Call, symbol: Symbol) -> bool:
    """`hk.config.set(check_jax_usage=True)` goes; False where somebody asks what was set."""
    if call not in context.program.settings:
        return False
    statement = context.file.names.parent[call]
    assert isinstance(statement, ast.stmt)
    remove_statement(context, statement)
    close_gap(context.text, statement)
    context.count(symbol.name, "native")
    context.diagnose(call, "HK303", f"{symbol.name} steers Haiku's own machinery", symbol.name)
    return True


OPTIMIZE = "haiku.experimental.optimize_rng_use"


def unwrap_function(context: Context, call: ast.Call) -> bool:
    """`hk.experimental.optimize_rng_use(f)` -> `f`."""
    if leave_keys(context, call):
        return True
    if len(call.args) != 1 or call.keywords or isinstance(call.args[0], ast.Starred):
        return False
    context.text.set(call, context.text.of(call.args[0]))
    context.count(OPTIMIZE, "native")
    return True


def leave_keys(context: Context, node: ast.AST) -> bool:
    """Keys of a sequence of the program's own depend on how they are split: that is left."""
    if not context.program.replaces_rng:
        return False
    reason = "the keys of with_rng, and of a sequence whose state is used, depend on it"
    context.leave(node, "HK101", f"{OPTIMIZE}: {reason}", OPTIMIZE)
    context.kept.add(node)
    return True
