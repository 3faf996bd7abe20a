"""Which transforms become a linen module whose `init` and `apply` calls are rewritten.

A transform is native when everything that is done with it can be seen: it is assigned to one name,
and every use of the name is a direct call of `init` or `apply`. Otherwise the helper `transform`
keeps Haiku's calling convention for callers that cannot be seen.
"""

from __future__ import annotations

import ast

from hk2flax.plan.class_plan import ClassPlan
from hk2flax.plan.early import is_early
from hk2flax.plan.parameters import makes_parameters
from hk2flax.plan.transform_plan import NativeTransform, Site, TransformPlan
from hk2flax.plan.transform_shapes import (
    has_long_string,
    multi_shape,
    passes_on,
    returned_call,
)
from hk2flax.plan.transform_sites import call_sites, method_sites
from hk2flax.plan.transparent import find_open
from hk2flax.project.creates import Creators, class_around, in_annotation
from hk2flax.project.index import File, Project
from hk2flax.project.scopes import Binding, Function
from hk2flax.project.walk import walk

_STATE = {"haiku.transform": False, "haiku.transform_with_state": True}
DRAWING = frozenset(
    f"haiku.{n}"
    for n in [
        "next_rng_key",
        "next_rng_keys",
        "maybe_next_rng_key",
        "dropout",
        "reserve_rng_keys",
        "with_rng",
        "maybe_get_rng_sequence_state",
        "replace_rng_sequence_state",
    ]
)


def plan_transforms(
    project: Project, creators: Creators, classes: dict[str, ClassPlan]
) -> TransformPlan:
    """Finds the native transforms of the project."""
    plan = TransformPlan()
    draws = any(
        project.name(f, n) in DRAWING or (project.name(f, n) == "haiku.nets.MLP")
        for f in project.files.values()
        for n in f.names.qualified
    )
    finders = [_Finder(project, classes, file, draws, plan) for file in project.files.values()]
    blocked = _built_elsewhere(project, classes, finders)
    # linen gives what a transparent `__call__` creates to the module that calls it.
    blocked |= find_open(project, creators).classes
    for finder in finders:
        finder.blocked = blocked
        file = finder.file
        for statement in file.names.of(ast.Assign):
            finder.consider(statement)
        for call in file.names.of(ast.Call):
            name = project.name(file, call.func)
            if name in _STATE:
                finder.wrap(call)
            elif name == "haiku.multi_transform":
                finder.wrap_methods(call)
    return plan


def _built_elsewhere(
    project: Project, classes: dict[str, ClassPlan], finders: list[_Finder]
) -> set[str]:
    """Module classes that some function builds which does more than that.

    Transforms that build the same module may share its parameters (an agent's `step` and
    `unroll`), so either all of them become that module, without a level of its own in the tree,
    or none.
    """
    alone: set[ast.AST] = set()
    for finder in finders:
        for call in finder.names.of(ast.Call):
            if len(call.args) == 1 and not call.keywords:
                construction = finder.built_by(call)
                if construction is not None:
                    alone.add(construction.func)
    blocked: set[str] = set()
    for finder in finders:
        for node in finder.names.qualified:
            name = project.name(finder.file, node)
            if name not in classes or node in alone or in_annotation(finder.file, node):
                continue
            owner = class_around(project, finder.file, node)
            if owner is None or owner.name not in classes:
                blocked.add(name)
    return blocked


