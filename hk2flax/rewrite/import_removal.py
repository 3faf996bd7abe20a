"""Removing imports: Haiku's, and those that only the rewritten code used."""

from __future__ import annotations

import ast

from hk2flax.rewrite.context import Context
from hk2flax.rewrite.removal import close_gap, remove_statement


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
            if isinstance(statement, ast.ClassDef):
                close_gap(context.text, statement)
    return removed


def remove_haiku(context: Context, used: set[str]) -> set[ast.stmt]:
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
    targets = context.program.project.import_targets.get(name, ())
    return not any(f".{target}".endswith(f".{file.module}.{name}") for target in targets)


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
    parent = context.file.names.parent.get(node)
    context.removed.add(node)
    is_last = isinstance(parent, ast.Try | ast.If) and context.removed.issuperset(parent.body)
    if (
        isinstance(parent, ast.Try)
        and is_last
        and node in parent.body
        and _only_guards(context, parent)
    ):
        _remove_statement(context, parent, used)
        return
    if isinstance(parent, ast.If) and is_last and not parent.orelse:
        test = parent.test
        if context.name(test) == "typing.TYPE_CHECKING":
            root = test.value if isinstance(test, ast.Attribute) else test
            binding = context.file.names.binding(root) if isinstance(root, ast.Name) else None
            if binding is not None and len(context.file.names.uses[id(binding)]) == 1:
                used.discard(ast.unparse(root))
            _remove_statement(context, parent, used)
            return
    remove_statement(context, node)


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
