"""Which layers surely return one array, and not a tuple or a dict of them.

What cannot be seen to does not count: a value that comes from elsewhere, a name that is also the
target of a loop or of an unpacking, a function that yields.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TypeGuard

from hk2flax.catalog import lookup
from hk2flax.project.creates import class_around, function_around, method_around, self_name
from hk2flax.project.index import Class, File, Project
from hk2flax.project.scopes import Binding, Function
from hk2flax.project.walk import walk

_NUMPY_TEXT = """
    abs add arange array asarray broadcast_to clip concatenate cos cosh cumsum dot einsum exp
    expand_dims expm1 flip full full_like hstack log log1p matmul max maximum mean min minimum
    moveaxis multiply negative ones ones_like pad power prod ravel reciprocal repeat reshape
    roll sign sin sinh sqrt square squeeze stack subtract sum swapaxes tanh tensordot tile
    transpose tril triu var vstack zeros zeros_like
"""
_NUMPY = frozenset(_NUMPY_TEXT.split())
# Nothing but arrays has these methods, nor the other operand of an operator with an array.
_METHODS = ("astype", "flatten", "ravel", "reshape", "squeeze", "swapaxes", "transpose")
_OF_ARRAYS = ("clip", "cumsum", "max", "mean", "min", "prod", "std", "sum", "var")


@dataclass
class Arrays:
    """Answers for one project; what was found of a function is kept."""

    project: Project
    _functions: dict[tuple[ast.AST, bool], bool] = field(default_factory=dict)
    _names: set[int] = field(default_factory=set)
    _attributes: set[str] = field(default_factory=set)

    def gives_array(self, file: File, layer: ast.expr, given: bool) -> bool:
        """True for a layer or function that returns one array; `given` when it gets one."""
        name = self.project.name(file, layer)
        if _is_function(name):
            return True
        if isinstance(layer, ast.Lambda):
            return self._returns_array(file, layer, given)
        if isinstance(layer, ast.Call):
            return self._built(file, layer, given)
        if name in self.project.functions:
            function, home = self.project.functions[name]
            return self._returns_array(home, function, given)
        if isinstance(layer, ast.Name):
            return self._local(file, layer, given)
        if isinstance(layer, ast.Attribute) and isinstance(layer.value, ast.Name):
            return self._own(file, layer, given)
        return False

    def _built(self, file: File, call: ast.Call, given: bool) -> bool:
        """`hk.Linear(3)`, `Block(3)`, `functools.partial(jax.nn.elu, alpha=2.)`, a chain."""
        name = self.project.name(file, call.func)
        if _gives_array(name, "layer"):
            return True
        if name == "functools.partial":
            return bool(call.args) and self.gives_array(file, call.args[0], False)
        if name == "haiku.Sequential":
            layers = chain(call)
            return bool(layers) and all(
                self.gives_array(file, layer, given or index > 0)
                for index, layer in enumerate(layers)
            )
        cls = self.project.classes.get(name)
        return cls is not None and self._called(cls, given)

    def _called(self, cls: Class, given: bool) -> bool:
        classes = self.project.mro(cls.name)
        owner = next((c for c in classes if "__call__" in c.methods), None)
        if owner is None:
            bases = {base for c in classes for base in c.bases} - set(self.project.classes)
            return bool(bases) and all(_gives_array(base, "layer") for base in bases)
        return self._returns_array(owner.file, owner.methods["__call__"], given)

    def _local(self, file: File, name: ast.Name, given: bool) -> bool:
        """`layer = hk.Linear(3)`, and `layer` is called."""
        binding = file.names.binding(name)
        values = _assigned(file, binding) or []
        if not values or id(binding) in self._names:  # layer = hk.Sequential([layer, ...])
            return False
        self._names.add(id(binding))
        try:
            return all(
                isinstance(v, ast.Call | ast.Lambda) and self.gives_array(file, v, given)
                for v in values
            )
        finally:
            self._names.discard(id(binding))

    def _own(self, file: File, attribute: ast.Attribute, given: bool) -> bool:
        """`self.layer`, which is made in the constructor, or a method."""
        found = self._kept(file, attribute)
        if attribute.attr in self._attributes:  # self.body = hk.Sequential([self.body, ...])
            return False
        self._attributes.add(attribute.attr)
        try:
            return bool(found) and all(
                self._returns_array(home, value, given)
                if isinstance(value, ast.FunctionDef)
                else isinstance(value, ast.Call) and self.gives_array(home, value, given)
                for home, value in found
            )
        finally:
            self._attributes.discard(attribute.attr)

    def _kept(self, file: File, attribute: ast.Attribute) -> list[tuple[File, ast.AST]]:
        """What `self.x` is: a method, or all that the class and its bases assign to it."""
        owner = class_around(self.project, file, attribute)
        if owner is None or not self._is_self(file, attribute.value):
            return []
        found: list[tuple[File, ast.AST]] = []
        for cls in self.project.mro(owner.name):
            if attribute.attr in cls.methods:
                return [*found, (cls.file, cls.methods[attribute.attr])]
            for node in cls.file.names.of(ast.Attribute):
                if node.attr == attribute.attr and isinstance(node.ctx, ast.Store):
                    if class_around(self.project, cls.file, node) is cls:
                        parent = cls.file.names.parent[node]
                        value = parent.value if _is_plain_assignment(parent, node) else node
                        found.append((cls.file, value))
        return found

    def _is_self(self, file: File, node: ast.expr) -> bool:
        method = method_around(file, node)
        return method is not None and getattr(node, "id", "") == self_name(method)

    def _returns_array(self, file: File, function: Function | ast.AST, given: bool) -> bool:
        key = (function, given)
        if key not in self._functions:
            self._functions[key] = False  # for one that calls itself
            self._functions[key] = self._look(file, function, given)
        return self._functions[key]

    def _look(self, file: File, function: ast.AST, given: bool) -> bool:
        if isinstance(function, ast.Lambda):
            return self._is_array(file, function.body, function, given)
        if not isinstance(function, ast.FunctionDef):
            return False
        own = [n for n in walk(function) if function_around(file, n) is function]
        if any(isinstance(n, ast.Yield | ast.YieldFrom) for n in own):
            return False
        values = [n.value for n in own if isinstance(n, ast.Return)]
        return bool(values) and all(
            v is not None and self._is_array(file, v, function, given) for v in values
        )

    def _is_array(self, file: File, node: ast.expr, function: ast.AST, given: bool) -> bool:
        """True for the value of an expression in a function; `given` is its first argument."""
        match node:
            case ast.Name():
                return self._name(file, node, function, given)
            case ast.BinOp(left=left, right=right):
                return any(self._is_array(file, n, function, given) for n in (left, right))
            case (
                ast.UnaryOp(operand=inner) | ast.NamedExpr(value=inner) | ast.Subscript(value=inner)
            ):
                return self._is_array(file, inner, function, given)
            case ast.IfExp(body=left, orelse=right):
                return all(self._is_array(file, n, function, given) for n in (left, right))
            case ast.Call(func=ast.Attribute(attr=attr, value=inner)) if attr in _METHODS:
                if node.func in file.names.qualified:  # `tree.flatten(x)` gives a list
                    return _is_function(self.project.name(file, node.func))
                if self._is_self(file, inner):
                    return self.gives_array(file, node.func, False)
                return True
            case ast.Call(func=ast.Attribute(attr=attr, value=inner)) if attr in _OF_ARRAYS:
                if self._is_array(file, inner, function, given):
                    return True
                return _is_function(self.project.name(file, node.func))
            case ast.Call(func=func, args=args):
                is_given = bool(args) and self._is_array(file, args[0], function, given)
                return self.gives_array(file, func, is_given)
        return False

    def _name(self, file: File, name: ast.Name, function: ast.AST, given: bool) -> bool:
        binding = file.names.binding(name)
        if binding is None or binding.kind not in ("param", "value"):
            return False
        if id(binding) in self._names:
            return True  # `x = f(x)`: the other places decide
        self._names.add(id(binding))
        try:
            values = _assigned(file, binding)
            return values is not None and all(
                self._parameter(file, name.id, function, v, given)
                if isinstance(v, ast.arg)
                else self._is_array(file, v, function, given)
                for v in values
            )
        finally:
            self._names.discard(id(binding))

    def _parameter(
        self, file: File, name: str, function: ast.AST, arg: ast.arg, given: bool
    ) -> bool:
        """True for the argument that is one array, or that goes into a layer as it is."""
        arguments = getattr(function, "args", None)
        if arguments is None or arg not in arguments.args:
            return False
        first = arguments.args[1:] if self_name(function) == "self" else arguments.args
        if given and first[:1] == [arg]:
            return True
        uses = [
            n for n in walk(function) if isinstance(n, ast.Name) and n.id == name and n is not arg
        ]
        around = [file.names.parent.get(n) for n in uses]
        return any(
            isinstance(call, ast.Call) and use in call.args[:1] and self._is_layer(file, call.func)
            for use, call in zip(uses, around, strict=True)
        ) and not any(isinstance(outer, ast.Subscript) for outer in around)

    def _is_layer(self, file: File, func: ast.expr) -> bool:
        """True for a layer of Haiku's that takes one array."""
        if isinstance(func, ast.Attribute) and not isinstance(func.value, ast.Call):
            made = [value for _, value in self._kept(file, func)]
        else:
            made = [func]
        return bool(made) and all(
            isinstance(m, ast.Call) and _gives_array(self.project.name(file, m.func), "layer")
            for m in made
        )


