"""Where initialisers flow: Haiku's are `init(shape, dtype)`, Flax's `init(key, shape, dtype)`.

Starting from the arguments that Haiku layers and `get_parameter` take as initialisers, the flow is
followed backwards through fields, parameters and local names, so that every initialiser of the
project changes its form together.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from hk2flax.catalog import lookup
from hk2flax.catalog.signatures import bind_call, parse_signature
from hk2flax.plan.class_plan import ClassPlan, assigned_pairs
from hk2flax.plan.hooks import creator_initializers
from hk2flax.project.creates import class_around, is_super, method_around, self_name
from hk2flax.project.index import File, Project
from hk2flax.project.scopes import FUNCTIONS, Function
from hk2flax.project.walk import walk


@dataclass
class Initializers:
    """The result.

    values: expressions that denote an initialiser. functions: those that are one. parameters:
    (function or class name, parameter) that hold one. attributes: (class name, attribute of self)
    that hold one.
    """

    values: set[ast.AST] = field(default_factory=set)
    functions: set[ast.AST] = field(default_factory=set)
    parameters: set[tuple[str, str]] = field(default_factory=set)
    attributes: set[tuple[str, str]] = field(default_factory=set)


_STORAGE = ("haiku.get_parameter", "haiku.get_state")
_INITIALIZERS = "haiku.initializers."
_NO_INITIALIZERS = ("jax.", "numpy.", "math.", "haiku.")


def is_initializer_argument(name: str) -> bool:
    """True for the Haiku arguments that take an initialiser."""
    return name == "init" or name.endswith("_init")


def is_property(file: File, method: ast.FunctionDef) -> bool:
    """True for a `property` or a `cached_property`."""
    names = [file.names.qualified.get(d, getattr(d, "id", "")) for d in method.decorator_list]
    return any(name in ("property", "functools.cached_property") for name in names)


def inner_initializers(
    project: Project, file: File, function: Function, shape: str
) -> Iterator[ast.Call]:
    """The calls in an initialiser that hand its shape on to another: `base(shape, dtype)`."""
    for node in walk(function):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
            continue
        name = project.name(file, node.func)
        given = [*node.args, *(k.value for k in node.keywords)]
        if name.startswith(_NO_INITIALIZERS) or not any(
            isinstance(n, ast.Name) and n.id == shape for value in given for n in walk(value)
        ):
            continue
        last = getattr(node.func, "attr", "") or getattr(node.func, "id", "")
        if isinstance(node.func, ast.Name) and file.names.binding(node.func) is None:
            continue  # built in
        if isinstance(node.func, ast.Attribute):
            method = method_around(file, node)
            if method is None or getattr(node.func.value, "id", "") != self_name(method):
                continue
        if len(given) == 2 or is_initializer_argument(last):
            yield node


def find_initializers(project: Project, plans: dict[str, ClassPlan]) -> Initializers:
    """Follows every initialiser of the project to where it comes from."""
    result = Initializers()
    flow = _Flow(project, plans, result)
    calls = [(file, call) for file in project.files.values() for call in file.names.of(ast.Call)]
    haiku_calls = []
    project_calls: dict[str, list[tuple[File, ast.Call]]] = {}
    for file, call in calls:
        name = project.name(file, call.func)
        if name.startswith("haiku."):
            haiku_calls.append((file, call, name))
        elif name in plans or name in project.functions:
            project_calls.setdefault(name, []).append((file, call))
    for plan in plans.values():
        given = getattr(plan.super_call, "value", None)
        bases = [c.name for c in project.mro(plan.name)[1:] if c.name in plans]
        if bases and isinstance(given, ast.Call) and isinstance(given.func, ast.Attribute):
            if is_super(given.func.value):
                project_calls.setdefault(bases[0], []).append((plan.cls.file, given))
    for file, call, name in haiku_calls:
        symbol = lookup(name)
        if symbol is None or not (symbol.kind == "layer" or symbol.name in _STORAGE):
            continue
        bound = bind_call(parse_signature(symbol.signature), call)
        for argument, value in (bound or {}).items():
            if is_initializer_argument(argument):
                flow.mark(file, value)
    for file, call in calls:
        named = _named_initializers(call)
        name = project.name(file, call.func) if named else ""
        ours = name in project.classes or name in project.functions
        if name and not ours and not name.startswith(("haiku.", "functools.")):
            continue  # another library's w_init
        if named and name not in plans and _is_other_layer(project, name):
            continue
        for value in named:
            flow.mark(file, value)
    kept = _kept(project)
    for file, call in calls:
        if getattr(call.func, "attr", "") in kept and _is_own(file, call.func):
            flow.mark(file, call.func)
    for file in project.files.values():
        for value in _keyed_initializers(file):
            flow.mark(file, value)
    for file, value in creator_initializers(project):
        flow.mark(file, value)
    seen: set[tuple[str, str]] = set()
    while flow.result.parameters - seen:
        for owner, parameter in sorted(flow.result.parameters - seen):
            seen.add((owner, parameter))
            flow.default(owner, parameter)
            for file, call in project_calls.get(owner, ()):
                given = flow.argument(owner, parameter, call)
                if given is not None:
                    flow.mark(file, given)
    return result


def _is_other_layer(project: Project, name: str) -> bool:
    """True for a class of the project that is called like a layer and has nothing to do with Haiku.

    Its initialisers have the form that it likes.
    """
    classes = project.mro(name)
    return any("__call__" in c.methods for c in classes) and not any(
        c.file.names.qualified.get(node, "").startswith("haiku")
        for c in classes
        for node in walk(c.node)
    )


def _kept(project: Project) -> set[str]:
    """Attributes that get an initialiser of Haiku's: `self.init = hk.initializers.Constant(1)`."""
    found = set()
    for file in project.files.values():
        for node in file.names.of(ast.Call):
            if project.name(file, node.func).startswith(_INITIALIZERS):
                outer = file.names.parent[node]
                while isinstance(outer, ast.BoolOp | ast.IfExp):
                    outer = file.names.parent[outer]
                targets = outer.targets if isinstance(outer, ast.Assign) else []
                found |= {t.attr for t in targets if isinstance(t, ast.Attribute)}
    return found


