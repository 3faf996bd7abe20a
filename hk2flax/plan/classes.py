"""How one Haiku module class becomes a linen dataclass: fields, setup, and what is left over.

The constructor's parameters become fields; `self.x = x` disappears; everything else in `__init__`
moves to `setup`, where the parameters are read from the fields (Flax documentation, "Module
lifecycle").
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from hk2flax.plan.reflection import reflection_problems
from hk2flax.catalog import lookup
from hk2flax.catalog.model import Symbol
from hk2flax.catalog.signatures import parse_signature
from hk2flax.plan.reserved import RESERVED, free_name
from hk2flax.project.creates import Creators, called_functions, is_super, self_name
from hk2flax.project.index import Class, Project
from hk2flax.project.scopes import Binding

_GROWS = frozenset("append extend insert update setdefault add pop remove clear".split())


@dataclass(frozen=True)
class Parameter:
    """A constructor parameter. `field` is the dataclass field it becomes ("" for `name`).

    `star` is "*" or "**" for a parameter that collects arguments: its field holds them all.
    """

    name: str
    field: str
    annotation: ast.expr | None = None
    default: ast.expr | None = None
    kw_only: bool = False
    node: ast.AST | None = None
    star: str = ""


@dataclass(eq=False)
class ClassPlan:
    """The decisions for one class.

    extends_layer: the base is a layer of Haiku, which becomes its helper. base_setup: some base
    class has a setup().
    parameters: the constructor's, in Haiku's order, without self.
    own_fields: those that this class declares. kw_only: they are declared keyword-only.
    computed: base fields whose value this class computes, by field name. spread: the `**mappings`
    that it hands to the base constructor.
    renames: attribute of self -> its name in the output (own attributes; see `attribute`).
    dropped: statements of `__init__` that disappear. aliases: which of them stored a parameter.
    rebound: parameters that `__init__` assigns to, so setup starts with a local copy; `copied` are
        those whose list or dict it changes in place, which linen froze ("list" or "dict").
    grown: attributes that `__init__` builds up step by step or assigns twice -> local name;
        `unset` are those of them that may remain without a value.
    mutable: attributes assigned outside `__init__`.
    keeps_setup: some statement of `__init__` is left. base_setup: `super().setup()` is called.
    problems: (node, code, message) for what cannot be converted; the class is left in place.
    """

    cls: Class
    init: ast.FunctionDef | None = None
    is_dataclass: bool = False
    extends_layer: bool = False
    base_setup: bool = False
    parameters: list[Parameter] = field(default_factory=list)
    own_fields: list[Parameter] = field(default_factory=list)
    kw_only: bool = False
    computed: dict[str, ast.expr] = field(default_factory=dict)
    spread: list[ast.expr] = field(default_factory=list)
    renames: dict[str, str] = field(default_factory=dict)
    dropped: set[ast.stmt] = field(default_factory=set)
    aliases: dict[str, ast.stmt] = field(default_factory=dict)
    rebound: list[str] = field(default_factory=list)
    copied: dict[str, str] = field(default_factory=dict)
    grown: dict[str, str] = field(default_factory=dict)
    unset: set[str] = field(default_factory=set)
    mutable: set[str] = field(default_factory=set)
    super_call: ast.stmt | None = None
    problems: list[tuple[ast.AST, str, str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The canonical name of the class."""
        return self.cls.name

    def assigned_in(self, methods: Iterable[ast.FunctionDef]) -> set[str]:
        """The attributes of self that methods other than the constructor assign."""
        constructors = (self.init, self.cls.methods.get("__init__"))
        return {
            target.attr
            for method in methods
            if method not in constructors
            for target in _stores(method, self_name(method))
        }

    @property
    def keeps_setup(self) -> bool:
        """True when statements of `__init__` are left for setup."""
        if self.init is None:
            return False
        return any(s not in self.dropped and not _is_docstring(s) for s in self.init.body)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def plan_class(project: Project, creators: Creators, cls: Class, plans: dict[str, ClassPlan]) -> ClassPlan:
    """Plans one module class; its module bases must be in `plans` already."""
    plan = ClassPlan(cls)
    plan.is_dataclass = any(
        (project.name(cls.file, d.func if isinstance(d, ast.Call) else d)).startswith("dataclasses.dataclass")
        for d in cls.node.decorator_list
    )
    base = next((plans[b] for b in cls.bases if b in plans), None)
    plan.base_setup = any(
        plans[c.name].keeps_setup or plans[c.name].mutable for c in project.mro(cls.name) if c.name in plans
    )
    if base is None:
        layer = next((symbol for b in cls.bases if (symbol := lookup(b)) and symbol.kind == "layer"), None)
        if layer is not None and layer.signature:
            base, plan.extends_layer = _layer_plan(cls, layer), True
    plan.init = cls.methods.get("__init__")
    if plan.is_dataclass:
        _plan_dataclass(plan, base)
    elif plan.init is not None:
        _plan_init(project, creators, plan, base)
    elif base is not None:
        plan.parameters = base.parameters
    _plan_mutable(plan)
    _check_class_body(plan)
    plan.problems += reflection_problems(project, creators, plan)
    return plan