class _Finder:
    def __init__(
        self,
        project: Project,
        classes: dict[str, ClassPlan],
        file: File,
        draws: bool,
        plan: TransformPlan,
    ) -> None:
        self.project, self.classes, self.file = project, classes, file
        self.draws, self.plan = draws, plan
        self.blocked: set[str] = set()
        self.names = file.names
        # Only the helper's apply knows what state was before.
        files = project.files.values()
        self.keeps_state = any(b"get_initial_state" in f.source.data for f in files)

    def consider(self, statement: ast.Assign) -> None:
        """Adds the transform that a statement assigns to the plan, if it is native."""
        if len(statement.targets) != 1 or not isinstance(statement.targets[0], ast.Name):
            return
        call, takes_rng = self._unwrap(statement.value)
        if call is None:
            return
        target = statement.targets[0]
        found = self.names.scope_of[target].lookup(target.id)
        if found is None or len(found[1].nodes) != 1 or self._is_seen_elsewhere(target, found[1]):
            return
        name = self.project.name(self.file, call.func)
        function = self._function(call.args[0], call)
        if function is None:
            return
        transform = NativeTransform(
            self.file,
            function,
            statement,
            target.id,
            _STATE.get(name, False),
            takes_rng,
            self.draws,
        )
        if name == "haiku.multi_transform":
            sites = self._methods(transform, found[1])
        elif not self._shape(transform, call):
            return
        else:
            sites = call_sites(transform, found[1])
        if not sites:
            return
        transform.may_be_empty = not makes_parameters(self.project, self.file, function)
        if transform.takes_state and (transform.may_be_empty or self.keeps_state):
            return
        self.plan.functions[function] = transform
        self.plan.statements[statement] = transform
        self.plan.calls[statement.value] = transform
        self.plan.calls[call] = transform
        self.plan.sites.update(sites)
        if transform.unpacking is not None:
            self.plan.unpackings.add(transform.unpacking)

    def built_by(self, call: ast.Call) -> ast.Call | None:
        """The module that a transformed function builds and calls, if it does nothing else."""
        name = self.project.name(self.file, call.func)
        if name not in _STATE and name != "haiku.multi_transform":
            return None
        function = self._function(call.args[0], call)
        if function is None:
            return None
        if name in _STATE:
            return self._only_module(function, call)
        shape = multi_shape(function)
        return shape[0] if shape is not None else None

    def wrap(self, call: ast.Call) -> None:
        """A transform that stays: of the module alone where the function does nothing else."""
        if call in self.plan.calls or len(call.args) != 1 or call.keywords:
            return
        function = self._function(call.args[0], call)
        if function is None:
            return
        construction = self._only_module(function, call)
        if construction is None:
            self._wrap_class(function, call)
            return
        self.plan.wrapped[call] = construction
        if isinstance(function, ast.FunctionDef):
            self.plan.removed.add(function)

    def _wrap_class(self, function: Function, call: ast.Call) -> None:
        """A function that makes parameters itself becomes a class: they are `self.param` then."""
        uses = {self.project.name(self.file, n) for n in walk(function)}
        if not uses & {"haiku.get_parameter", "haiku.get_state", "haiku.next_rng_key"}:
            return
        statement = ast.Assign([], call)
        transform = NativeTransform(self.file, function, statement, "", False, True, self.draws)
        if self._shape(transform, call) and transform.class_name:
            self.plan.functions[function] = transform
            self.plan.wrapped_classes[call] = transform.class_name

    def wrap_methods(self, call: ast.Call) -> None:
        """A multi_transform that stays, of some methods of one module."""
        if call in self.plan.calls or len(call.args) != 1 or call.keywords:
            return
        function = self._function(call.args[0], call)
        shape = multi_shape(function) if function is not None else None
        if function is None or shape is None or not isinstance(function, ast.FunctionDef):
            return
        construction, methods = shape
        if self._class(construction, function, call) is None:
            return
        self.plan.wrapped[call] = construction
        self.plan.wrapped_methods[call] = methods
        self.plan.removed.add(function)

    def _unwrap(self, value: ast.expr) -> tuple[ast.Call | None, bool]:
        takes_rng = True
        while isinstance(value, ast.Call) and len(value.args) == 1 and not value.keywords:
            name = self.project.name(self.file, value.func)
            if name == "haiku.without_apply_rng":
                takes_rng = False
                value = value.args[0]
            elif name in _STATE or name == "haiku.multi_transform":
                return value, takes_rng
            else:
                break
        return None, True

    def _is_seen_elsewhere(self, target: ast.Name, binding: Binding) -> bool:
        """True when another file, `__all__` or a `global` may use the name."""
        scope = self.names.scope_of[target]
        if not isinstance(scope.node, ast.Module):
            return target.id in scope.outer
        dotted = f"{self.file.module}.{target.id}"
        if self.project.imported.get(dotted, set()) - {self.file.module}:
            return True
        exported = scope.bindings.get("__all__")
        return exported is not None and any(
            isinstance(n, ast.Constant) and n.value == target.id for n in walk(self.file.tree)
        )

    def _function(self, node: ast.expr, call: ast.Call) -> Function | None:
        """The function that is transformed, if nothing else uses it."""
        if isinstance(node, ast.Lambda):
            return node
        name = self.project.name(self.file, node)
        if name not in self.project.functions or not isinstance(node, ast.Name):
            return None
        function, file = self.project.functions[name]
        if (
            file is not self.file
            or not isinstance(function, ast.FunctionDef)
            or function.decorator_list
        ):
            return None
        scope = self.names.scopes[function].parent
        assert scope is not None
        if isinstance(scope.node, ast.ClassDef):
            return None
        binding = scope.bindings[function.name]
        uses = self.names.uses.get(id(binding), [])
        if len(uses) != 1 or len(binding.nodes) != 1 or function.lineno > call.lineno:
            return None
        dotted = f"{self.file.module}.{function.name}"
        if self.project.imported.get(dotted, set()) - {self.file.module}:
            return None
        return function

    def _shape(self, transform: NativeTransform, call: ast.Call) -> bool:
        """Decides what the function becomes: the module it calls, or a class of its own."""
        function = transform.function
        transform.construction = self._only_module(function, call)
        if transform.construction is not None:
            return True
        if isinstance(function, ast.Lambda):
            return False
        scope = self.names.scopes[function]
        if "self" in {n.id for n in walk(function) if isinstance(n, ast.Name)} or has_long_string(
            function
        ):
            return False
        if any(
            isinstance(n, ast.Yield | ast.YieldFrom | ast.Nonlocal | ast.Global)
            for n in walk(function)
        ):
            return False
        name = "".join(part[:1].upper() + part[1:] for part in function.name.split("_") if part)
        if not name.isidentifier() or scope.lookup(name) is not None or name == function.name:
            return False
        transform.class_name = name
        return True

    def _only_module(self, function: Function, call: ast.Call) -> ast.Call | None:
        """`return Net(...)(x, training)` with exactly the function's own arguments."""
        result = returned_call(function)
        if result is None:
            return None
        construction, use = result
        plan = self._class(construction, function, call)
        if plan is None:
            return None
        called = next(
            (c.methods["__call__"] for c in self.project.mro(plan.name) if "__call__" in c.methods),
            None,
        )
        return construction if called is not None and passes_on(function, use, called) else None

    def _methods(self, transform: NativeTransform, binding: Binding) -> dict[ast.AST, Site] | None:
        """`multi_transform` of a function that builds a module and returns some methods of it."""
        shape = multi_shape(transform.function)
        if shape is None or not isinstance(transform.function, ast.FunctionDef):
            return None
        construction, methods = shape
        value = transform.statement.value
        if not methods or self._class(construction, transform.function, value) is None:
            return None
        transform.construction = construction
        transform.takes_state = False
        return method_sites(transform, binding, methods)

    def _class(
        self, construction: ast.Call, function: Function, call: ast.expr
    ) -> ClassPlan | None:
        """The class of a module that can be built at the transform instead of in the function."""
        plan = self.classes.get(self.project.name(self.file, construction.func))
        if plan is None or plan.problems or plan.name in self.blocked:
            return None
        local = set(self.names.scopes[function].bindings)
        if any(isinstance(n, ast.Name) and n.id in local for n in walk(construction)):
            return None
        return plan if is_early(self.file, self.classes, construction, call) else None
