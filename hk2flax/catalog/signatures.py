"""Binding the arguments of a call to a Haiku signature, from source alone."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from hk2flax.catalog.model import MISSING


@dataclass(frozen=True)
class Signature:
    """A parsed signature: names in order, which are keyword-only, and the default expressions."""

    positional: tuple[str, ...]
    keyword_only: tuple[str, ...]
    defaults: Mapping[str, ast.expr]
    has_star: bool

    @property
    def required(self) -> set[str]:
        """The parameters without a default."""
        return {*self.positional, *self.keyword_only} - self.defaults.keys()

    def default(self, name: str) -> object:
        """The literal default of a parameter, or MISSING."""
        return literal(self.defaults[name]) if name in self.defaults else MISSING


@cache
def parse_signature(text: str) -> Signature:
    """Parses "output_size, with_bias=True, *, name=None"."""
    function = ast.parse(f"def f({text}): pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    args = function.args
    positional = [a.arg for a in [*args.posonlyargs, *args.args]]
    defaults = dict(zip(positional[::-1], args.defaults[::-1], strict=False))
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        if default is not None:
            defaults[arg.arg] = default
    keyword_only = tuple(a.arg for a in args.kwonlyargs)
    return Signature(tuple(positional), keyword_only, defaults, bool(args.vararg or args.kwarg))


def bind_call(signature: Signature, call: ast.Call) -> dict[str, ast.expr] | None:
    """The call's arguments by parameter name, or None where they cannot be told (`*args`)."""
    if any(isinstance(a, ast.Starred) for a in call.args) or any(
        k.arg is None for k in call.keywords
    ):
        return None
    if len(call.args) > len(signature.positional):
        return None
    bound = dict(zip(signature.positional, call.args, strict=False))
    for keyword in call.keywords:
        assert keyword.arg is not None
        known = keyword.arg in signature.positional or keyword.arg in signature.keyword_only
        if not known or keyword.arg in bound:
            return None
        bound[keyword.arg] = keyword.value
    return bound


def literal(node: ast.expr) -> object:
    """The Python value of a literal expression, or MISSING."""
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return MISSING
