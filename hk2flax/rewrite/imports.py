"""Imports: Haiku's go where nothing uses them any more, Flax's come in the file's own order."""

from __future__ import annotations

import ast
import sys

from hk2flax.rewrite.context import Context
from hk2flax.rewrite.edits import Text

_STDLIB = sys.stdlib_module_names


def rewrite_imports(context: Context, used: set[str], helper_import: str) -> None:
    """Edits the imports of a file; `used` are the names that its new text still reads."""
    _remove_haiku(context, used)
    new = _new_imports(context)
    anchors = _anchors(context.file.tree)
    _merge_from(context, new, anchors)
    if helper_import:
        new.append((2, helper_import))
    for group, statement in sorted(new, key=lambda item: (item[0], _key(item[1]))):
        _insert(context.text, anchors, group, statement, context.file.tree)


def _new_imports(context: Context) -> list[tuple[int, str]]:
    result = []
    for module, alias in context.imports.items():
        if ":" in module:
            source, _, name = module.partition(":")
            as_name = f" as {alias}" if alias != name else ""
            statement = f"from {source} import {name}{as_name}"
        elif alias == module:
            statement = f"import {module}"
        elif module == "flax.linen" and _prefers_from(context.file.tree):
            statement = "from flax import linen" + (f" as {alias}" if alias != "linen" else "")
        else:
            statement = f"import {module} as {alias}"
        result.append((_group(statement), statement))
    return result


def _prefers_from(tree: ast.Module) -> bool:
    """True for a file that writes `from jax import numpy as jnp`."""
    return any(
        isinstance(n, ast.ImportFrom) and n.module == "jax" and any(a.name == "numpy" for a in n.names)
        for n in tree.body
    )


def _module(statement: str) -> str:
    return statement.split()[1]


def _key(statement: str) -> tuple[str, str]:
    return _module(statement).lower(), statement


def _group(statement: str) -> int:
    module = _module(statement)
    if module.startswith("."):
        return 2
    return 0 if module.split(".")[0] in _STDLIB else 1


def _anchors(tree: ast.Module) -> list[ast.Import | ast.ImportFrom]:
    """The top-level imports at the head of the file."""
    anchors: list[ast.Import | ast.ImportFrom] = []
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            if not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
                anchors.append(node)
        elif anchors and isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
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
                if place is not None:
                    context.text.insert(context.text.span(place)[0], f"{words[3]}, ")
                else:
                    context.text.insert(context.text.span(node.names[-1])[1], f", {words[3]}")
                new.remove(item)
                break


def _insert(text: Text, anchors: list, group: int, statement: str, tree: ast.Module) -> None:
    """Adds one import at its place among the imports of its group."""
    line = statement + text.newline
    same = [a for a in anchors if _group(_statement(a)) == group]
    if same:
        before = [a for a in same if _module(_statement(a)).lower() <= _module(statement).lower()]
        if before:
            text.insert(text.line_end(text.span(before[-1])[1]), line)
        else:
            text.insert(text.line_start(text.span(same[0])[0]), line)
        return
    later = [a for a in anchors if _group(_statement(a)) > group]
    earlier = [a for a in anchors if _group(_statement(a)) < group]
    if earlier:
        text.insert(text.line_end(text.span(earlier[-1])[1]), text.newline + line)
    elif later:
        text.insert(text.line_start(text.span(later[0])[0]), line + text.newline)
    else:
        text.insert(head_end(text, tree), line + text.newline)


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
    """Writes the file's constants behind its imports."""
    if not lines:
        return
    text = context.text
    anchors = _anchors(context.file.tree)
    at = text.line_end(text.span(anchors[-1])[1]) if anchors else head_end(text, context.file.tree)
    text.insert(at, text.newline + text.newline.join(lines) + text.newline)


def _remove_haiku(context: Context, used: set[str]) -> None:
    for statement, name in context.file.names.module_aliases.items():
        if name not in used:
            context.text.replace(*context.text.whole_lines(*context.text.span(statement)), "")
    for node in context.file.names.parent:
        if isinstance(node, ast.Import):
            gone = [a for a in node.names if a.name.split(".")[0] == "haiku" and _binds(a) not in used]
        elif isinstance(node, ast.ImportFrom):
            names = [a for a in node.names if _is_haiku(context, node, a)]
            gone = [a for a in names if a.name != "*" and _binds(a) not in used]
            gone += [a for a in names if a.name == "*" and not context.kept]
        else:
            continue
        if gone:
            _remove_aliases(context, node, gone)


def _binds(alias: ast.alias) -> str:
    return alias.asname or alias.name.split(".")[0]


def _is_haiku(context: Context, node: ast.ImportFrom, alias: ast.alias) -> bool:
    """True for an import of a Haiku name, also where another file of the project hands it on."""
    if not node.level and (node.module or "").split(".")[0] == "haiku":
        return True
    scope = context.file.names.scopes[context.file.tree]
    binding = scope.bindings.get(_binds(alias))
    if binding is None or alias not in binding.nodes:
        return False
    target = context.program.project.canonical(context.file, binding.target)
    return target == "haiku" or target.startswith("haiku.")


def _remove_aliases(context: Context, node: ast.Import | ast.ImportFrom, gone: list[ast.alias]) -> None:
    text = context.text
    stay = [a for a in node.names if a not in gone]
    if stay:
        names = ", ".join(f"{a.name} as {a.asname}" if a.asname else a.name for a in stay)
        head = "import" if isinstance(node, ast.Import) else f"from {node.module} import"
        text.set(node, f"{head} {names}")
        return
    parent = context.file.names.parent.get(node)
    block = next(
        (b for f in ("body", "orelse", "finalbody") if node in (b := getattr(parent, f, None) or [])), []
    )
    start, end = text.whole_lines(*text.span(node))
    if len(block) == 1 and not isinstance(parent, ast.Module) or (start, end) == text.span(node):
        text.set(node, "pass")
    else:
        text.replace(start, end, "")