def _is_own(file: File, node: ast.expr) -> bool:
    """True for `self.x`."""
    method = method_around(file, node)
    owner = node.value if isinstance(node, ast.Attribute) else None
    return method is not None and isinstance(owner, ast.Name) and owner.id == self_name(method)


# Haiku's names for initialisers: in a dict, a partial or **config they are told by name alone.
_NAMES = ("w_init", "b_init", "scale_init", "offset_init", "w_i_init", "w_h_init")


def _named_initializers(call: ast.Call) -> list[ast.expr]:
    """`partial(hk.Linear, w_init=...)`, `dict(w_init=...)`, `config.setdefault("w_init", ...)`."""
    found = [k.value for k in call.keywords if k.arg in _NAMES]
    if isinstance(call.func, ast.Attribute) and call.func.attr in ("setdefault", "get", "pop"):
        if len(call.args) == 2 and getattr(call.args[0], "value", None) in _NAMES:
            found.append(call.args[1])
    return found


def _keyed_initializers(file: File) -> Iterator[ast.expr]:
    """`{"w_init": ...}` and `config["w_init"] = ...`."""
    for node in file.names.of(ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        yield from (v for k, v in pairs if getattr(k, "value", None) in _NAMES)
    for statement in file.names.of(ast.Assign):
        target = statement.targets[0]
        if isinstance(target, ast.Subscript) and getattr(target.slice, "value", None) in _NAMES:
            yield statement.value


class _Flow:
    def __init__(self, project: Project, plans: dict[str, ClassPlan], result: Initializers) -> None:
        self.project, self.plans, self.result = project, plans, result

    def mark(self, file: File, node: ast.expr) -> None:
        """Marks an expression as an initialiser and follows it."""
        if node in self.result.values:
            return
        if isinstance(node, ast.IfExp):
            self.mark(file, node.body)
            self.mark(file, node.orelse)
        elif isinstance(node, ast.BoolOp):
            for value in node.values:
                self.mark(file, value)
        elif isinstance(node, ast.Name):
            self.result.values.add(node)
            self._follow_name(file, node)
        elif isinstance(node, ast.Attribute):
            self.result.values.add(node)
            self._follow_attribute(file, node)
        elif isinstance(node, ast.Subscript):
            for value in self._elements(file, node.value):
                self.mark(file, value)
        else:
            self.result.values.add(node)
            if isinstance(node, ast.Lambda):
                self._follow_inner(file, node)
            elif isinstance(node, ast.Call):
                if self.project.name(file, node.func) == "dataclasses.field":
                    self._follow_field(file, node)
                else:
                    self._follow_call(file, node)
            elif isinstance(node, ast.Subscript):
                key = node.slice.value if isinstance(node.slice, ast.Constant) else None
                self._follow_dict(file, node.value, key)

    def _follow_inner(self, file: File, function: Function, bound: bool = False) -> None:
        """`lambda shape, dtype: 0.1 * self.init(shape, dtype)` runs another initialiser."""
        args = [*function.args.posonlyargs, *function.args.args][1 if bound else 0 :]
        if function in self.result.functions or not args:
            return
        self.result.functions.add(function)
        for call in inner_initializers(self.project, file, function, args[0].arg):
            self.mark(file, call.func)

    def _follow_field(self, file: File, call: ast.Call) -> None:
        """`dataclasses.field(default_factory=lambda: hk.initializers.Constant(1))`."""
        self.result.values.discard(call)
        for keyword in call.keywords:
            if keyword.arg == "default":
                self.mark(file, keyword.value)
            elif keyword.arg == "default_factory" and isinstance(keyword.value, ast.Lambda):
                self.mark(file, keyword.value.body)

    def _follow_call(self, file: File, call: ast.Call) -> None:
        """What a function of the project returns, and what `INITS.get(name)` may find."""
        function, home = self.project.functions.get(
            self.project.name(file, call.func), (None, file)
        )
        for node in walk(function) if isinstance(function, ast.FunctionDef) else ():
            if isinstance(node, ast.Return) and node.value is not None:
                if home.names.enclosing(node, FUNCTIONS) is function:
                    self.mark(home, node.value)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "get":
            if self._follow_dict(file, call.func.value, None):
                for default in call.args[1:]:
                    self.mark(file, default)

    def _follow_dict(self, file: File, node: ast.expr, key: object) -> bool:
        """The values of a dict that is written out where a name is assigned."""
        binding = file.names.binding(node) if isinstance(node, ast.Name) else None
        found = False
        for place in binding.nodes if binding else ():
            parent = file.names.parent.get(place)
            value = parent.value if isinstance(parent, ast.Assign | ast.AnnAssign) else None
            if not isinstance(value, ast.Dict):
                continue
            found = True
            for name, item in zip(value.keys, value.values, strict=True):
                text = name.value if isinstance(name, ast.Constant) else None
                if key is None or text is None or text == key:
                    self.mark(file, item)
        return found

    def _elements(self, file: File, node: ast.expr) -> list[ast.expr]:
        """The elements of a list or dict that is written out, here or where a name is assigned."""
        if isinstance(node, ast.List | ast.Tuple):
            return node.elts
        if isinstance(node, ast.Dict):
            return node.values
        if isinstance(node, ast.Name):
            binding = file.names.binding(node)
            values = [file.names.parent.get(n) for n in binding.nodes] if binding else []
            lists = [self._elements(file, v.value) for v in values if isinstance(v, ast.Assign)]
            return [element for elements in lists for element in elements]
        return []

    def _looped(self, file: File, place: ast.AST) -> list[ast.expr]:
        """What a loop binds to a name: `for init in inits`, `for key, init in pairs`."""
        outer = file.names.parent.get(place)
        index = -1
        if isinstance(outer, ast.Tuple):
            index = outer.elts.index(place)  # type: ignore[arg-type]
            place, outer = outer, file.names.parent.get(outer)
        loop = file.names.parent.get(outer) if isinstance(outer, ast.Tuple) else outer
        if not isinstance(loop, ast.For | ast.comprehension):
            return []
        source = loop.iter
        if (
            isinstance(source, ast.Call)
            and getattr(source.func, "id", "") == "enumerate"
            and source.args
        ):
            source = source.args[0]
            index = index if isinstance(outer, ast.Tuple) else -1
        elif loop.target is not place:
            return []
        if isinstance(source, ast.Call):
            if isinstance(source.func, ast.Attribute) and source.func.attr in ("items", "values"):
                return self._elements(file, source.func.value) if index in (-1, 1) else []
            if getattr(source.func, "id", "") == "zip" and 0 <= index < len(source.args):
                return self._elements(file, source.args[index])
            return []
        elements = self._elements(file, source)
        if index < 0:
            return elements
        tuples = [e for e in elements if isinstance(e, ast.Tuple | ast.List)]
        return [t.elts[index] for t in tuples if index < len(t.elts)]

    def _follow_name(self, file: File, node: ast.Name) -> None:
        found = file.names.scope_of[node].lookup(node.id)
        if found is None:
            return
        scope, binding = found
        function, home = self.project.functions.get(self.project.name(file, node), (None, file))
        if function is not None:
            self._follow_inner(home, function)
        for place in binding.nodes:
            if isinstance(place, ast.arg):
                self.result.parameters.add((self._owner(file, scope.node), node.id))
            else:
                parent = file.names.parent.get(place)
                if isinstance(parent, ast.Assign | ast.AnnAssign | ast.NamedExpr) and parent.value:
                    self.mark(file, parent.value)
                for value in self._looped(file, place):
                    self.mark(file, value)

    def _owner(self, file: File, function: ast.AST) -> str:
        scope = file.names.scopes[function]
        name = scope.prefix.removesuffix(".<locals>")
        return name.removesuffix(".__init__")

    def _follow_attribute(self, file: File, node: ast.Attribute) -> None:
        method = method_around(file, node)
        owner = class_around(self.project, file, node)
        if method is None or owner is None or not isinstance(node.value, ast.Name):
            return
        if node.value.id != self_name(method):
            return
        for cls in self.project.mro(owner.name):
            if node.attr in cls.methods:
                self._follow_method(cls.file, cls.methods[node.attr])
                return
            key = (cls.name, node.attr)
            if key in self.result.attributes or cls.name not in self.plans:
                continue
            self.result.attributes.add(key)
            plan = self.plans[cls.name]
            if plan.is_dataclass and any(p.name == node.attr for p in plan.parameters):
                self.result.parameters.add(key)
            for other in cls.methods.values():
                for statement in walk(other):
                    pairs = assigned_pairs(statement) if isinstance(statement, ast.stmt) else []
                    for target, value in pairs:
                        if isinstance(target, ast.Attribute) and target.attr == node.attr:
                            self.mark(cls.file, value)

    def _follow_method(self, file: File, method: ast.FunctionDef) -> None:
        """`self._init`, a method of (shape, dtype), or a property that returns an initialiser."""
        if not is_property(file, method):
            self._follow_inner(file, method, bound=True)
            return
        for node in walk(method):
            if isinstance(node, ast.Return) and node.value is not None:
                if file.names.enclosing(node, FUNCTIONS) is method:
                    self.mark(file, node.value)

    def default(self, owner: str, parameter: str) -> None:
        """Marks the default value of a parameter."""
        if owner in self.plans:
            plan = self.plans[owner]
            for p in plan.parameters:
                if p.name == parameter and p.default is not None:
                    self.mark(plan.cls.file, p.default)
        elif owner in self.project.functions:
            function, file = self.project.functions[owner]
            args = function.args
            positional = [*args.posonlyargs, *args.args]
            pairs: list[tuple[ast.arg, ast.expr | None]] = []
            pairs += zip(positional[::-1], args.defaults[::-1], strict=False)
            pairs += list(zip(args.kwonlyargs, args.kw_defaults, strict=True))
            for arg, default in pairs:
                if arg.arg == parameter and default is not None:
                    self.mark(file, default)

    def argument(self, owner: str, parameter: str, call: ast.Call) -> ast.expr | None:
        """What a call gives for a parameter."""
        if owner in self.plans:
            names = [p.name for p in self.plans[owner].parameters if not p.kw_only]
        else:
            function, file = self.project.functions[owner]
            names = [a.arg for a in [*function.args.posonlyargs, *function.args.args]]
            if isinstance(file.names.parent.get(function), ast.ClassDef):
                names = names[1:]
        for keyword in call.keywords:
            if keyword.arg == parameter:
                return keyword.value
        if parameter in names:
            index = names.index(parameter)
            if index < len(call.args) and not any(
                isinstance(a, ast.Starred) for a in call.args[: index + 1]
            ):
                return call.args[index]
        return None
