"""Initialisers in Flax form: `init(key, shape, dtype)`."""

from __future__ import annotations

import ast

from hk2flax.catalog import lookup
from hk2flax.plan.initializers import inner_initializers, is_property
from hk2flax.project.creates import class_around, method_around, self_name
from hk2flax.project.index import File
from hk2flax.project.scopes import Function
from hk2flax.project.walk import walk
from hk2flax.rewrite.context import Context

_PLAIN = {"zeros": "zeros", "ones": "ones"}


def as_flax(context: Context, node: ast.expr) -> str:
    """The text of an initialiser in Flax form; its own node may have been edited already."""
    return context.text.of(node)


def rewrite_initializer(context: Context, node: ast.expr) -> None:
    """Turns an expression that denotes a Haiku initialiser into a Flax one, in place."""
    text = context.text
    name = context.name(node)
    module, _, last = name.rpartition(".")
    if module in ("jax.numpy", "numpy") and last in _PLAIN:
        text.set(node, f"{context.alias('flax.linen')}.initializers.{_PLAIN[last]}")
    elif isinstance(node, ast.Lambda):
        _rewrite_lambda(context, node)
    elif name in context.program.project.functions:
        function, home = context.program.project.functions[name]
        if _is_haiku_style(function):
            text.set(node, _keyed(context, node, function, home))
    elif (method := _own_method(context, node)) is not None:
        if _is_haiku_style(method, bound=True):
            text.set(node, _keyed(context, node, method, context.file))
    elif isinstance(node, ast.Call) and not _is_flax_call(context, node):
        inner = next(
            (n for n in walk(node) if n is not node and _is_haiku_initializer(context, n)), None
        )
        if inner is not None and _makes_own_class(context, node):
            message = "it is called as (shape, dtype) there; linen's initialisers take a key first"
            context.leave(inner, "HK101", message, context.name(inner))
        # A factory that is not ours (functools.partial(jnp.full, ...)) makes a (shape, dtype) one.
        text.set(node, f"(lambda key, *args: {text.of(node)}(*args))")
    elif module in ("jax.numpy", "numpy", "jax.random"):
        text.set(node, f"(lambda key, *args: {text.of(node)}(*args))")


def _is_haiku_initializer(context: Context, node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute | ast.Name) and context.name(node).startswith(
        "haiku.initializers."
    )


def _makes_own_class(context: Context, call: ast.Call) -> bool:
    """True where the project's own class is made, or a partial of its function."""
    project = context.program.project
    if context.name(call.func) == "functools.partial":
        return bool(call.args) and context.name(call.args[0]) in project.functions
    return context.name(call.func) in project.classes


def _keyed(context: Context, node: ast.expr, function: Function, home: File) -> str:
    """A (shape, dtype) initialiser as one that is given a key."""
    text = context.text.of(node)
    if function in context.program.creators.functions or _initializer_calls(
        context, function, home
    ):
        return f"{context.helper('drawing_initializer')}({text})"
    return f"(lambda key, *args: {text}(*args))"


def _initializer_calls(context: Context, function: Function, file: File) -> list[ast.Call]:
    """Calls such as `base(shape, dtype)` in an initialiser, for which a key has to be drawn."""
    args = [*function.args.posonlyargs, *function.args.args]
    if isinstance(file.names.parent.get(function), ast.ClassDef):
        args = args[1:]
    if not args:
        return []
    return list(inner_initializers(context.program.project, file, function, args[0].arg))


def _rewrite_lambda(context: Context, node: ast.Lambda) -> None:
    if not _is_haiku_style(node):
        return
    text = context.text
    args = node.args
    first = [*args.posonlyargs, *args.args, *([args.vararg] if args.vararg else [])]
    used = {n.id for n in walk(node) if isinstance(n, ast.Name)}
    key = "key" if "key" not in used else "init_key"
    keys = [
        n
        for n in walk(node.body)
        if isinstance(n, ast.Call) and context.name(n.func) == "haiku.next_rng_key"
    ]
    inner = [c for c in _initializer_calls(context, node, context.file) if takes_key(context, c)]
    if len(keys) + len(inner) > 1 or inner:
        for call in keys:
            text.set(call, f"{context.helper('next_rng_key')}()")
        text.set(node, f"{context.helper('drawing_initializer')}({text.of(node)})")
        return
    if len(keys) == 1:
        text.set(keys[0], key)
    if first:
        start = text.span(first[0])[0]
        star = 1 if first[0] is args.vararg else 0
        text.insert(start - star, f"{key}, ")
    else:
        text.insert(text.span(node)[0] + len("lambda"), f" {key}")


def _own_method(context: Context, node: ast.expr) -> ast.FunctionDef | None:
    """The method that `self.method` names."""
    method = method_around(context.file, node)
    owner = class_around(context.program.project, context.file, node)
    if not isinstance(node, ast.Attribute) or method is None or owner is None:
        return None
    if getattr(node.value, "id", "") != self_name(method):
        return None
    mro = context.program.project.mro(owner.name)
    home = next((c for c in mro if node.attr in c.methods), None)
    if home is None or is_property(home.file, home.methods[node.attr]):
        return None
    return home.methods[node.attr]


def _is_haiku_style(function: Function, bound: bool = False) -> bool:
    """True for a function of (shape, dtype), as opposed to (key, shape, dtype)."""
    args = [*function.args.posonlyargs, *function.args.args][1 if bound else 0 :]
    names = [a.arg for a in args]
    required = len(args) - len(function.args.defaults)
    if names and names[0] in ("key", "rng", "rng_key", "prng", "prng_key", "k"):
        return False
    return required <= 2 or bool(function.args.vararg)


def _is_flax_call(context: Context, call: ast.Call) -> bool:
    """Haiku initialisers have been rewritten; those of jax.nn and flax are in this form already."""
    name = context.name(call.func)
    if name.startswith("haiku.initializers.") or "initializers" in name:
        return True
    return name in context.program.project.functions or not name


def takes_key(context: Context, call: ast.Call) -> bool:
    """True where `insert_key` gave a call its key."""
    return "next_rng_key()" in context.text.of(call) or "make_rng(" in context.text.of(call)


def draws_no_key(context: Context, function: ast.expr | None) -> bool:
    """True for `hk.initializers.Constant(...)` and its kind, or a name bound once to one."""
    if isinstance(function, ast.Name):
        binding = context.file.names.binding(function)
        if binding is None or len(binding.nodes) != 1:
            return False
        statement = context.file.names.parent.get(binding.nodes[0])
        function = statement.value if isinstance(statement, ast.Assign) else None
    elif isinstance(function, ast.Attribute):
        kept = _stored(context, function)
        return bool(kept) and all(
            isinstance(value, ast.Call) and draws_no_key(context, value) for value in kept
        )
    symbol = lookup(context.name(function.func)) if isinstance(function, ast.Call) else None
    return symbol is not None and symbol.kind == "initializer" and not symbol.rng


def _stored(context: Context, attribute: ast.Attribute) -> list[ast.expr]:
    """What the class assigns to an attribute of self."""
    owner = class_around(context.program.project, context.file, attribute)
    classes = context.program.project.mro(owner.name) if owner is not None else []
    return [
        statement.value
        for cls in classes
        for method in cls.methods.values()
        for statement in walk(method)
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Attribute) and target.attr == attribute.attr
    ]


def insert_key(context: Context, call: ast.Call, key: str) -> None:
    """`init(shape, dtype)` -> `init(key, shape, dtype)`."""
    open_, _ = context.text.parens(call)
    context.text.insert(open_ + 1, f"{key}, " if call.args or call.keywords else key)