def chain(call: ast.Call) -> list[ast.expr]:
    """The layers of an `hk.Sequential` that are listed in the call."""
    given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "layers")]
    return given[0].elts if given and isinstance(given[0], ast.List | ast.Tuple) else []


def _is_function(name: str) -> bool:
    module, _, function = name.rpartition(".")
    return (
        (module == "jax.nn" and function != "logsumexp")  # with return_sign, two
        or (module in ("jax.numpy", "numpy") and function in _NUMPY)
        or _gives_array(name, "function", "framework")
    )


def _gives_array(name: str, *kinds: str) -> bool:
    """True for a symbol of the catalog that returns one array; of layers, the instance does."""
    symbol = lookup(name)
    return symbol is not None and symbol.gives_array and symbol.kind in kinds


def _is_plain_assignment(parent: ast.AST | None, node: ast.AST) -> TypeGuard[ast.Assign]:
    """True for `x = ...` and `x: Array = ...`."""
    if isinstance(parent, ast.AnnAssign):
        return parent.value is not None
    return isinstance(parent, ast.Assign) and node in parent.targets


def _assigned(file: File, binding: Binding | None) -> list[ast.expr | ast.arg] | None:
    """What a name is assigned, or None where something else than `x = ...` binds it."""
    if binding is None:
        return None
    values: list[ast.expr | ast.arg] = []
    for node in binding.nodes:
        parent = file.names.parent.get(node)
        if isinstance(node, ast.arg):
            values.append(node)
        elif _is_plain_assignment(parent, node):
            values.append(parent.value)
        elif not isinstance(parent, ast.AugAssign):
            return None
    return values
