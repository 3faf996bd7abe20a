"""What a constructor hands to its base class, and what that makes of the base's fields."""

from __future__ import annotations

import ast
from dataclasses import replace

from hk2flax.catalog.model import Symbol
from hk2flax.catalog.signatures import parse_signature
from hk2flax.plan.class_plan import ClassPlan, Parameter, is_super_call
from hk2flax.plan.reserved import free_name
from hk2flax.project.creates import is_super
from hk2flax.project.index import Class, Project
from hk2flax.project.scopes import Binding
from hk2flax.project.walk import walk

_CHANGES = ("clear", "pop", "popitem", "setdefault", "update")


def layer_plan(cls: Class, layer: Symbol) -> ClassPlan:
    """The constructor of a Haiku layer that is subclassed: its helper has the same fields."""
    signature = parse_signature(layer.signature)
    plan = ClassPlan(cls)
    plan.parameters = [
        Parameter(
            name,
            "" if name == "name" else name,
            None,
            signature.defaults.get(name),
            name in signature.keyword_only,
        )
        for name in [*signature.positional, *signature.keyword_only]
    ]
    return plan


def plan_super(project: Project, plan: ClassPlan, base: ClassPlan | None) -> None:
    """Finds the call of the base constructor and what it hands over."""
    init = plan.init
    assert init is not None
    calls = [s for s in init.body if is_super_call(s)]
    nested = [s for s in walk(init) if isinstance(s, ast.stmt) and is_super_call(s)]
    if len(nested) != len(calls) or len(calls) > 1:
        plan.problems.append(
            (nested[0], "HK102", "super().__init__ is called conditionally or twice")
        )
        return
    plan.own_fields = [p for p in plan.parameters if p.field]
    if calls:
        plan.super_call = calls[0]
    if base is None:
        plan.dropped.update(calls)
        return
    if not calls:
        if base.parameters and any(p.field for p in base.parameters):
            plan.problems.append((init, "HK102", "the base class's __init__ is not called"))
        return
    statement = calls[0]
    assert isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
    has_arguments = any(p.field for p in base.parameters)  # hk.RNNCore has none, nor a setup
    if not plan.base_setup and not (plan.extends_layer and has_arguments):
        plan.dropped.add(statement)
    _bind_base(plan, base, statement.value)


def _bind_base(plan: ClassPlan, base: ClassPlan, call: ast.Call) -> None:
    """What each field of the base class gets from this class's constructor."""
    init = plan.init
    assert init is not None
    given: dict[str, ast.expr] = {}
    arguments = call.args
    if arguments and isinstance(call.func, ast.Attribute) and not is_super(call.func.value):
        arguments = arguments[1:]
    names = [p.name for p in base.parameters if not p.kw_only]
    forwards = in_front = False
    if init.args.vararg is not None and hands_on(plan, init.args.vararg):
        arguments, forwards, in_front = arguments[:-1], True, True
    if any(isinstance(a, ast.Starred) for a in arguments) or len(arguments) > len(names):
        plan.problems.append(
            (call, "HK102", "super().__init__ gets arguments that cannot be counted")
        )
        return
    given.update(zip(names, arguments, strict=False))
    value: ast.expr | None
    for keyword in call.keywords:
        if keyword.arg is None:
            value = keyword.value
            is_own = bool(
                init.args.kwarg and isinstance(value, ast.Name) and value.id == init.args.kwarg.arg
            )
            forwards = forwards or is_own
            if not is_own:
                plan.spread.append(value)
            elif _is_changed(plan, value):
                name = ast.unparse(value)
                message = f"**{name} is changed before super().__init__ gets it: give it by name"
                plan.problems.append((call, "HK102", message))
        else:
            given[keyword.arg] = keyword.value
    for value in [*given.values(), *plan.spread]:
        _inline(plan, value, call)
    own = {p.name: p for p in plan.parameters}
    base_fields = [p for p in base.parameters if p.field]
    order = [p.name for p in base_fields]
    redeclare: list[Parameter] = []
    for parameter in base_fields:
        value = given.get(parameter.name)
        mine = own.get(parameter.name)
        if value is None and mine is not None and not plan.spread:
            plan.problems.append(
                (
                    call,
                    "HK102",
                    f"{parameter.name!r} means one thing here and another in the base class",
                )
            )
        elif (
            isinstance(value, ast.Name)
            and value.id == parameter.name
            and mine is not None
            and (value not in plan.inlined)
        ):
            same = _same(mine.default, parameter.default)
            redeclare.append(mine)
            if same:
                redeclare.pop()
        elif value is not None:
            plan.computed[parameter.field] = value
            stays = value in plan.where and getattr(value, "id", "") == parameter.name
            if (
                mine is not None and not stays
            ):  # linen may run __post_init__ again: the argument stays beside it
                taken = {
                    *init_names(plan),
                    *(p.field for p in [*plan.parameters, *base.parameters]),
                }
                apart = replace(mine, field=free_name(mine.name, taken))
                plan.parameters[plan.parameters.index(mine)] = apart
                del own[mine.name]
    inherited = {p.name for p in base_fields} & set(own)
    extra = [p for p in plan.parameters if p.field and p.name not in inherited]
    if forwards:
        known = {p.name for p in plan.parameters}
        inherited_ones = [p for p in base.parameters if p.name not in known and p.name not in given]
        at = 0 if in_front else len(plan.parameters)
        plan.parameters[at:at] = inherited_ones
    mine_order = [p.name for p in plan.parameters if p.field]
    by_keyword = all(p.kw_only for p in [*base_fields, *extra])
    in_order = by_keyword or mine_order[: len(order)] == order
    changed = bool(plan.computed or plan.spread or redeclare)
    plan.own_fields = extra
    if in_order and not changed and (by_keyword or _binds_alike(plan, base_fields, extra)):
        return
    again = _redeclared(plan, base_fields, own)
    if not _binds_alike(plan, again, extra):
        again = [p if p.name in own else replace(p, kw_only=True) for p in again]
    plan.own_fields = [*again, *extra]
    plan.kw_only = base.kw_only or not _binds_alike(plan, again, extra)


