"""Modules that are hashed or copied: linen modules are dataclasses, not plain objects."""

from __future__ import annotations

import ast

from hk2flax.project.creates import class_around, method_around, self_name
from hk2flax.project.walk import walk
from hk2flax.rewrite.context import Context

# They hash the functions that they get, at these positions; a linen module that holds variables
# cannot be hashed.
_HASHING = {
    "jax.checkpoint": (0,),
    "jax.experimental.ode.odeint": (0,),
    "jax.jit": (0,),
    "jax.lax.cond": (1, 2),
    "jax.lax.switch": (1,),
    "jax.lax.while_loop": (0, 1),
    "jax.pmap": (0,),
    "jax.remat": (0,),
}


def check_identity(context: Context, node: ast.AST) -> None:
    """Wraps `jax.jit(module)`; says where a module is a key, or is copied."""
    if isinstance(node, ast.Call) and node.args:
        name = context.name(node.func)
        for position in _HASHING.get(name, ()):
            for argument in node.args[position : position + 1]:
                _wrap_modules(context, argument)
        if name in ("copy.copy", "copy.deepcopy") and is_module(context, node.args[0]):
            text = context.text.of(node.args[0])
            message = f"{name}({text}): a copied linen module does not share its parameters"
            context.leave(node, "HK101", message, "haiku.Module")
        return
    keys: list[ast.expr | None] = []
    if isinstance(node, ast.Dict):
        keys = list(node.keys)
    elif isinstance(node, ast.DictComp):
        keys = [node.key]
    elif isinstance(node, ast.Set):
        keys = list(node.elts)
    for key in keys:
        if key is not None and is_module(context, key):
            message = "a module is a key here; a linen module that holds variables cannot be hashed"
            context.leave(key, "HK101", message, "haiku.Module")
            return


def _wrap_modules(context: Context, argument: ast.expr) -> None:
    """A module, or each in a list of branches, becomes a function that calls it."""
    branches = argument.elts if isinstance(argument, ast.List | ast.Tuple) else [argument]
    for function in branches:
        if is_module(context, function) or _may_be_module(context, function):
            text = context.text.of(function)
            context.text.set(function, f"lambda *args, **kwargs: {text}(*args, **kwargs)")


def _may_be_module(context: Context, node: ast.expr) -> bool:
    """True for `self.x` that a module got as an argument, or made by calling one."""
    values = _stored(context, node)
    owner = class_around(context.program.project, context.file, node)
    if owner is None or owner.name not in context.program.classes:
        return False
    made = [value.func if isinstance(value, ast.Call) else value for value in values]
    for value in made:
        binding = context.file.names.binding(value) if isinstance(value, ast.Name) else None
        if binding is not None and binding.kind == "param":
            return True
    return False


def is_module(context: Context, node: ast.expr, seen: frozenset[int] = frozenset()) -> bool:
    """True for an expression whose value can be seen to be a module.

    `seen` are the names on the way here: `a, b = b, a` leads in a circle.
    """
    if isinstance(node, ast.Call):
        return context.program.creators.is_module_class(context.name(node.func))
    if isinstance(node, ast.Name):
        binding = context.file.names.binding(node)
        if binding is None or id(binding) in seen:
            return False
        seen |= {id(binding)}
        return any(_binds_module(context, n, seen) for n in binding.nodes)
    return any(is_module(context, v, seen) for v in _stored(context, node))


def _binds_module(context: Context, place: ast.AST, seen: frozenset[int]) -> bool:
    parent = context.file.names.parent
    outer = parent.get(place)
    if isinstance(outer, ast.Assign):
        return is_module(context, outer.value, seen)
    pair = parent.get(outer) if isinstance(outer, ast.Tuple) else None
    if isinstance(pair, ast.Assign):
        value = getattr(pair.value, "elts", [])
        at = outer.elts.index(place)  # type: ignore[union-attr, arg-type]
        return at < len(value) and is_module(context, value[at], seen)
    last = isinstance(outer, ast.Tuple) and outer.elts[-1] is place
    loop = parent.get(outer) if last and outer is not None else outer
    if not isinstance(loop, ast.For | ast.comprehension):
        return False
    source = loop.iter
    if last and isinstance(source, ast.Call) and getattr(source.func, "id", "") == "enumerate":
        source = source.args[0]
    values = _stored(context, source)
    if isinstance(source, ast.Name):
        binding = context.file.names.binding(source)
        assigned = [parent.get(n) for n in binding.nodes] if binding is not None else []
        values = [a.value for a in assigned if isinstance(a, ast.Assign)]
    items = [
        v.elts if isinstance(v, ast.List | ast.Tuple) else [getattr(v, "elt", v)] for v in values
    ]
    return any(
        isinstance(i, ast.Call) and is_module(context, i, seen) for item in items for i in item
    )


def _stored(context: Context, node: ast.expr) -> list[ast.expr]:
    """The values that the constructor gives to `self.x`."""
    method = method_around(context.file, node)
    owner = class_around(context.program.project, context.file, node)
    if not isinstance(node, ast.Attribute) or method is None or owner is None:
        return []
    if getattr(node.value, "id", "") != self_name(method) or "__init__" not in owner.methods:
        return []
    return [
        statement.value
        for statement in walk(owner.methods["__init__"])
        if isinstance(statement, ast.Assign)
        and any(isinstance(t, ast.Attribute) and t.attr == node.attr for t in statement.targets)
    ]
