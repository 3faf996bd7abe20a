"""Which code creates modules, parameters, state or random draws, and so must run inside a module.

A function creates when it calls a Haiku layer, `hk.get_parameter` and the like, a module class of
the project, or another function that creates; the closure is taken over the whole project.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from hk2flax.catalog import lookup
from hk2flax.project.index import Class, File, Project
from hk2flax.project.scopes import FUNCTIONS

# Framework names that only work inside a module, so code that calls them belongs to one.
CONTEXT = frozenset(
    f"haiku.{name}"
    for name in [
        "get_parameter",
        "get_state",
        "set_state",
        "next_rng_key",
        "next_rng_keys",
        "maybe_next_rng_key",
        "dropout",
        "reserve_rng_keys",
        "scan",
        "map",
        "cond",
        "switch",
        "while_loop",
        "fori_loop",
        "vmap",
        "remat",
        "grad",
        "value_and_grad",
        "jit",
        "eval_shape",
        "layer_stack",
        "experimental.layer_stack",
        "name_scope",
        "experimental.name_scope",
        "lift",
        "experimental.lift",
        "transparent_lift",
        "lift_with_state",
        "with_rng",
        "dynamic_unroll",
        "static_unroll",
        "checkpoint",
        "get_params",
        "get_initial_state",
        "get_current_state",
        "experimental.lift_with_state",
    ]
)
TRANSFORMS = frozenset(
    f"haiku.{name}"
    for name in [
        "transform",
        "transform_with_state",
        "multi_transform",
        "multi_transform_with_state",
    ]
)


def is_layer(name: str) -> bool:
    """True for a Haiku class whose instances are modules."""
    symbol = lookup(name)
    return symbol is not None and symbol.kind == "layer"


@dataclass
class Creators:
    """The closure. `functions` are the function nodes (methods too) that create something."""

    project: Project
    modules: set[str] = field(default_factory=set)
    functions: set[ast.AST] = field(default_factory=set)
    calls: dict[ast.AST, set[ast.AST]] = field(default_factory=dict)
    escapes: bool = False

    def is_module_class(self, name: str) -> bool:
        """True for a module class of the project or of Haiku."""
        return name in self.modules or name == "haiku.Module" or is_layer(name)


def find_creators(project: Project) -> Creators:
    """Computes the closure for a project."""
    creators = Creators(project)
    _find_modules(project, creators)
    direct: set[ast.AST] = set()
    callers: dict[ast.AST, set[ast.AST]] = {}
    for file in project.files.values():
        for call in file.names.of(ast.Call):
            _record_call(creators, file, call, callers)
        for node in file.names.qualified:
            _record_name(creators, file, node, direct)
        _record_values(file, callers)
    work = list(direct)
    while work:
        function = work.pop()
        if function in creators.functions:
            continue
        creators.functions.add(function)
        work += callers.get(function, ())
    creators.calls = callers
    creators.escapes = _creating_value_escapes(creators)
    return creators


def _find_modules(project: Project, creators: Creators) -> None:
    changed = True
    while changed:
        changed = False
        for cls in project.classes.values():
            if cls.name not in creators.modules and any(map(creators.is_module_class, cls.bases)):
                creators.modules.add(cls.name)
                changed = True


def function_around(file: File, node: ast.AST) -> ast.AST | None:
    """The function or lambda that a node stands in."""
    return file.names.enclosing(node, FUNCTIONS)


def class_around(project: Project, file: File, node: ast.AST) -> Class | None:
    """The class whose method (or a function inside it) a node stands in."""
    owner = file.names.enclosing(node, (ast.ClassDef,))
    return project.classes.get(file.names.scopes[owner].prefix) if owner is not None else None


def self_name(function: ast.AST) -> str:
    """The name of a method's first parameter, or ""."""
    if isinstance(function, ast.FunctionDef):
        args = [*function.args.posonlyargs, *function.args.args]
        if args:
            return args[0].arg
    return ""


def _record_call(
    creators: Creators, file: File, call: ast.Call, callers: dict[ast.AST, set[ast.AST]]
) -> None:
    around = function_around(file, call)
    if around is None:
        return
    if isinstance(call.func, ast.Attribute) and call.func.attr in ("init", "apply"):
        return
    for target in called_functions(creators.project, file, call):
        callers.setdefault(target, set()).add(around)


def _record_name(creators: Creators, file: File, node: ast.AST, direct: set[ast.AST]) -> None:
    name = creators.project.name(file, node)
    if name not in CONTEXT and not creators.is_module_class(name):
        return
    around = function_around(file, node)
    if around is not None and not in_annotation(file, node):
        direct.add(around)


def _record_values(file: File, callers: dict[ast.AST, set[ast.AST]]) -> None:
    """A function used as a value may be called where it is used (`jax.vmap(f)(x)`)."""
    names = file.names
    for function, scope in names.scopes.items():
        if isinstance(function, ast.Lambda):
            places: list[ast.AST] = [function]
        elif (
            isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            and scope.parent is not None
        ):
            places = list(names.uses.get(id(scope.parent.bindings.get(function.name)), ()))
        else:
            continue
        for place in places:
            parent = names.parent.get(place)
            is_transformed = (
                isinstance(parent, ast.Call) and names.qualified.get(parent.func) in TRANSFORMS
            )
            if isinstance(parent, ast.Return) or is_transformed:
                continue
            around = function_around(file, place)
            if around is not None and around is not function:
                callers.setdefault(function, set()).add(around)