def _layer_plan(cls: Class, layer: Symbol) -> ClassPlan:
    """The constructor of a Haiku layer that is subclassed: its helper has the same fields."""
    signature = parse_signature(layer.signature)
    plan = ClassPlan(cls)
    plan.parameters = [
        Parameter(name, "" if name == "name" else name, None, signature.defaults.get(name), name in signature.keyword_only)
        for name in [*signature.positional, *signature.keyword_only]
    ]
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
            if _is_super_call(node, "__post_init__"):
                plan.dropped.add(node)
        fields = {p.field for p in plan.parameters}
        for target in _stores(plan.init, self_name(plan.init)):
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
    plan.parameters = _parameters(init, taken)
    kwarg = init.args.kwarg
    if kwarg is not None and _only_forwarded(plan, scope.bindings[kwarg.arg]):
        plan.parameters = [p for p in plan.parameters if p.star != "**"]
    _plan_super(project, plan, base)
    if plan.own_fields and all(p.kw_only and not p.star for p in plan.own_fields):
        plan.kw_only = True
    by_name = {p.name: p for p in plan.parameters}
    plan.copied = _changed_parameters(plan, by_name)
    plan.rebound = [
        p.name
        for p in plan.parameters
        if p.field
        and p.name in scope.bindings
        and (len(scope.bindings[p.name].nodes) > 1 or p.name in plan.copied)
    ]
    stores: dict[str, list[ast.Attribute]] = {}
    for target in _stores(init, me):
        stores.setdefault(target.attr, []).append(target)
    _plan_aliases(plan, by_name, stores, me)
    _plan_attributes(plan, by_name, stores, taken)
    _plan_grown(plan, me, stores)
    _plan_rebuilt(project, creators, plan, stores)
    _check_name_use(plan, by_name)


def _parameters(init: ast.FunctionDef, taken: set[str]) -> list[Parameter]:
    args = init.args
    positional = [*args.posonlyargs, *args.args][1:]
    missing = len(positional) - len(args.defaults)
    defaults: list[ast.expr | None] = [*([None] * missing), *args.defaults[max(-missing, 0) :]]
    every = [(a, d, False) for a, d in zip(positional, defaults, strict=True)]
    every += [(a, d, True) for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True)]
    result = []
    for arg, default, kw_only in every:
        name = "" if arg.arg == "name" else arg.arg
        if name in RESERVED:
            name = free_name(name, taken)
        result.append(Parameter(arg.arg, name, arg.annotation, default, kw_only, arg))
    for star, collected, empty in (("*", args.vararg, ast.Tuple([], ast.Load())), ("**", args.kwarg, ast.Dict([], []))):
        if collected is not None:
            result.append(Parameter(collected.arg, collected.arg, None, empty, True, collected, star))
    return result


def _stores(function: ast.FunctionDef, me: str) -> list[ast.Attribute]:
    """The `self.x` that a method assigns to, in source order."""
    return [
        n
        for n in ast.walk(function)
        if isinstance(n, ast.Attribute)
        and isinstance(n.ctx, ast.Store)
        and isinstance(n.value, ast.Name)
        and n.value.id == me
    ]


def _is_super_call(node: ast.stmt, method: str = "__init__") -> bool:
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        return False
    func = node.value.func
    return isinstance(func, ast.Attribute) and func.attr == method and _is_base(func.value)


def _is_base(node: ast.expr) -> bool:
    """`super()` or the class spelled out: `hk.Module.__init__(self, name)`."""
    return is_super(node) or isinstance(node, ast.Name | ast.Attribute)


