"""Lines that an edit made too long, laid out as a formatter would."""

from __future__ import annotations

import ast

from hk2flax.project.walk import walk
from hk2flax.rewrite.edits import Text

WIDTH = 88
_LEAST = 30  # a call with less inside is not what makes a line long
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def wrap_lines(old: str, new: str, tree: ast.Module, step: str) -> str:
    """`new`, whose syntax tree is `tree`, with its new overlong calls put on several lines.

    Lines that are in `old` too stay; so does the width that `old` itself goes to.
    """
    step = step if step.startswith("\t") else step.ljust(4)  # hanging indents are never narrower
    known = set(old.splitlines())
    width = max(WIDTH, *(min(len(line), 120) for line in known or {""}))
    lines = new.splitlines()
    long = {n for n, s in enumerate(lines, 1) if len(s) > width and s not in known and "#" not in s}
    if not long:
        return new
    text = Text(new)
    calls: dict[int, ast.Call] = {}
    for node in reversed(outside_strings(tree)):  # of equal ones, the last
        if isinstance(node, ast.Call) and (node.args or node.keywords):
            line = _line(node)
            least = _inside(calls[line], text) if line in calls else _LEAST
            if line in long and _inside(node, text) > least:
                calls[line] = node
        elif isinstance(node, _FUNCTIONS) and node.lineno in long:
            _split_header(node, text, step)
    for node in calls.values():
        _split(node, text, step, width)
    return text.result()


def outside_strings(tree: ast.Module) -> list[ast.AST]:
    """All nodes but those inside f-strings, where Python 3.11 misplaces them."""
    nodes = walk(tree)
    inside = {n for s in nodes if isinstance(s, ast.JoinedStr) for n in walk(s)}
    return [node for node in nodes if node not in inside] if inside else list(nodes)


def _line(call: ast.Call) -> int:
    """The line that holds all arguments of a call, or 0."""
    arguments = [*call.args, *(k.value for k in call.keywords)]
    line = arguments[0].lineno
    return line if all(a.lineno == a.end_lineno == line for a in arguments) else 0


def _inside(call: ast.Call, text: Text) -> int:
    open_, close = text.parens(call)
    return close - open_


def _split(call: ast.Call, text: Text, step: str, width: int) -> None:
    """Puts the arguments of a call on one line of their own, or each on its own."""
    open_, close = text.parens(call)
    slots = text.arguments(call)
    arguments = [text.data[s.start : s.end].decode() for s in slots]
    newline = text.newline
    comma = "" if isinstance(slots[-1].node, ast.GeneratorExp) else ","
    if call.lineno != call.end_lineno:  # the parentheses stand elsewhere
        line = text.line_start(slots[0].start)
        if text.data[line : slots[0].start].strip() or len(slots) == 1:
            return
        inner = text.indent(slots[0].start)
        end = slots[-1].end
        tail = "" if text.data[end : end + 1] in (b",", b")") else comma
        text.replace(slots[0].start, end, f",{newline}{inner}".join(arguments) + tail)
        return
    pad = text.indent(open_)
    inner = f"{pad}{step}"
    body = f"{inner}{', '.join(arguments)}"
    only = slots[0].node if len(slots) == 1 else None
    if len(body) > width and isinstance(only, ast.List | ast.Tuple) and only.elts:
        start, end = text.span(only)
        if text.data[start : start + 1] in (b"[", b"("):
            items = [text.data[slice(*text.span(item))].decode() for item in only.elts]
            lines = "".join(f"{newline}{inner}{item}," for item in items)
            text.replace(start + 1, end - 1, f"{lines}{newline}{pad}")
            return
    if len(body) > width:
        body = f",{newline}".join(f"{inner}{a}" for a in arguments) + comma
    text.replace(open_ + 1, close, f"{newline}{body}{newline}{pad}")


def _split_header(node: ast.FunctionDef | ast.AsyncFunctionDef, text: Text, step: str) -> None:
    """Puts the parameters of a function on a line of their own."""
    parts = [n for n in walk(node.args) if hasattr(n, "lineno")]
    if not parts or node.body[0].lineno == node.lineno:
        return
    open_ = text.data.index(b"(", text.span(node)[0])
    close = text.data.index(b")", max(text.span(part)[1] for part in parts))
    if b"\n" in text.data[open_:close]:
        return
    pad, newline = text.indent(open_), text.newline
    inside = text.data[open_ + 1 : close].decode().strip()
    text.replace(open_ + 1, close, f"{newline}{pad}{step}{inside}{newline}{pad}")
