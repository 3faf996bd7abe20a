"""Hooks on variables (`hk.custom_creator` and its kin) and policies of `hk.mixed_precision`.

Both act on whatever creates and reads variables, so a project that uses them keeps to the helper
layers, whose variables have Haiku's names and dtypes. Initialisers also flow through creators:
`creator(next_creator, shape, dtype, init, context)` may replace or wrap the one it is given.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hk2flax.catalog import lookup
from hk2flax.project.index import File, Project
from hk2flax.project.scopes import FUNCTIONS, Function

_ENTER = ("haiku.custom_creator", "haiku.custom_getter", "haiku.custom_setter")
_POLICIES = ("haiku.mixed_precision.set_policy", "haiku.mixed_precision.push_policy")
_PATHS = ("full_name", "module_name", "lifted_prefix_name")


def uses_hooks(project: Project) -> bool:
    """True for a project with hooks on variables, or with policies, which are made of them."""
    return _uses(project, (*_ENTER, *_POLICIES))


def uses_policies(project: Project) -> bool:
    """True for a project that gives policies to classes."""
    return _uses(project, _POLICIES)


def keeps_values_out(project: Project) -> bool:
    """True for a project in which a layer may have no parameters, as none is stored."""
    return _uses(project, ("haiku.DO_NOT_STORE",))


def creator_initializers(project: Project) -> Iterator[tuple[File, ast.expr]]:
    """Yield what creators pass on as the initialiser, other than the one they are given."""
    for file in project.files.values() if uses_hooks(project) else ():
        for call in file.names.of(ast.Call):
            if len(call.args) != 3 or call.keywords:
                continue
            creator, index = _parameter_of(file, call.func)
            # next_creator, shape, dtype, init, context; a partial gives what stands before.
            if creator is None or len(_parameters(creator)) < index + 5:
                continue
            given = call.args[2]
            if _parameter_of(file, given) != (creator, index + 3) or _is_bound_again(file, given):
                yield file, given


def find_hook_dependence(file: File) -> Iterator[tuple[ast.AST, str]]:
    """Yield (node, message) where hooks depend on what their context tells them of modules."""
    for node in file.names.of(ast.Attribute):
        if not isinstance(node.value, ast.Name):
            continue
        owner, index = _parameter_of(file, node.value)
        if is_context_path(node):
            message = "is a path of the Flax tree, where modules have other names than in Haiku"
            yield node, f"{node.value.id}.{node.attr} {message}"
        elif node.attr == "module" and owner is not None and index in (2, 4):
            if not _is_test(file.names.parent[node], node):
                message = "is a linen module, whose names and paths are not Haiku's"
                yield node, f"{node.value.id}.module {message}"


def is_context_path(node: ast.Attribute) -> bool:
    """True, in a project with hooks, for `context.module_name`: on anything but `self`."""
    owner = node.value.id if isinstance(node.value, ast.Name) else ""
    return node.attr in _PATHS and owner not in ("", "self")


def _is_test(call: ast.AST | None, node: ast.AST) -> bool:
    """True for `isinstance(context.module, hk.Linear)`, which means the same in linen."""
    return (
        isinstance(call, ast.Call)
        and getattr(call.func, "id", "") == "isinstance"
        and call.args[0] is node
    )


def _parameters(function: Function) -> list[str]:
    """The names of a function's positional parameters, without `self`."""
    names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    return names[1:] if names[:1] == ["self"] else names


def _parameter_of(file: File, node: ast.AST) -> tuple[Function | None, int]:
    """The function whose positional parameter a name denotes, and which one; (None, -1)."""
    found = file.names.scope_of[node].lookup(node.id) if isinstance(node, ast.Name) else None
    function = found[0].node if found is not None else None
    if isinstance(function, FUNCTIONS) and isinstance(node, ast.Name):
        names = _parameters(function)
        if node.id in names:
            return function, names.index(node.id)
    return None, -1


def _is_bound_again(file: File, node: ast.expr) -> bool:
    """True for a parameter that is assigned."""
    binding = file.names.binding(node) if isinstance(node, ast.Name) else None
    return binding is None or len(binding.nodes) > 1


def _uses(project: Project, wanted: tuple[str, ...]) -> bool:
    """True when some file refers to one of these names."""
    words = [name.rpartition(".")[2].encode() for name in wanted]
    files = project.files.values()
    if not any(word in file.source.data for file in files for word in words):
        return False
    symbols = map(lookup, project.haiku_names)
    return any(symbol is not None and symbol.name in wanted for symbol in symbols)
