"""Stacks and scans that linen writes with `nn.scan` over one module.

`hk.layer_stack` of a function that only builds and calls one block, and `hk.scan` of a cell:
nothing else is closed over that has parameters, and no state is involved (what `init` returns for
state in a stack differs; docs/semantics.md). Everything else goes to the helpers of those names.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from hk2flax.catalog import lookup
from hk2flax.plan.class_plan import ClassPlan
from hk2flax.plan.hooks import uses_hooks
from hk2flax.plan.names import NamePlan
from hk2flax.project.creates import (
    Creators,
    class_around,
    function_around,
    method_around,
    self_name,
)
from hk2flax.project.index import File, Project
from hk2flax.project.walk import walk

LAYER_STACK = ("haiku.layer_stack", "haiku.experimental.layer_stack")
_STATE = (
    "get_state set_state BatchNorm ExponentialMovingAverage EMAParamsTree SpectralNorm "
    "SNParamsTree nets.ResNet nets.MobileNetV1 nets.VectorQuantizerEMA"
)


@dataclass(eq=False)
class NativeStack:
    """A layer stack over one block: the decorated function, its one call, the block built in it."""

    function: ast.FunctionDef
    decorator: ast.Call
    call: ast.Call
    construction: ast.Call
    use: ast.Call
    name: str


@dataclass
class StackPlan:
    """Native stacks by function, by call and by decorator, and native scans of a cell by call."""

    functions: dict[ast.AST, NativeStack] = field(default_factory=dict)
    calls: dict[ast.AST, NativeStack] = field(default_factory=dict)
    scans: set[ast.AST] = field(default_factory=set)
    decorators: set[ast.AST] = field(default_factory=set)


def plan_stacks(
    project: Project, creators: Creators, classes: dict[str, ClassPlan], names: NamePlan
) -> StackPlan:
    """Finds the stacks and scans of the project that plain linen writes as one `nn.scan`."""
    plan = StackPlan()
    if _has_state(project) or uses_hooks(project):
        return plan
    counts: dict[object, int] = {}
    for file in project.files.values():
        for node in file.names.of(ast.FunctionDef):
            stack = _stack(project, creators, classes, file, node)
            if stack is None:
                continue
            base = f"Scan{classes[project.name(file, stack.construction.func)].cls.node.name}"
            key = (names.pool(file, stack.call), base)
            stack.name = f"{base}_{counts.get(key, 0)}"
            counts[key] = counts.get(key, 0) + 1
            plan.functions[node] = stack
            plan.decorators.add(stack.decorator)
            plan.calls[stack.call] = stack
        for call in file.names.of(ast.Call):
            if project.name(file, call.func) != "haiku.scan" or call.keywords:
                continue
            if len(call.args) == 3 and _is_cell(project, classes, file, call.args[0]):
                plan.scans.add(call)
    return plan


def _has_state(project: Project) -> bool:
    state = {f"haiku.{name}" for name in _STATE.split()}
    return any(
        name in state
        or name.startswith("haiku.nets.ResNet")
        or ((symbol := lookup(name)) is not None and symbol.name in state)
        for name in project.haiku_names
    )


def _stack(
    project: Project,
    creators: Creators,
    classes: dict[str, ClassPlan],
    file: File,
    function: ast.FunctionDef,
) -> NativeStack | None:
    if len(function.decorator_list) != 1 or not isinstance(function.decorator_list[0], ast.Call):
        return None
    decorator = function.decorator_list[0]
    if project.name(file, decorator.func) not in LAYER_STACK:
        return None
    if len(decorator.args) + len(decorator.keywords) != 1 or any(
        k.arg != "num_layers" for k in decorator.keywords
    ):
        return None
    args = function.args
    if len(args.args) != 1 or args.vararg or args.kwarg or args.kwonlyargs or args.defaults:
        return None
    if len(function.body) != 1 or not isinstance(function.body[0], ast.Return):
        return None
    use = function.body[0].value
    if not (isinstance(use, ast.Call) and isinstance(use.func, ast.Call)):
        return None
    construction = use.func
    plan = classes.get(project.name(file, construction.func))
    if plan is None or plan.problems or not _only_first(use, args.args[0].arg):
        return None
    if any(isinstance(n, ast.Name) and n.id == args.args[0].arg for n in walk(construction)):
        return None
    if any(isinstance(n, ast.Call) and n is not construction for n in walk(construction)):
        return None
    if any(k.arg == "name" for k in construction.keywords):
        return None
    scope = file.names.scopes[function].parent
    binding = scope.bindings[function.name] if scope is not None else None
    uses = file.names.uses.get(id(binding), [])
    call = file.names.parent.get(uses[0]) if len(uses) == 1 else None
    if (
        not isinstance(call, ast.Call)
        or call.func is not uses[0]
        or len(call.args) != 1
        or call.keywords
    ):
        return None
    if (
        function_around(file, call) is not function_around(file, function)
        or method_around(file, call) is None
    ):
        return None
    return NativeStack(function, decorator, call, construction, use, "")


def _only_first(use: ast.Call, argument: str) -> bool:
    """True when the carry is the first argument and nothing else."""
    if not use.args or not isinstance(use.args[0], ast.Name) or use.args[0].id != argument:
        return False
    rest = [*use.args[1:], *use.keywords]
    return not any(isinstance(n, ast.Name) and n.id == argument for r in rest for n in walk(r))


def _is_cell(project: Project, classes: dict[str, ClassPlan], file: File, node: ast.expr) -> bool:
    """True for a module that is built here, or a name or an attribute of self that holds one."""
    values: list[ast.AST | None] = []
    if isinstance(node, ast.Call):
        values = [node]
    elif isinstance(node, ast.Name):
        binding = file.names.binding(node)
        if binding is None or len(binding.nodes) != 1:
            return False
        values = [getattr(file.names.parent.get(binding.nodes[0]), "value", None)]
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        owner, method = class_around(project, file, node), method_around(file, node)
        if owner is None or method is None or node.value.id != self_name(method):
            return False
        values = [
            getattr(file.names.parent.get(n), "value", None)
            for n in walk(owner.node)
            if isinstance(n, ast.Attribute) and n.attr == node.attr and isinstance(n.ctx, ast.Store)
        ]
    return bool(values) and all(
        isinstance(v, ast.Call) and project.name(file, v.func) in classes for v in values
    )