def _binds_alike(plan: ClassPlan, before: list[Parameter], declared: list[Parameter]) -> bool:
    """True when the fields, the base's first, take positions as Haiku's constructor does."""
    fields = [p for p in [*before, *declared] if not p.kw_only and not p.star]
    mine = [p.field for p in plan.parameters if p.field and not p.kw_only and not p.star]
    optional = [p.default is not None for p in fields]
    return [p.field for p in fields][: len(mine)] == mine and optional == sorted(optional)


def _inline(plan: ClassPlan, value: ast.expr, call: ast.Call) -> None:
    """The base's fields are set before setup runs: what they are computed from goes with them."""
    init, names = plan.init, plan.cls.file.names
    assert init is not None
    scope = names.scopes[init]
    for node in walk(value):
        if (
            not isinstance(node, ast.Name)
            or not isinstance(node.ctx, ast.Load)
            or node in plan.inlined
        ):
            continue
        found = names.scope_of[node].lookup(node.id)
        if found is None or found[0] is not scope:
            continue
        places = [n for n in found[1].nodes if not isinstance(n, ast.arg)]
        if not places or node.id == "name":
            continue
        step = names.parent.get(places[0])
        if names.enclosing(node, (ast.stmt,)) is step:  # `sizes = sizes or [3]`: the argument
            plan.inlined[node] = node.id
            continue
        branch = _changed_where(plan, node.id, found[1])
        if branch is not None and branch.lineno < call.lineno:
            value = branch.body[0].value  # type: ignore[attr-defined]
            plan.inlined[node] = value
            plan.where[node] = branch
            tested = [n for n in walk(branch.test) if isinstance(n, ast.Name) and n.id == node.id]
            plan.inlined.update(dict.fromkeys(tested, node.id))
            _inline(plan, value, call)
            uses = names.uses.get(id(found[1]), ())
            if all(u in plan.inlined or branch in names.ancestors(u) for u in uses):
                plan.dropped.add(branch)
            continue
        if (
            not (isinstance(step, ast.Assign) and len(places) == 1 and step.targets == places)
            or step not in init.body
            or step.lineno > call.lineno
            or _has_effect(step.value)
        ):
            message = f"super().__init__ gets {node.id!r}, which the constructor computes in steps"
            plan.problems.append((node, "HK102", message))
            return
        plan.inlined[node] = step.value
        _inline(plan, step.value, call)
        uses = names.uses.get(id(found[1]), ())
        if all(u in plan.inlined or names.enclosing(u, (ast.stmt,)) is step for u in uses):
            plan.dropped.add(step)


