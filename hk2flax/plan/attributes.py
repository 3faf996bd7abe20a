"""What becomes of the attributes that a constructor sets: fields, derived values, grown lists."""

from __future__ import annotations

import ast
from collections.abc import Container

from hk2flax.plan.class_plan import ClassPlan, Parameter, assigned_pairs, stored_attributes
from hk2flax.plan.containers import changed_in_place, is_built_in
from hk2flax.plan.reserved import RESERVED, free_name
from hk2flax.project.creates import Creators, called_functions, self_name
from hk2flax.project.index import Project
from hk2flax.project.scopes import FUNCTIONS
from hk2flax.project.walk import walk

_LOOPS = (ast.For, ast.While, *FUNCTIONS)
_GROWS = frozenset(
    ["append", "extend", "insert", "update", "setdefault", "add", "pop", "remove", "clear"]
)


def plan_aliases(
    plan: ClassPlan, by_name: dict[str, Parameter], stores: dict[str, list[ast.Attribute]], me: str
) -> None:
    """Finds `self.x = x` and `self._x = x`, which the fields make superfluous."""
    init = plan.init
    assert init is not None
    found: dict[str, list[tuple[str, ast.stmt]]] = {}
    for statement in init.body:
        pairs = assigned_pairs(statement)
        hits = [
            (t.attr, v.id)
            for t, v in pairs
            if isinstance(t, ast.Attribute)
            and isinstance(t.value, ast.Name)
            and t.value.id == me
            and isinstance(v, ast.Name)
            and v.id in by_name
            and by_name[v.id].field
            and v.id not in plan.rebound
            and t.attr in stores
            and _always_is(plan, stores[t.attr], v.id)
        ]
        if hits and len(hits) == len(pairs):
            for attribute, parameter in hits:
                found.setdefault(parameter, []).append((attribute, statement))
    chosen: dict[ast.stmt, int] = {}
    for parameter, places in found.items():
        places.sort(key=lambda place: place[0].lstrip("_") != parameter)
        attribute, statement = places[0]
        plan.renames[attribute] = by_name[parameter].field
        plan.aliases[parameter] = statement
        for statement in [s for a, s in places if a == attribute]:
            chosen[statement] = chosen.get(statement, 0) + 1
    for statement, count in chosen.items():
        if count == len(assigned_pairs(statement)):
            plan.dropped.add(statement)
        else:  # `self.a, self.b = x, x`: keep it whole
            for parameter in [p for p, s in plan.aliases.items() if s is statement]:
                del plan.aliases[parameter]
                plan.renames = {
                    a: f for a, f in plan.renames.items() if f != by_name[parameter].field
                }


def _always_is(plan: ClassPlan, stores: list[ast.Attribute], parameter: str) -> bool:
    """True when every assignment is one of `__init__`'s own statements `self.x = parameter`."""
    init, parent = plan.init, plan.cls.file.names.parent
    assert init is not None
    if len(stores) == 1:
        return True
    values = [getattr(parent.get(s), "value", None) for s in stores]
    return all(parent.get(s) in init.body for s in stores) and all(
        isinstance(v, ast.Name) and v.id == parameter for v in values
    )


def plan_attributes(
    plan: ClassPlan,
    by_name: dict[str, Parameter],
    stores: dict[str, list[ast.Attribute]],
    taken: set[str],
) -> None:
    """Gives derived attributes names that neither a field nor linen uses."""
    fields = {p.field for p in by_name.values() if p.field} | set(plan.computed)
    for attribute in stores:
        if attribute in plan.renames:
            continue
        if attribute in fields:
            name = f"_{attribute.lstrip('_')}"
            while name in fields or name in stores or name in taken:
                name += "_"
            plan.renames[attribute] = name
        elif attribute in RESERVED:
            plan.renames[attribute] = free_name(attribute, {*fields, *stores, *taken})


