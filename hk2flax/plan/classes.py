"""How one Haiku module class becomes a linen dataclass: fields, setup, and what is left over.

The constructor's parameters become fields; `self.x = x` disappears; everything else in `__init__`
moves to `setup`, where the parameters are read from the fields (Flax documentation, "Module
lifecycle").
"""

from __future__ import annotations

import ast

from hk2flax.catalog import lookup
from hk2flax.plan.attributes import (
    changed_parameters,
    plan_aliases,
    plan_attributes,
    plan_grown,
    plan_rebuilt,
    plan_replaced,
)
from hk2flax.plan.class_plan import (
    ClassPlan,
    Parameter,
    changing_attributes,
    is_docstring,
    is_super_call,
    stored_attributes,
)
from hk2flax.plan.containers import loses_class
from hk2flax.plan.inheritance import hands_on, layer_plan, only_forwarded, plan_super
from hk2flax.plan.naming import names_a_module, plan_naming
from hk2flax.plan.reflection import reflection_problems
from hk2flax.plan.reserved import RESERVED, free_name
from hk2flax.project.creates import Creators, self_name
from hk2flax.project.index import Class, Project
from hk2flax.project.scopes import Binding
from hk2flax.project.walk import walk


def plan_class(
    project: Project, creators: Creators, cls: Class, plans: dict[str, ClassPlan]
) -> ClassPlan:
    """Plans one module class; its module bases must be in `plans` already."""
    plan = ClassPlan(cls)
    plan.is_dataclass = any(
        (project.name(cls.file, d.func if isinstance(d, ast.Call) else d)).startswith(
            "dataclasses.dataclass"
        )
        for d in cls.node.decorator_list
    )
    base = next((plans[b] for b in cls.bases if b in plans), None)
    plan.base_setup = any(
        plans[c.name].keeps_setup or plans[c.name].mutable
        for c in project.mro(cls.name)
        if c.name in plans
    )
    if base is None:
        layer = next(
            (symbol for b in cls.bases if (symbol := lookup(b)) and symbol.kind == "layer"), None
        )
        if layer is not None and layer.signature:
            base, plan.extends_layer = layer_plan(cls, layer), True
    plan.init = cls.methods.get("__init__")
    if plan.is_dataclass:
        _plan_dataclass(plan, base)
    elif plan.init is not None:
        _plan_init(project, creators, plan, base)
        _check_overwritten(project, plan, plans)
    elif base is not None:
        plan.parameters = base.parameters
        plan.built = base.built
    _plan_mutable(project, plan)
    _drop_bare_setup(plan)
    _check_class_body(plan)
    plan.problems += reflection_problems(project, creators, plan)
    return plan


def _plan_dataclass(plan: ClassPlan, base: ClassPlan | None) -> None:
    """A `@dataclass` module has its fields already; `__post_init__` is its constructor."""
    own = []
    for node in plan.cls.node.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
            if name == "name":
                plan.dropped.add(node)
            own.append(Parameter(name, "" if name == "name" else name, node.annotation, node.value))
    known = {p.name for p in own}
    plan.parameters = [p for p in (base.parameters if base else []) if p.name not in known] + own
    plan.init = plan.cls.methods.get("__post_init__")
    if plan.init is not None:
        for node in plan.init.body:
            if is_super_call(node, "__post_init__"):
                plan.dropped.add(node)
        fields = {p.field for p in plan.parameters}
        for target in stored_attributes(plan.init, self_name(plan.init)):
            if target.attr in fields:
                plan.problems.append(
                    (target, "HK102", f"__post_init__ assigns the field {target.attr!r} again")
                )


def _plan_init(
    project: Project, creators: Creators, plan: ClassPlan, base: ClassPlan | None
) -> None:
    init, file = plan.init, plan.cls.file
    assert init is not None
    me = self_name(init)
    scope = file.names.scopes[init]
    if any(True for d in init.decorator_list):
        plan.problems.append((init, "HK102", "__init__ has a decorator"))
    taken = set(plan.cls.methods) | {p.arg for p in [*init.args.args, *init.args.kwonlyargs]}
    methods = {m for c in project.mro(plan.name) for m in c.methods}
    plan.parameters = _parameters(init, taken, methods)
    kwarg = init.args.kwarg
    vararg = init.args.vararg
    if vararg is not None and base is not None and hands_on(plan, vararg):
        plan.parameters = [p for p in plan.parameters if p.star != "*"]
    if kwarg is not None and only_forwarded(plan, scope.bindings[kwarg.arg]):
        plan.parameters = [p for p in plan.parameters if p.star != "**"]
    plan_naming(project, creators, plan, base)
    plan_super(project, plan, base)
    if plan.own_fields and all(p.kw_only and not p.star for p in plan.own_fields):
        plan.kw_only = True
    by_name = {p.name: p for p in plan.parameters}
    plan.copied = changed_parameters(plan, by_name)
    plan.rebound = [
        p.name
        for p in plan.parameters
        if p.field
        and p.name in scope.bindings
        and _is_rebound(plan, scope.bindings[p.name], p.name)
    ]
    stores: dict[str, list[ast.Attribute]] = {}
    for target in stored_attributes(init, me):
        stores.setdefault(target.attr, []).append(target)
    for attribute, targets in stores.items():
        values = [getattr(file.names.parent[target], "value", None) for target in targets]
        if any(value is not None and loses_class(project, file, value) for value in values):
            plan.boxed.add(attribute)
    changing = changing_attributes(project, plan.cls)
    plan_aliases(plan, by_name, {a: s for a, s in stores.items() if a not in changing}, me)
    plan_attributes(plan, by_name, stores, taken)
    plan_grown(plan, me, stores)
    plan_rebuilt(project, creators, plan, stores)
    plan_replaced(project, creators, plan, stores, base)
    _check_name_use(project, creators, plan, base)


