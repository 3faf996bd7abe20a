"""Imports: Haiku's go where nothing uses them any more, Flax's come in the file's own order."""

from __future__ import annotations

import ast
import sys

from hk2flax.rewrite.context import Context
from hk2flax.rewrite.edits import Text

_STDLIB = sys.stdlib_module_names


def rewrite_imports(context: Context, used: set[str], helper_import: str) -> set[ast.stmt]:
    """Edits the imports of a file; `used` are the names that its new text still reads.

    Returns the statements that are gone.
    """
    removed = _remove_haiku(context, used)
    new = _new_imports(context)
    anchors = _anchors(context)
    _merge_from(context, new, anchors)
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
        if above and alone and not text.data[above:start].strip() and (
            not text.get(start, end) and not text.inserts_at(start) and not text.inserts_at(end)
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
        result.append((_group(context, statement), statement))
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
        isinstance(n, ast.ImportFrom) and n.module == "jax" and any(a.name == "numpy" for a in n.names)
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
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            break
        elif any(context.name(n).startswith("haiku.") for n in ast.walk(node)):
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


def remove_module_aliases(context: Context, used: set[str]) -> bool:
    """Removes `init = hk.initializers` where nothing uses the name any more; True if it did."""
    removed = False
    for statement, name in context.file.names.module_aliases.items():
        if name in used:
            continue
        removed = True
        block = getattr(context.file.names.parent[statement], "body", [])
        if len(block) == 1:
            context.text.set(statement, "pass")
        else:
            context.text.replace(*context.text.whole_lines(*context.text.span(statement)), "")
    return removed


def _remove_haiku(context: Context, used: set[str]) -> set[ast.stmt]:
    """Removes the imports of Haiku, and those that only the rewritten code used."""
    used = set(used) - set(context.helpers.values())
    removed: set[ast.stmt] = set()
    imports = [n for n in context.file.names.parent if isinstance(n, ast.Import | ast.ImportFrom)]
    left = []
    for node in imports:
        names = [a for a in node.names if _is_haiku(context, node, a)]
        gone = [a for a in names if a.name != "*" and _binds(a) not in used]
        gone += [a for a in names if a.name == "*" and not context.kept]
        left += [(node, a) for a in names if a not in gone]
        if gone:
            _remove_aliases(context, node, gone, used)
            removed |= {node} if len(gone) == len(node.names) else set()
    if left and not any(d.code.startswith("HK1") for d in context.diagnostics):
        node, alias = left[0]
        context.leave(node, "HK101", f"haiku stays imported, as {_binds(alias)} is used", "haiku")
    for node in imports:
        gone = [a for a in node.names if _became_unused(context, node, a, used)]
        if gone:
            _remove_aliases(context, node, gone, used)
            removed |= {node} if len(gone) == len(node.names) else set()
    return removed


def _became_unused(
    context: Context, node: ast.Import | ast.ImportFrom, alias: ast.alias, used: set[str]
) -> bool:
    """True for an import that was read before the rewrite and is not read after it."""
    name, file = _binds(alias), context.file
    top = file.names.scopes[file.tree]
    binding = top.bindings.get(name)
    if name in used or binding is None or binding.nodes != [alias] or node not in file.tree.body:
        return False
    if file.source.rel.endswith("__init__.py") or _is_haiku(context, node, alias):
        return False
    if name in context.imports.values() or not file.names.uses.get(id(binding)):
        return False
    dotted = f".{file.module}.{name}"
    return not any(
        f".{b.target}".endswith(dotted)
        for other in context.program.project.files.values()
        for b in other.names.scopes[other.tree].bindings.values()
    )


def _binds(alias: ast.alias) -> str:
    return alias.asname or alias.name.split(".")[0]


def _is_haiku(context: Context, node: ast.Import | ast.ImportFrom, alias: ast.alias) -> bool:
    """True for an import of a Haiku name, also where another file of the project hands it on."""
    if isinstance(node, ast.Import):
        return alias.name.split(".")[0] == "haiku"
    if not node.level and (node.module or "").split(".")[0] == "haiku":
        return True
    scope = context.file.names.scopes[context.file.tree]
    binding = scope.bindings.get(_binds(alias))
    if binding is None or alias not in binding.nodes:
        return False
    target = context.program.project.canonical(context.file, binding.target)
    return target == "haiku" or target.startswith("haiku.")


def _remove_aliases(
    context: Context, node: ast.Import | ast.ImportFrom, gone: list[ast.alias], used: set[str]
) -> None:
    text = context.text
    if all(a in gone for a in node.names):
        _remove_statement(context, node, used)
        return
    behind = None  # the name that stays before a run of names that go
    for index, alias in enumerate(node.names):
        if alias not in gone:
            behind = alias
        elif any(a not in gone for a in node.names[index:]):
            text.replace(text.span(alias)[0], text.span(node.names[index + 1])[0], "")
        else:
            assert behind is not None
            text.replace(text.span(behind)[1], text.span(node.names[-1])[1], "")
            break


def _remove_statement(context: Context, node: ast.stmt, used: set[str]) -> None:
    """Removes an import, and a `try` or `if TYPE_CHECKING:` that is there for nothing else."""
    text, parent = context.text, context.file.names.parent.get(node)
    if isinstance(parent, ast.Try) and parent.body == [node] and _only_guards(context, parent):
        _remove_statement(context, parent, used)
        return
    if isinstance(parent, ast.If) and parent.body == [node] and not parent.orelse:
        test = parent.test
        if context.name(test) == "typing.TYPE_CHECKING":
            root = test.value if isinstance(test, ast.Attribute) else test
            binding = context.file.names.binding(root) if isinstance(root, ast.Name) else None
            if binding is not None and len(context.file.names.uses[id(binding)]) == 1:
                used.discard(ast.unparse(root))
            _remove_statement(context, parent, used)
            return
    blocks = (getattr(parent, f, None) or [] for f in ("body", "orelse", "finalbody"))
    block = next((b for b in blocks if node in b), [])
    start, end = text.span(node)
    whole = text.whole_lines(start, end)
    if len(block) == 1 and not isinstance(parent, ast.Module):
        text.set(node, "pass")
    elif whole != (start, end):
        first = whole[0]
        while isinstance(node, ast.If | ast.Try) and first > 0:
            above = text.line_start(first - 1)
            if text.data[above:first].strip():
                break
            first = above
        text.replace(first, whole[1], "")
    elif block.index(node) + 1 < len(block) and text.data[end : text.line_end(end)].lstrip(
        b" "
    ).startswith(b";"):
        text.replace(start, text.span(block[block.index(node) + 1])[0], "")
    elif text.data[text.line_start(start) : start].rstrip(b" ").endswith(b";"):
        text.replace(text.data.rindex(b";", 0, start), end, "")
    else:
        text.set(node, "pass")


def _only_guards(context: Context, node: ast.Try) -> bool:
    """True for `except ImportError:` that only reports, or binds names that nothing else uses."""
    if node.orelse or node.finalbody:
        return False
    names = context.file.names
    for handler in node.handlers:
        for statement in handler.body:
            if not isinstance(statement, ast.Assign):
                if not isinstance(statement, ast.Pass | ast.Raise | ast.Expr):
                    return False
                continue
            for target in statement.targets:
                if not isinstance(target, ast.Name):
                    return False
                found = names.scope_of[target].lookup(target.id)
                if found is None or found[1].kind != "import":
                    return False
    return True