def _plan_super(project: Project, plan: ClassPlan, base: ClassPlan | None) -> None:
    init = plan.init
    assert init is not None
    calls = [s for s in init.body if _is_super_call(s)]
    nested = [s for s in ast.walk(init) if isinstance(s, ast.stmt) and _is_super_call(s)]
    if len(nested) != len(calls) or len(calls) > 1:
        plan.problems.append((nested[0], "HK102", "super().__init__ is called conditionally or twice"))
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
    if not plan.extends_layer and not plan.base_setup:
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
    if any(isinstance(a, ast.Starred) for a in arguments) or len(arguments) > len(names):
        plan.problems.append((call, "HK102", "super().__init__ gets arguments that cannot be counted"))
        return
    given.update(zip(names, arguments, strict=False))
    forwards = False
    for keyword in call.keywords:
        if keyword.arg is None:
            value = keyword.value
            forwards = bool(
                init.args.kwarg and isinstance(value, ast.Name) and value.id == init.args.kwarg.arg
            )
            if not forwards:
                plan.spread.append(value)
        else:
            given[keyword.arg] = keyword.value
    own = {p.name: p for p in plan.parameters}
    base_fields = [p for p in base.parameters if p.field]
    order = [p.name for p in base_fields]
    redeclare: list[Parameter] = []
    value: ast.expr | None
    for parameter in base_fields:
        value = given.get(parameter.name)
        mine = own.get(parameter.name)
        if value is None and mine is not None and not plan.spread:
            plan.problems.append(
                (call, "HK102", f"{parameter.name!r} means one thing here and another in the base class")
            )
        elif isinstance(value, ast.Name) and value.id == parameter.name and mine is not None:
            same = _same(mine.default, parameter.default)
            redeclare.append(mine)
            if same:
                redeclare.pop()
        elif value is not None:
            plan.computed[parameter.field] = value
            if mine is not None:  # linen may run __post_init__ again: the argument stays beside it
                taken = {*init_names(plan), *(p.field for p in [*plan.parameters, *base.parameters])}
                apart = replace(mine, field=free_name(mine.name, taken))
                plan.parameters[plan.parameters.index(mine)] = apart
                del own[mine.name]
    inherited = {p.name for p in base_fields} & set(own)
    extra = [p for p in plan.parameters if p.field and p.name not in inherited]
    if forwards:
        known = {p.name for p in plan.parameters}
        plan.parameters += [p for p in base.parameters if p.name not in known and p.name not in given]
    mine_order = [p.name for p in plan.parameters if p.field]
    by_keyword = all(p.kw_only for p in [*base_fields, *extra])
    in_order = by_keyword or mine_order[: len(order)] == order
    simple = in_order and not plan.computed and not plan.spread and not redeclare
    plan.kw_only = not simple
    plan.own_fields = extra if simple else [*_redeclared(plan, base_fields, own), *extra]
    if simple:
        required_after_default = any(p.default is not None for p in base_fields) and any(
            p.default is None for p in extra
        )
        plan.kw_only = required_after_default


def init_names(plan: ClassPlan) -> set[str]:
    """The attributes and local names of a constructor, and the methods of its class."""
    names = set(plan.cls.methods)
    for node in ast.walk(plan.init) if plan.init is not None else ():
        names |= {getattr(node, "id", ""), getattr(node, "attr", ""), getattr(node, "arg", "") or ""}
    return names


def _redeclared(plan: ClassPlan, base_fields: list[Parameter], own: dict[str, Parameter]) -> list[Parameter]:
    """The base fields again, keyword-only: positions in the base class no longer bind here."""
    result = []
    for parameter in base_fields:
        filled = plan.spread and parameter.default is None and parameter.name not in own
        if parameter.field in plan.computed or filled:
            none = ast.Constant(None)
            result.append(Parameter(parameter.name, parameter.field, parameter.annotation, none))
        else:
            result.append(own.get(parameter.name, parameter))
    return result


def _same(a: ast.expr | None, b: ast.expr | None) -> bool:
    if a is None or b is None:
        return a is b
    return ast.dump(a) == ast.dump(b)


def _only_forwarded(plan: ClassPlan, binding: Binding) -> bool:
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


def _plan_aliases(
    plan: ClassPlan, by_name: dict[str, Parameter], stores: dict[str, list[ast.Attribute]], me: str
) -> None:
    """Finds `self.x = x` and `self._x = x`, which the fields make superfluous."""
    init = plan.init
    assert init is not None
    found: dict[str, list[tuple[str, ast.stmt]]] = {}
    for statement in init.body:
        pairs = _assigned_pairs(statement)
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
        if count == len(_assigned_pairs(statement)):
            plan.dropped.add(statement)
        else:  # `self.a, self.b = x, x`: keep it whole
            for parameter in [p for p, s in plan.aliases.items() if s is statement]:
                del plan.aliases[parameter]
                plan.renames = {a: f for a, f in plan.renames.items() if f != by_name[parameter].field}


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


def _assigned_pairs(statement: ast.stmt) -> list[tuple[ast.expr, ast.expr]]:
    """The (target, value) pairs of an assignment, tuples taken apart."""
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        return [(statement.target, statement.value)]
    if not isinstance(statement, ast.Assign):
        return []
    pairs: list[tuple[ast.expr, ast.expr]] = []
    for target in statement.targets:
        if isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
            pairs += zip(target.elts, statement.value.elts, strict=False)
        else:
            pairs.append((target, statement.value))
    return pairs