def _changed_where(plan: ClassPlan, name: str, binding: Binding) -> ast.If | None:
    """The `if name is None: name = value`, or another test, that is all that binds a parameter.

    linen may run `__post_init__` again, so the test must come out the same or be of that form.
    """
    names = plan.cls.file.names
    places = [n for n in binding.nodes if not isinstance(n, ast.arg)]
    step = names.parent.get(places[0]) if len(places) == 1 else None
    around = names.parent.get(step) if step is not None else None
    if not isinstance(step, ast.Assign) or not isinstance(around, ast.If):
        return None
    match around.test:
        case ast.Compare(ast.Name(id=tested), [ast.Is()], [ast.Constant(value=None)]):
            again = tested == name
        case _:
            read = {n.id for n in walk(around.test) if isinstance(n, ast.Name)}
            bound = names.scopes[plan.init].bindings if plan.init is not None else {}
            own = {p.name for p in plan.parameters if p.field and len(bound[p.name].nodes) == 1}
            again = name not in read and read <= own and not _calls(around.test)
    assert plan.init is not None
    alone = around.body == [step] and not around.orelse and step.targets == places
    has_parameter = len(binding.nodes) == 2 and any(p.name == name for p in plan.parameters)
    pure = not _has_effect(step.value) and around in plan.init.body
    # What reads it before the test would read the field, which holds the new value by then.
    first = all(use.lineno >= around.lineno for use in names.uses.get(id(binding), []))
    return around if again and alone and has_parameter and pure and first else None


def _calls(node: ast.expr) -> bool:
    return any(isinstance(n, ast.Call | ast.NamedExpr) for n in walk(node))


def _has_effect(node: ast.expr) -> bool:
    """True where it matters that an expression is evaluated once: `hk.next_rng_key()`, layers."""
    return any(
        isinstance(n, ast.Attribute)
        and isinstance(n.value, ast.Name)
        and n.value.id in ("hk", "haiku")
        and not n.attr.startswith("initializers")
        for n in walk(node)
    )


def init_names(plan: ClassPlan) -> set[str]:
    """The attributes and local names of a constructor, and the methods of its class."""
    names = set(plan.cls.methods)
    for node in walk(plan.init) if plan.init is not None else ():
        names |= {
            getattr(node, "id", ""),
            getattr(node, "attr", ""),
            getattr(node, "arg", "") or "",
        }
    return names


def _redeclared(
    plan: ClassPlan, base_fields: list[Parameter], own: dict[str, Parameter]
) -> list[Parameter]:
    """The base fields again; None stands for what this class computes.

    They stay arguments of linen's constructor, which copies modules by passing all fields.
    """
    result = []
    for parameter in base_fields:
        filled = plan.spread and parameter.default is None
        if (parameter.field in plan.computed or filled) and parameter.name not in own:
            result.append(replace(parameter, default=ast.Constant(None), node=None))
        else:
            result.append(own.get(parameter.name, parameter))
    return result


def _same(a: ast.expr | None, b: ast.expr | None) -> bool:
    if a is None or b is None:
        return a is b
    return ast.dump(a) == ast.dump(b)


def hands_on(plan: ClassPlan, vararg: ast.arg) -> bool:
    """True for `def __init__(self, *args): super().__init__(*args)`, all positions as they are."""
    init, names = plan.init, plan.cls.file.names
    assert init is not None
    uses = names.uses.get(id(names.scopes[init].bindings[vararg.arg]), [])
    if len(uses) != 1 or len([*init.args.posonlyargs, *init.args.args]) != 1:
        return False
    star = names.parent[uses[0]]
    call = names.parent.get(star)
    return (
        isinstance(star, ast.Starred)
        and isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and is_super(call.func.value)
        and call.args == [star]
    )


def _is_changed(plan: ClassPlan, mapping: ast.expr) -> bool:
    """True when a constructor puts something into a mapping, takes it out, or binds it again."""
    names = plan.cls.file.names
    binding = names.binding(mapping) if isinstance(mapping, ast.Name) else None
    if binding is None or len(binding.nodes) > 1:
        return True
    parents = [names.parent[use] for use in names.uses.get(id(binding), [])]
    return any(
        (isinstance(p, ast.Subscript) and not isinstance(p.ctx, ast.Load))
        or (isinstance(p, ast.Attribute) and p.attr in _CHANGES)
        for p in parents
    )


def only_forwarded(plan: ClassPlan, binding: Binding) -> bool:
    """True when **kwargs goes to super().__init__ and nowhere else."""
    uses = plan.cls.file.names.uses.get(id(binding), [])
    parents = [plan.cls.file.names.parent[u] for u in uses]
    return all(
        isinstance(p, ast.keyword)
        and isinstance(c := plan.cls.file.names.parent[p], ast.Call)
        and isinstance(c.func, ast.Attribute)
        and is_super(c.func.value)
        for p in parents
    )
