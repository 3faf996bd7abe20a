"""The constructor's docstring: a dataclass documents its arguments in the class docstring."""

from __future__ import annotations

import ast
import re

from hk2flax.plan.class_plan import ClassPlan
from hk2flax.rewrite.context import Context

_LITERAL = re.compile(r"""^([rRuU]?)(\"{3}|'{3}|"|')(.*)\2$""", re.DOTALL)


def move_docstring(context: Context, plan: ClassPlan, init: ast.FunctionDef) -> bool:
    """Adds the docstring of `__init__` to the class; False where it has to stay in setup."""
    text, node = context.text, plan.cls.node
    if not _is_doc(init.body[0]) or node.body[0].lineno == node.lineno:
        return False
    match = _LITERAL.match(text.original(init.body[0]))
    if match is None or init.body[0].lineno == init.lineno:
        return False
    if not match[3].strip():  # Nothing to move: it may go.
        return True
    inner = text.indent(text.span(init.body[0])[0])
    pad = text.indent(text.span(init)[0])
    first, *rest = match[3].splitlines()
    moved = [first, *(pad + s[len(inner) :] if s.startswith(inner) else s for s in rest)]
    while len(moved) > 1 and not moved[-1].strip():
        moved.pop()
    newline = text.newline
    if not _is_doc(node.body[0]):
        ending = f"{newline}{pad}" if len(moved) > 1 else ""
        docstring = f"{match[1]}{match[2]}{newline.join(moved)}{ending}{match[2]}"
        at = text.line_start(text.span(node.body[0])[0])
        for decorator in getattr(node.body[0], "decorator_list", ()):
            at = min(at, text.line_start(text.span(decorator)[0]))
        text.insert(at, f"{pad}{docstring}{newline}{newline}")
        return True
    own = _LITERAL.match(text.original(node.body[0]))
    if own is None or own[1] != match[1] or own[2][0] * 3 in match[3]:
        return False
    quotes = own[2][0] * 3
    body = newline.join([own[3].rstrip(), "", f"{pad}{moved[0].lstrip()}", *moved[1:], pad])
    text.set(node.body[0], f"{own[1]}{quotes}{body}{quotes}")
    return True


def _is_doc(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