def _is_rebound(plan: ClassPlan, binding: Binding, name: str) -> bool:
    """True for a parameter that some statement left in the constructor assigns or changes."""
    parent = plan.cls.file.names.parent
    return name in plan.copied or any(
        not isinstance(n, ast.arg) and parent.get(n) not in plan.dropped for n in binding.nodes
    )


def _parameters(init: ast.FunctionDef, taken: set[str], methods: set[str]) -> list[Parameter]:
    args = init.args
    positional = [*args.posonlyargs, *args.args][1:]
    missing = len(positional) - len(args.defaults)
    defaults: list[ast.expr | None] = [*([None] * missing), *args.defaults[max(-missing, 0) :]]
    every = [(a, d, False) for a, d in zip(positional, defaults, strict=True)]
    every += [(a, d, True) for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True)]
    result = []
    for arg, default, kw_only in every:
        name = "" if arg.arg == "name" else arg.arg
        if name in RESERVED or name in methods:  # `_size` beside a property `size`
            name = free_name(name, taken | methods)
        result.append(Parameter(arg.arg, name, arg.annotation, default, kw_only, arg))
    for star, collected, empty in (
        ("*", args.vararg, ast.Tuple([], ast.Load())),
        ("**", args.kwarg, ast.Dict([], [])),
    ):
        if collected is not None:
            result.append(
                Parameter(collected.arg, collected.arg, None, empty, True, collected, star)
            )
    return result


def _check_name_use(
    project: Project, creators: Creators, plan: ClassPlan, base: ClassPlan | None
) -> None:
    """`name` is linen's own; using it for anything but names of modules needs a person."""
    init, file = plan.init, plan.cls.file
    assert init is not None
    binding = file.names.scopes[init].bindings.get("name")
    if binding is None or not any(p.name == "name" for p in plan.parameters):
        return
    stores = [n for n in binding.nodes if not isinstance(n, ast.arg)]
    uses = file.names.uses.get(id(binding), [])
    others = [n for n in uses if not names_a_module(project, creators, plan, base, n)]
    for node in [*stores, *others]:
        if not any(a in plan.naming for a in file.names.ancestors(node)):
            plan.problems.append((node, "HK102", "the constructor uses its `name` as a value"))


def _check_overwritten(project: Project, plan: ClassPlan, plans: dict[str, ClassPlan]) -> None:
    """An attribute that a base class reads must have one name in both."""
    assert plan.init is not None
    own = {t.attr: t for t in stored_attributes(plan.init, self_name(plan.init))}
    bases = [plans[c.name] for c in project.mro(plan.name)[1:] if c.name in plans]
    for base in bases:
        if base.init is None:
            continue
        theirs = {t.attr for t in stored_attributes(base.init, self_name(base.init))}
        for attribute in sorted(theirs & set(own)):
            if plan.renames.get(attribute, attribute) == base.renames.get(attribute, attribute):
                continue
            if attribute in base.mutable:
                continue
            if any(
                _reads(m, attribute)
                for b in bases
                for m in b.cls.methods.values()
                if m is not b.init
            ):
                message = (
                    f"self.{attribute} is set again here, and read by the base class, "
                    "which keeps it in a field"
                )
                plan.problems.append((own[attribute], "HK102", message))


def _reads(method: ast.FunctionDef, attribute: str) -> bool:
    me = self_name(method)
    return any(
        isinstance(n, ast.Attribute)
        and n.attr == attribute
        and isinstance(n.ctx, ast.Load)
        and isinstance(n.value, ast.Name)
        and n.value.id == me
        for n in walk(method)
    )


def _plan_mutable(project: Project, plan: ClassPlan) -> None:
    """Attributes that methods assign: a bound linen module cannot change its attributes."""
    plan.keep_mutable(changing_attributes(project, plan.cls))
    for attribute in plan.mutable:
        plan.grown.pop(attribute, None)


def _drop_bare_setup(plan: ClassPlan) -> None:
    """A setup that would only call the base's is left out."""
    if plan.init is None or plan.super_call is None or plan.mutable:
        return
    left = [s for s in plan.init.body if s not in plan.dropped and not is_docstring(s)]
    if left == [plan.super_call]:
        plan.dropped.add(plan.super_call)


def _check_class_body(plan: ClassPlan) -> None:
    """Methods that linen has already, and second names of a method, which Haiku scopes apart."""
    methods = plan.cls.methods
    for name in sorted(set(methods) & (RESERVED - {"name"})):
        plan.problems.append(
            (methods[name], "HK104", f"linen's Module has a method {name!r} of its own")
        )
    for statement in plan.cls.node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Name):
            if statement.value.id in methods:
                message = (
                    f"a second name for the method {statement.value.id!r}, which Haiku scopes apart"
                )
                plan.problems.append((statement, "HK102", message))