def in_annotation(file: File, node: ast.AST) -> bool:
    """True inside an annotation, an `isinstance` test or the bases of a class."""
    inner = node
    for outer in file.names.ancestors(node):
        if isinstance(outer, ast.arg) or (
            isinstance(outer, ast.AnnAssign) and outer.annotation is inner
        ):
            return True
        if isinstance(outer, FUNCTIONS) and getattr(outer, "returns", None) is inner:
            return True
        if isinstance(outer, ast.Call) and isinstance(outer.func, ast.Name):
            if outer.func.id in ("isinstance", "issubclass", "cast", "super"):
                return True
        if isinstance(outer, ast.stmt):
            return isinstance(outer, ast.ClassDef)
        inner = outer
    return False


def called_functions(project: Project, file: File, call: ast.Call) -> list[ast.AST]:
    """The functions of the project that a call may run, as far as names tell."""
    name = project.name(file, call.func)
    if name in project.functions:
        return [project.functions[name][0]]
    func = call.func
    if isinstance(func, ast.Lambda):
        return [func]
    if isinstance(func, ast.Name):
        binding = file.names.binding(func)
        values = [file.names.parent.get(n) for n in binding.nodes] if binding else []
        return [
            v.value for v in values if isinstance(v, ast.Assign) and isinstance(v.value, ast.Lambda)
        ]
    if isinstance(func, ast.Attribute):
        owner = class_around(project, file, call)
        if owner is None:
            return []
        if isinstance(func.value, ast.Name) and func.value.id == _first_parameter(file, call):
            related = [*project.mro(owner.name), *project.subclasses(owner.name)]
            return [*(c.methods[func.attr] for c in related if func.attr in c.methods)]
        if is_super(func.value):
            bases = project.mro(owner.name)[1:]
            inherited = (c.methods[func.attr] for c in bases if func.attr in c.methods)
            return [method for method in (next(inherited, None),) if method is not None]
    return []


def is_super(node: ast.AST) -> bool:
    """True for `super()` and `super(Class, self)`."""
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"
    )


def method_around(file: File, node: ast.AST) -> ast.FunctionDef | None:
    """The method (function directly in a class body) that a node stands in, however deep."""
    inner: ast.AST = node
    for outer in file.names.ancestors(node):
        if isinstance(outer, ast.ClassDef):
            return inner if isinstance(inner, ast.FunctionDef) else None
        inner = outer
    return None


def _first_parameter(file: File, node: ast.AST) -> str:
    method = method_around(file, node)
    return self_name(method) if method is not None else ""


def _creating_value_escapes(creators: Creators) -> bool:
    """True when something that builds modules is handed on as a value: a callback, a class."""
    project = creators.project
    for file in project.files.values():
        for node in file.names.scopes:
            if isinstance(node, ast.Lambda) and node in creators.functions:
                if _is_handed_on(creators, file, node):
                    return True
        for node in file.names.qualified:
            name = project.name(file, node)
            function = project.functions.get(name, (None,))[0]
            builds = function in creators.functions and function not in project.methods
            if builds or (name != "haiku.Module" and creators.is_module_class(name)):
                if not in_annotation(file, node) and _is_handed_on(creators, file, node):
                    return True
    return False


_HOLDS = (ast.keyword, ast.Starred, ast.List, ast.Tuple, ast.Dict, ast.IfExp, ast.BoolOp)


def _is_handed_on(creators: Creators, file: File, place: ast.AST) -> bool:
    """True when a value is kept or passed to code that may call it later."""
    names = file.names
    inner, outer = place, names.parent.get(place)
    while True:
        partial = (
            isinstance(outer, ast.Call) and names.qualified.get(outer.func) == "functools.partial"
        )
        picked = isinstance(outer, ast.Subscript) and outer.value is inner
        if not (isinstance(outer, _HOLDS) or partial or picked) or outer is None:
            break
        inner, outer = outer, names.parent.get(outer)
    if isinstance(outer, ast.Call) and inner is not outer.func:
        target = creators.project.name(file, outer.func)
        return not target.startswith(("haiku.", "jax.", "optax.")) or creators.is_module_class(
            target
        )
    if isinstance(outer, ast.Assign | ast.AnnAssign):
        targets = outer.targets if isinstance(outer, ast.Assign) else [outer.target]
        local = all(isinstance(t, ast.Name) for t in targets)
        return not (local and isinstance(inner, ast.Lambda))
    if isinstance(outer, ast.Return):
        around = function_around(file, outer)
        return around is not None and not _only_transformed(creators.project, around)
    return isinstance(outer, ast.arguments)


def _only_transformed(project: Project, function: ast.AST) -> bool:
    """True when all that is done with a function's result is `hk.transform(function(...))`."""
    for file in project.files.values():
        for node in file.names.qualified:
            if project.functions.get(project.name(file, node), (None,))[0] is not function:
                continue
            call = file.names.parent.get(node)
            outer = file.names.parent.get(call) if isinstance(call, ast.Call) else None
            if (
                not isinstance(outer, ast.Call)
                or file.names.qualified.get(outer.func) not in TRANSFORMS
            ):
                return False
    return True