def plan_grown(plan: ClassPlan, me: str, stores: dict[str, list[ast.Attribute]]) -> None:
    """Finds containers built step by step: linen freezes a list when it is assigned."""
    init, names = plan.init, plan.cls.file.names
    assert init is not None
    locals_ = set(names.scopes[init].bindings)
    for node in walk(init):
        if not (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == me
        ):
            continue
        parent = names.parent[node]
        grand = names.parent.get(parent)
        grows = (
            isinstance(parent, ast.Attribute)
            and parent.attr in _GROWS
            and isinstance(grand, ast.Call)
            and grand.func is parent
        )
        stores_item = isinstance(parent, ast.Subscript) and isinstance(parent.ctx, ast.Store)
        adds = isinstance(parent, ast.AugAssign) and parent.target is node
        if not (grows or stores_item or adds) or node.attr in plan.grown:
            continue
        first = stores.get(node.attr, [None])[0]
        value = _stored_value(plan, first) if first is not None else None
        if isinstance(
            value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.Call
        ):
            local = node.attr.lstrip("_") or "items"
            while local in locals_:
                local += "_"
            locals_.add(local)
            plan.grown[node.attr] = local
        elif value is None and not adds:
            plan.problems.append(
                (
                    node,
                    "HK102",
                    f"self.{node.attr} of the base class is extended here; linen froze it",
                )
            )


def check_changing_modules(creators: Creators, plan: ClassPlan) -> None:
    """A module that methods exchange, or a list of modules that they change, is not found by linen.

    linen names and binds the modules among a module's attributes, and those are frozen.
    """
    init = plan.init
    for target in stored_attributes(init, self_name(init)) if init is not None else ():
        value = _stored_value(plan, target) if target.attr in plan.mutable else None
        calls = [n for n in walk(value) if isinstance(n, ast.Call)] if value is not None else []
        project, file = creators.project, plan.cls.file
        if any(creators.is_module_class(project.name(file, call.func)) for call in calls):
            message = f"self.{target.attr} holds modules of the constructor, and methods change it"
            plan.problems.append((target, "HK102", message))


def plan_filled(project: Project, plan: ClassPlan, helpers: Container[ast.AST]) -> None:
    """Lists that `__init__` has helper methods fill: linen freezes a list when it is assigned.

    They are filled outside of the frozen module, and assigned at the end of setup.
    """
    init = plan.init
    if init is None:
        return
    made = {
        target.attr
        for target in stored_attributes(init, self_name(init))
        if is_built_in(_stored_value(plan, target))
    }
    family = [*project.mro(plan.name), *project.subclasses(plan.name)]
    methods = [(cls, method) for cls in family for method in cls.methods.values()]
    for cls, method in methods:
        changed = changed_in_place(cls.file, method) if method in helpers else set()
        for attribute in sorted(changed & made - plan.mutable):
            if [m for _, m in methods if m.name == "__init__"] == [init]:
                plan.filled.add(attribute)
                plan.grown[attribute] = f"{self_name(init)}.mutable.{attribute}"
                continue
            message = (
                f"self.{attribute} is frozen when `__init__` has made it, and {method.name} "
                "changes it: let that return what belongs into it"
            )
            plan.problems.append((method, "HK102", message))


def _stored_value(plan: ClassPlan, target: ast.Attribute) -> ast.expr | None:
    """What an assignment stores in a target, tuples taken apart."""
    statement = plan.cls.file.names.enclosing(target, (ast.stmt,))
    pairs = assigned_pairs(statement) if isinstance(statement, ast.stmt) else []
    return next((value for place, value in pairs if place is target), None)


_LIST_CHANGES = frozenset({"append", "extend", "insert", "remove"})


_DICT_CHANGES = frozenset({"update", "setdefault", "pop", "popitem"})


def changed_parameters(plan: ClassPlan, by_name: dict[str, Parameter]) -> dict[str, str]:
    """Parameters whose list or dict the constructor changes in place."""
    init, names = plan.init, plan.cls.file.names
    assert init is not None
    result: dict[str, str] = {}
    for name, parameter in by_name.items():
        binding = names.scopes[init].bindings.get(name)
        if binding is None or not parameter.field or len(binding.nodes) > 1:
            continue
        for use in names.uses.get(id(binding), ()):
            parent = names.parent[use]
            call = names.parent.get(parent)
            if (
                isinstance(parent, ast.Attribute)
                and isinstance(call, ast.Call)
                and call.func is parent
            ):
                if parent.attr in _LIST_CHANGES:
                    result[name] = "list"
                elif parent.attr in _DICT_CHANGES:
                    result[name] = "dict"
            elif isinstance(parent, ast.Subscript) and isinstance(parent.ctx, ast.Store | ast.Del):
                result[name] = "dict"
    return result


