"""Which arguments the cases of a name give, at their default and at other values."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator

from hk2flax.catalog import lookup
from hk2flax.catalog.convert import same_literal
from hk2flax.catalog.signatures import Signature, bind_call, literal, parse_signature
from tests.symbols.proof import Proof

Seen = dict[str, set[str]]
# What a default that is no literal looks like in a case.
LEFT_OUT = "(left out)"


def missing(name: str, proof: Proof) -> list[str]:
    """Arguments that no case shows at their default, or at another value; as readable lines.

    A required argument of a layer or function has no default: two values are wanted instead.
    """
    symbol = lookup(name)
    calls = list(calls_of(name, proof))
    wanted = 2 if symbol.kind in ("layer", "function", "initializer") else 1
    found = missing_of("", symbol.signature, [made for made, _ in calls], wanted)
    if symbol.call_signature:
        used = [call for _, uses in calls for call in uses]
        found += missing_of("__call__: ", symbol.call_signature, used, 1)
    return found


def missing_of(what: str, text: str, calls: list[ast.Call], wanted: int) -> list[str]:
    signature = parse_signature(text)
    seen: Seen = {}
    for call in calls:
        bound = bind_call(signature, call)
        if bound is None:
            bound = bind_what_can_be(signature, call)
        for argument in (*signature.positional, *signature.keyword_only):
            seen.setdefault(argument, set()).add(value_of(signature, argument, bound))
    return [what + line for line in judged(signature, seen, wanted)]


def bind_what_can_be(signature: Signature, call: ast.Call) -> dict[str, ast.expr]:
    """For calls that give more than the signature names: `*operands`, `**kwargs`."""
    bound = dict(zip(signature.positional, call.args, strict=False))
    return bound | {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}


def value_of(signature: Signature, argument: str, bound: dict[str, ast.expr]) -> str:
    if argument not in bound:
        return LEFT_OUT
    value = literal(bound[argument])
    if argument in signature.defaults and same_literal(value, signature.default(argument)):
        return LEFT_OUT
    return ast.unparse(bound[argument])


def judged(signature: Signature, seen: Seen, wanted: int) -> Iterator[str]:
    for argument in (*signature.positional, *signature.keyword_only):
        values = seen.get(argument, set())
        given = values - {LEFT_OUT}
        if argument in signature.defaults:
            if LEFT_OUT not in values:
                yield f"{argument} at its default"
            if not given:
                yield f"{argument} at another value"
        elif len(given) < wanted:
            yield f"{argument} at {wanted} values"


def calls_of(name: str, proof: Proof) -> Iterator[tuple[ast.Call, list[ast.Call]]]:
    """Every call of the name, and the calls of what it returned."""
    spelled = name.replace("haiku.", "hk.", 1)
    for program in (proof, *proof.more):
        yield from calls_in(spelled, program)


def calls_in(spelled: str, proof: Proof) -> Iterator[tuple[ast.Call, list[ast.Call]]]:
    for source in (proof.before, *proof.cases):
        tree = ast.parse(textwrap.dedent(source))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == spelled:
                yield node, list(uses_of(node, tree))


def uses_of(made: ast.Call, tree: ast.Module) -> Iterator[ast.Call]:
    """Calls of the object itself, or of the name that it is bound to."""
    names = {
        ast.unparse(target)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and node.value is made
        for target in node.targets
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if node.func is made or ast.unparse(node.func) in names:
                yield node