def _plan_attributes(
    plan: ClassPlan, by_name: dict[str, Parameter], stores: dict[str, list[ast.Attribute]], taken: set[str]
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


def _plan_grown(plan: ClassPlan, me: str, stores: dict[str, list[ast.Attribute]]) -> None:
    """Finds containers built step by step: linen freezes a list when it is assigned."""
    init, names = plan.init, plan.cls.file.names
    assert init is not None
    locals_ = set(names.scopes[init].bindings)
    for node in ast.walk(init):
        if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == me):
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
        if isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.Call):
            local = node.attr.lstrip("_") or "items"
            while local in locals_:
                local += "_"
            locals_.add(local)
            plan.grown[node.attr] = local
        elif value is None and not adds:
            plan.problems.append(
                (node, "HK102", f"self.{node.attr} of the base class is extended here; linen froze it")
            )


def _stored_value(plan: ClassPlan, target: ast.Attribute) -> ast.expr | None:
    """What an assignment stores in a target, tuples taken apart."""
    statement = plan.cls.file.names.enclosing(target, (ast.stmt,))
    pairs = _assigned_pairs(statement) if isinstance(statement, ast.stmt) else []
    return next((value for place, value in pairs if place is target), None)


_LIST_CHANGES = frozenset({"append", "extend", "insert", "remove"})
_DICT_CHANGES = frozenset({"update", "setdefault", "pop", "popitem"})


def _changed_parameters(plan: ClassPlan, by_name: dict[str, Parameter]) -> dict[str, str]:
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
            if isinstance(parent, ast.Attribute) and isinstance(call, ast.Call) and call.func is parent:
                if parent.attr in _LIST_CHANGES:
                    result[name] = "list"
                elif parent.attr in _DICT_CHANGES:
                    result[name] = "dict"
            elif isinstance(parent, ast.Subscript) and isinstance(parent.ctx, ast.Store | ast.Del):
                result[name] = "dict"
    return result


def _plan_rebuilt(
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
        if not again or attribute in plan.grown:
            continue
        statements = [names.enclosing(t, (ast.stmt,)) for t in targets]
        if not any(_builds(project, creators, plan, s) for s in statements if s is not None):
            continue
        local = attribute.lstrip("_") or "item"
        while local in locals_:
            local += "_"
        locals_.add(local)
        plan.grown[attribute] = local
        if statements[0] not in init.body:
            plan.unset.add(local)


def _builds(project: Project, creators: Creators, plan: ClassPlan, statement: ast.AST) -> bool:
    """True when a statement constructs a module, or calls something that does."""
    file = plan.cls.file
    calls = [n for n in ast.walk(statement) if isinstance(n, ast.Call)]
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
    return isinstance(shared, ast.If) and (inner[0] in shared.body) != (inner[1] in shared.body)


def _check_name_use(plan: ClassPlan, by_name: dict[str, Parameter]) -> None:
    """`name` is linen's own; using it for anything but names of submodules needs a person."""
    init, file = plan.init, plan.cls.file
    assert init is not None
    if "name" not in by_name or "name" not in file.names.scopes[init].bindings:
        return
    binding = file.names.scopes[init].bindings["name"]
    if len(binding.nodes) > 1:
        return
    for use in file.names.uses.get(id(binding), []):
        keyword = file.names.enclosing(use, (ast.keyword, ast.stmt))
        statement = file.names.enclosing(use, (ast.stmt,))
        in_super = isinstance(statement, ast.Expr) and _is_super_call(statement)
        if in_super or (isinstance(keyword, ast.keyword) and keyword.arg == "name"):
            continue
        plan.problems.append((use, "HK102", "the constructor uses its `name` as a value"))


def _plan_mutable(plan: ClassPlan) -> None:
    """Attributes that methods assign: a bound linen module cannot change its attributes."""
    plan.mutable = plan.assigned_in(plan.cls.methods.values())
    for attribute in plan.mutable:
        plan.grown.pop(attribute, None)


def _check_class_body(plan: ClassPlan) -> None:
    """Methods that linen has already, and second names of a method, which Haiku scopes apart."""
    methods = plan.cls.methods
    for name in sorted(set(methods) & (RESERVED - {"name"})):
        plan.problems.append((methods[name], "HK104", f"linen's Module has a method {name!r} of its own"))
    for statement in plan.cls.node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Name):
            if statement.value.id in methods:
                message = f"a second name for the method {statement.value.id!r}, which Haiku scopes apart"
                plan.problems.append((statement, "HK102", message))