def plan_rebuilt(
    project: Project, creators: Creators, plan: ClassPlan, stores: dict[str, list[ast.Attribute]]
) -> None:
    """Finds modules that are assigned to one attribute twice: linen gives a name only once."""
    init, names = plan.init, plan.cls.file.names
    assert init is not None
    locals_ = set(names.scopes[init].bindings) | set(plan.grown.values())
    for attribute, targets in stores.items():
        again = any(
            not _exclusive(plan, a, b) for i, a in enumerate(targets) for b in targets[i + 1 :]
        )
        looped = [t for t in targets if isinstance(names.enclosing(t, _LOOPS), ast.For | ast.While)]
        values = [_stored_value(plan, t) for t in looped]
        # `self.last = layers[i]` in a loop hands the attribute from module to module.
        again = again or any(isinstance(v, ast.Subscript | ast.Call) for v in values)
        if not again or attribute in plan.grown:
            continue
        statements = [names.enclosing(t, (ast.stmt,)) for t in targets]
        if not any(
            _builds(project, creators, plan, s) for s in statements if s is not None
        ) and not any(isinstance(v, ast.Subscript) for v in values):
            continue
        local = attribute.lstrip("_") or "item"
        while local in locals_:
            local += "_"
        locals_.add(local)
        plan.grown[attribute] = local
        if statements[0] not in init.body:
            plan.unset.add(local)


def plan_replaced(
    project: Project,
    creators: Creators,
    plan: ClassPlan,
    stores: dict[str, list[ast.Attribute]],
    base: ClassPlan | None,
) -> None:
    """Finds modules that take the place of the base class's: linen has given away their name."""
    file = plan.cls.file
    inherited = base.built if base is not None and plan.super_call is not None else set()
    plan.built = set(inherited)
    for attribute, targets in stores.items():
        statements = [file.names.enclosing(t, (ast.stmt,)) for t in targets]
        building = [s for s in statements if s is not None and _builds(project, creators, plan, s)]
        if building:
            plan.built.add(attribute)
        if attribute not in inherited:
            continue
        for number, statement in enumerate(building, 1):
            value = getattr(statement, "value", None)
            if isinstance(value, ast.Call) and creators.is_module_class(
                project.name(file, value.func)
            ):
                again = str(number) if number > 1 else ""
                plan.replaced[value] = (
                    f"{attribute.lstrip('_')}_{plan.cls.node.name.lower()}{again}"
                )
            else:
                message = f"self.{attribute} is built again after the base class has built it"
                plan.problems.append((statement, "HK102", message))


def _builds(project: Project, creators: Creators, plan: ClassPlan, statement: ast.AST) -> bool:
    """True when a statement constructs a module, or calls something that does."""
    file = plan.cls.file
    calls = [n for n in walk(statement) if isinstance(n, ast.Call)]
    return any(
        creators.is_module_class(project.name(file, c.func))
        or any(f in creators.functions for f in called_functions(project, file, c))
        for c in calls
    )


def _exclusive(plan: ClassPlan, a: ast.AST, b: ast.AST) -> bool:
    """True when two statements stand in different branches of one `if`."""
    names = plan.cls.file.names
    paths = [[n, *names.ancestors(n)] for n in (a, b)]
    shared = next(n for n in paths[0] if n in paths[1])
    inner = [path[path.index(shared) - 1] for path in paths]
    if isinstance(inner[0], ast.If) and isinstance(
        paths[0][paths[0].index(inner[0]) - 1], ast.stmt
    ):
        block = (
            inner[0].body
            if paths[0][paths[0].index(inner[0]) - 1] in inner[0].body
            else inner[0].orelse
        )
        if isinstance(block[-1], ast.Return):  # what follows the `if` does not run then
            return True
    return isinstance(shared, ast.If) and (inner[0] in shared.body) != (inner[1] in shared.body)
