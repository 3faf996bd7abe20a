"""State that is read once and written once, which linen holds in a `self.variable`.

`count = hk.get_state("count", [], init=jnp.zeros)` at the start of a method, and one
`hk.set_state("count", ...)` in the same method. The write is held back while initialising, as
Haiku's init returns the first value. Any other use goes to the helpers `get_state` and `set_state`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from hk2flax.catalog.signatures import bind_call, parse_signature
from hk2flax.plan.methods import COMPACT, Methods
from hk2flax.plan.names import NamePlan
from hk2flax.plan.stacks import LAYER_STACK
from hk2flax.plan.transform_plan import TransformPlan
from hk2flax.project.creates import class_around, function_around, method_around
from hk2flax.project.index import File, Project

_GET = parse_signature("name, shape=None, dtype=jnp.float32, init=None")
_SET = parse_signature("name, value")
_INITS = {"jax.numpy.zeros", "jax.numpy.ones"}


@dataclass(eq=False)
class StateCell:
    """One state entry: the assignment that reads it, the statement that writes it, a local name."""

    read: ast.Assign
    write: ast.Expr
    local: str


@dataclass
class StatePlan:
    """The native entries, by reading and by writing statement."""

    reads: dict[ast.AST, StateCell] = field(default_factory=dict)
    writes: dict[ast.AST, StateCell] = field(default_factory=dict)
    calls: set[ast.AST] = field(default_factory=set)


def plan_state(
    project: Project, methods: Methods, names: NamePlan, transforms: TransformPlan
) -> StatePlan:
    """Finds the state entries that plain linen can hold."""
    plan = StatePlan()
    used: dict[str, list[tuple[File, ast.Call, str]]] = {}
    for file in project.files.values():
        for node in file.names.of(ast.Call):
            name = project.name(file, node.func)
            if name in LAYER_STACK:
                return StatePlan()  # in a stack, init returns state after one application
            if name in ("haiku.get_state", "haiku.set_state"):
                first = node.args[0] if node.args else None
                key = first.value if isinstance(first, ast.Constant) else ""
                used.setdefault(str(key), []).append((file, node, name))
    if "" in used:
        return plan
    for uses in used.values():
        for owner in {id(_owner(project, f, c)) for f, c, _ in uses}:
            own = [u for u in uses if id(_owner(project, u[0], u[1])) == owner]
            cell = _cell(project, methods, names, transforms, own)
            if cell is not None:
                plan.reads[cell.read] = plan.writes[cell.write] = cell
                plan.calls |= {cell.read.value, cell.write.value}
    return plan


def _owner(project: Project, file: File, call: ast.Call) -> object:
    """The class of a method, else the function itself."""
    return class_around(project, file, call) or function_around(file, call)


def _cell(
    project: Project,
    methods: Methods,
    names: NamePlan,
    transforms: TransformPlan,
    uses: list[tuple[File, ast.Call, str]],
) -> StateCell | None:
    kinds = [kind for _, _, kind in uses]
    if sorted(kinds) != ["haiku.get_state", "haiku.set_state"]:
        return None
    file = uses[0][0]
    get = next(c for _, c, k in uses if k == "haiku.get_state")
    put = next(c for _, c, k in uses if k == "haiku.set_state")
    function = function_around(file, get)
    if function is not function_around(file, put) or not isinstance(function, ast.FunctionDef):
        return None
    cls = class_around(project, file, get)
    if cls is not None:
        alone = function is method_around(file, get) and not project.subclasses(cls.name)
        if not alone or methods.decoration.get(function) != COMPACT:
            return None
    elif function not in transforms.functions or not transforms.functions[function].class_name:
        return None
    read, write = file.names.parent.get(get), file.names.parent.get(put)
    if not (
        isinstance(read, ast.Assign)
        and read in function.body
        and isinstance(read.targets[0], ast.Name)
    ):
        return None
    if (
        not isinstance(write, ast.Expr)
        or names.loop(file, put) is not None
        or len(read.targets) != 1
    ):
        return None
    bound = bind_call(_GET, get)
    if bound is None or not {"shape", "init"} <= set(bound) or bind_call(_SET, put) is None:
        return None
    if project.name(file, bound["init"]) not in _INITS:
        return None
    taken = set(file.names.scopes[function].bindings)
    local = f"{read.targets[0].id.rstrip('_')}_state"
    while local in taken:
        local += "_"
    name = bound["name"]
    if not isinstance(name, ast.Constant) or not names.is_free(file, get, str(name.value)):
        return None
    return StateCell(read, write, local)
