"""Imports: Haiku's go where nothing uses them any more, Flax's come in the file's own order."""

from __future__ import annotations

import ast
import sys

from hk2flax.project.walk import walk
from hk2flax.rewrite.context import Context
from hk2flax.rewrite.edits import Text
from hk2flax.rewrite.import_removal import remove_haiku

_STDLIB = sys.stdlib_module_names


def rewrite_imports(context: Context, used: set[str], helper_import: str) -> set[ast.stmt]:
    """Edits the imports of a file; `used` are the names that its new text still reads.

    Returns the statements that are gone.
    """
    removed = remove_haiku(context, used)
    new = _new_imports(context)
    anchors = _anchors(context)
    _merge_from(context, new, [node for node in anchors if node not in removed])
    new = _joined(new)
    if helper_import:
        new.append((2, helper_import))
    groups: dict[int, list[str]] = {}
    for group, statement in sorted(new, key=lambda item: (item[0], _key(item[1]))):
        groups.setdefault(group, []).append(statement)
    if anchors:
        for group, statements in groups.items():
            gone = removed if group == min(groups) else set()
            _insert(context, anchors, group, statements, gone)
    elif groups:
        newline = context.text.newline
        block = (newline * 2).join(newline.join(statements) for statements in groups.values())
        at, before, after = _head(context)
        after = newline if context.definitions else after
        context.text.insert(at, f"{before}{block}{newline}{after}")
    return removed


def close_gaps(context: Context, removed: set[ast.stmt]) -> None:
    """Where a whole group of imports went, the blank line above it goes too."""
    text = context.text
    for node in removed:
        start, end = text.span(node)
        start, end = text.line_start(start), text.line_end(end)
        above = text.line_start(start - 1) if start else 0
        alone = not text.data[end : text.line_end(end)].strip()
        if (
            above
            and alone
            and not text.data[above:start].strip()
            and (
                not text.get(start, end) and not text.inserts_at(start) and not text.inserts_at(end)
            )
        ):
            text.replace(above, end, "")


def _new_imports(context: Context) -> list[tuple[int, str]]:
    result = []
    for module, alias in context.imports.items():
        if ":" in module:
            source, _, name = module.partition(":")
            as_name = f" as {alias}" if alias != name else ""
            statement = f"from {source} import {name}{as_name}"
        elif alias == module:
            statement = f"import {module}"
        elif module.endswith(f".{alias}"):
            statement = f"from {module.rpartition('.')[0]} import {alias}"
        elif module == "flax.linen" and _prefers_from(context.file.tree):
            statement = "from flax import linen" + (f" as {alias}" if alias != "linen" else "")
        else:
            statement = f"import {module} as {alias}"
        # The project may have a module `types` of its own; what is added here is Python's.
        standard = module.partition(":")[0].split(".")[0] in _STDLIB
        result.append((0 if standard else _group(context, statement), statement))
    return result


def _joined(statements: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """`from typing import Any` and `from typing import ClassVar` in one statement."""
    result: dict[str, tuple[int, str]] = {}
    for group, statement in sorted(statements):
        head, _, name = statement.partition(" import ")
        if head.startswith("from ") and head in result:
            result[head] = (group, f"{result[head][1]}, {name}")
        else:
            result[head if name else statement] = (group, statement)
    return list(result.values())


def _prefers_from(tree: ast.Module) -> bool:
    """True for a file that writes `from jax import numpy as jnp`."""
    return any(
        isinstance(n, ast.ImportFrom)
        and n.module == "jax"
        and any(a.name == "numpy" for a in n.names)
        for n in tree.body
    )


def _module(statement: str) -> str:
    return statement.split()[1]


def _key(statement: str) -> tuple[str, str]:
    return _module(statement).lower(), statement


def _group(context: Context, statement: str) -> int:
    """0 for the standard library, 1 for other packages, 2 for the project's own modules."""
    module = _module(statement)
    if module.startswith(".") or context.program.project.owns(context.file, module):
        return 2
    return 0 if module.split(".")[0] in _STDLIB else 1


def _anchors(context: Context) -> list[ast.Import | ast.ImportFrom]:
    """The top-level imports at the head of the file, before the first code that uses Haiku."""
    anchors: list[ast.Import | ast.ImportFrom] = []
    for node in context.file.tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            if not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
                anchors.append(node)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef) or any(
            context.name(n).startswith("haiku.") for n in walk(node)
        ):
            break
    return anchors


def _statement(node: ast.Import | ast.ImportFrom) -> str:
    if isinstance(node, ast.Import):
        return f"import {node.names[0].name}"
    return f"from {'.' * node.level}{node.module or ''} import"


