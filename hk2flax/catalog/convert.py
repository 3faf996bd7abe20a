"""Small converters from a Haiku argument to linen source text.

Each takes a `Value` (or is made by a function that returns such a converter) and returns text,
`OMIT` where linen's default says the same, or None where plain linen cannot express the value.
"""

from __future__ import annotations

import ast
from typing import Any

from .model import MISSING, OMIT, Convert, Value

_JNP_INITIALISERS = {
    f"{module}.{name}": f"nn.initializers.{name}"
    for module in ("jnp", "jax.numpy", "np", "numpy")
    for name in ("zeros", "ones")
}
_ATOMS = (ast.Constant, ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Tuple)


def parse(text: str) -> ast.expr | None:
    """The expression in `text` (which may span lines), or None where it is not one."""
    try:
        return ast.parse(f"({text}\n)", mode="eval").body
    except SyntaxError:
        return None


def parenthesised(text: str) -> str:
    """`text`, in parentheses unless it is an atom that binds tighter than any operator."""
    return text if isinstance(parse(text), _ATOMS) else f"({text})"


def same_literal(literal: Any, other: Any) -> bool:
    """Whether two literals are the same value of the same type (True is not 1).

    What is no literal is never the same: two expressions may have any values.
    """
    return literal is not MISSING and type(literal) is type(other) and literal == other


def only(*literals: Any) -> Convert:
    """Linen needs no argument for these literals and has none for anything else."""

    def convert(value: Value) -> str | None:
        return OMIT if any(same_literal(value.literal, each) for each in literals) else None

    return convert


def omit_if(*literals: Any) -> Convert:
    """Leaves the argument out for these literals, linen's defaults; passes on anything else."""

    def convert(value: Value) -> str | None:
        if any(same_literal(value.literal, each) for each in literals):
            return OMIT
        return value.text

    return convert


def init_or(default: str) -> Convert:
    """An initialiser argument: `default` is what Haiku uses for None.

    Calls, lambdas and names of `nn.initializers` cannot be None; another name or attribute might
    be, as far as the source tells.
    """

    def convert(value: Value) -> str | None:
        if value.literal is None:
            return OMIT
        text = _JNP_INITIALISERS.get(value.text, value.text)
        if isinstance(parse(text), (ast.Call, ast.Lambda)) or "nn.initializers." in text:
            return text
        if isinstance(parse(text), (ast.IfExp, ast.NamedExpr)):
            text = f"({text})"
        return f"{text} or {default}"

    return convert


def negated(value: Value) -> str | None:
    """`is_training` -> `use_running_average`: the opposite truth value."""
    if isinstance(value.literal, bool):
        return str(not value.literal)
    node = parse(value.text)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return value.text.strip().removeprefix("not").strip()
    loose = (ast.BoolOp, ast.IfExp, ast.Lambda, ast.NamedExpr)
    return f"not ({value.text})" if isinstance(node, loose) else f"not {value.text}"


def squared(value: Value) -> str | None:
    """`s` -> `s**2`."""
    return f"{parenthesised(value.text)}**2"


def text_of(items: list[Any] | tuple[Any, ...]) -> str:
    """Source text of a tuple of literals."""
    return repr(tuple(tuple(item) if isinstance(item, list) else item for item in items))


def sizes(count: int) -> Convert:
    """A size for each of `count` dimensions, where linen takes nothing but a sequence.

    An integer literal is repeated. An expression that is not written as a sequence might be an
    integer, which linen would take for a one-dimensional kernel.
    """

    def convert(value: Value) -> str | None:
        literal = value.literal
        if same_literal(literal, None) or isinstance(literal, (bool, float, str)):
            return None
        if isinstance(literal, int):
            return text_of((literal,) * count)
        if literal is not MISSING:
            repeated = tuple(literal) * count if len(literal) == 1 else tuple(literal)
            return text_of(repeated) if len(repeated) == count else None
        node = parse(value.text)
        if isinstance(node, (ast.Tuple, ast.List)) and len(node.elts) == count:
            return None if any(isinstance(e, ast.Starred) for e in node.elts) else value.text
        return None

    return convert


def sizes_or_text(count: int) -> Convert:
    """As `sizes`, where linen too takes an integer or a sequence: other text is passed on."""

    def convert(value: Value) -> str | None:
        return value.text if value.literal is MISSING else sizes(count)(value)

    return convert


def conv_padding(count: int) -> Convert:
    """Padding of hk.ConvND: a pair counts for every dimension, as does a list of one pair.

    linen would read `(1, 2)` as ((1, 1), (2, 2)). Callables and expressions need the helper.
    """

    def convert(value: Value) -> str | None:
        literal = value.literal
        if isinstance(literal, str):
            if literal in ("SAME", "VALID"):
                return value.text
            return f'"{literal.upper()}"' if literal.upper() in ("SAME", "VALID") else None
        if not isinstance(literal, (tuple, list)) or not literal:
            return None
        pairs = [literal] if isinstance(literal[0], int) else list(literal)
        pairs = pairs * count if len(pairs) == 1 else pairs
        return text_of(pairs) if len(pairs) == count and _all_pairs(pairs) else None

    return convert


def transpose_padding(count: int) -> Convert:
    """Padding of hk.ConvNDTranspose: a string as it is, or a pair for every dimension."""

    def convert(value: Value) -> str | None:
        literal = value.literal
        if isinstance(literal, str):
            return value.text
        if isinstance(literal, (tuple, list)) and len(literal) == count and _all_pairs(literal):
            return text_of(literal)
        return None

    return convert


def _all_pairs(pairs: Any) -> bool:
    return all(
        isinstance(pair, (tuple, list)) and len(pair) == 2 and all(type(n) is int for n in pair)
        for pair in pairs
    )