def _merge_from(context: Context, new: list[tuple[int, str]], anchors: list) -> None:
    """`from typing import Any` joins a `from typing import ...` that is there already."""
    for item in list(new):
        words = item[1].split()
        if words[0] != "from" or len(words) != 4:
            continue
        for node in anchors:
            if isinstance(node, ast.ImportFrom) and not node.level and node.module == words[1]:
                names = [a.name for a in node.names]
                if "*" in names:
                    continue
                place = next((a for a in node.names if a.name.lower() > words[3].lower()), None)
                text = context.text
                beside = text.span(place if place is not None else node.names[-1])[0]
                own_line = not text.data[text.line_start(beside) : beside].strip()
                gap = text.newline + text.indent(beside) if own_line else " "
                if place is not None:
                    text.insert(beside, f"{words[3]},{gap}")
                else:
                    text.insert(text.span(node.names[-1])[1], f",{gap}{words[3]}")
                new.remove(item)
                break


def _insert(
    context: Context, anchors: list, group: int, statements: list[str], removed: set[ast.stmt]
) -> None:
    """Adds imports of one group at their places among those that are there."""
    text = context.text
    groups = {a: _group(context, _statement(a)) for a in anchors}
    same = [a for a in anchors if groups[a] == group]
    if same:
        for statement in statements:
            module = _module(statement).lower()
            before = [a for a in same if _module(_statement(a)).lower() <= module]
            if before:
                at = text.line_end(text.span(before[-1])[1])
            else:
                at = text.line_start(text.span(same[0])[0])
            text.insert(at, statement + text.newline)
        return
    block = text.newline.join(statements) + text.newline
    earlier = [a for a in anchors if groups[a] < group]
    later = [a for a in anchors if groups[a] > group]
    if earlier:
        gap = "" if removed.issuperset(earlier) else text.newline
        text.insert(text.line_end(text.span(earlier[-1])[1]), gap + block)
    else:
        text.insert(text.line_start(text.span(later[0])[0]), block + text.newline)


def _head(context: Context) -> tuple[int, str, str]:
    """Where a file without imports gets its first, and the blank lines before and after."""
    text, body = context.text, context.file.tree.body
    at = head_end(text, context.file.tree)
    following = next((n for n in body if text.span(n)[0] >= at), None)
    start = at
    while at < len(text.data) and not text.data[at : text.line_end(at)].strip():
        at = text.line_end(at)
    before = text.newline if start == at and start > 0 and _ends_head(context, start) else ""
    is_block = isinstance(following, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
    return at, before, text.newline * ((2 if is_block else 1) if following is not None else 0)


def _ends_head(context: Context, at: int) -> bool:
    """True where the line above `at` is the docstring or a `__future__` import."""
    return any(context.text.span(n)[1] <= at for n in context.file.tree.body)


def head_end(text: Text, tree: ast.Module) -> int:
    """The offset behind the module docstring and `__future__` imports."""
    end = 0
    for node in tree.body:
        is_doc = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not (is_doc or is_future):
            break
        end = text.line_end(text.span(node)[1])
    if end == 0 and tree.body:
        first = text.line_start(text.span(tree.body[0])[0])
        decorators = getattr(tree.body[0], "decorator_list", None)
        if decorators:
            first = text.line_start(text.span(decorators[0])[0])
        return first
    return end


def insert_definitions(context: Context, lines: list[str]) -> None:
    """Writes the file's constants behind its imports, those under `if TYPE_CHECKING:` included."""
    if not lines:
        return
    text, body = context.text, context.file.tree.body
    anchors = _anchors(context)
    block = text.newline.join(lines) + text.newline
    if not anchors:
        at, _, after = _head(context)
        text.insert(at, block + after)
        return
    at = text.line_end(text.span(anchors[-1])[1])
    following = [n for n in body if text.span(n)[0] >= at]
    while following and _only_imports(following[0]):
        at = text.line_end(text.span(following.pop(0))[1])
    gap = _gap(text, at, following[0]) if following else ""
    text.insert(at, text.newline + block + gap)


def _only_imports(node: ast.stmt) -> bool:
    """True for `if TYPE_CHECKING:` and `try:` around nothing but imports."""
    if not isinstance(node, ast.If | ast.Try):
        return False
    return all(isinstance(n, ast.Import | ast.ImportFrom) for n in node.body)


def _gap(text: Text, at: int, following: ast.stmt) -> str:
    """The blank lines that are missing between a constant at `at` and the next statement."""
    is_block = isinstance(following, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
    found = 0
    while at < len(text.data) and not text.data[at : text.line_end(at)].strip():
        at = text.line_end(at)
        found += 1
    return text.newline * max((2 if is_block else 1) - found, 0)
