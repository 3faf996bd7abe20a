"""Which `name=` arguments stay.

Haiku makes a repeated name unique by itself; linen raises. A name is kept where it can be seen to
be used once in its scope, and left out otherwise: linen then numbers the modules itself, which
keeps them as separate as Haiku does.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cached_property

from hk2flax.plan.class_plan import ClassPlan
from hk2flax.plan.methods import Methods
from hk2flax.plan.name_pools import NamePools, pattern
from hk2flax.plan.reserved import RESERVED
from hk2flax.project.creates import (
    TRANSFORMS,
    Creators,
    called_functions,
    class_around,
    function_around,
    method_around,
)
from hk2flax.project.index import Class, File, Project
from hk2flax.project.scopes import COMPREHENSIONS, FUNCTIONS, LOOPS
from hk2flax.project.walk import walk

# Parameters and state share the namespace of submodules in linen.
_STORAGE = ("haiku.get_parameter", "haiku.get_state", "haiku.set_state")


@dataclass
class NamePlan:
    """Names given by class (or by function outside classes), and the calls of each function.

    `repeated` methods run in their caller's frame; `scoped` ones start all names afresh.
    `forwarded` are functions with the parameter that they hand on as a name; `handed_on` those
    that are used as values.
    """

    project: Project
    creators: Creators
    plans: dict[str, ClassPlan]
    pools: NamePools = field(default_factory=NamePools)
    sites: dict[ast.AST, list[tuple[File, ast.Call]]] = field(default_factory=dict)
    taken: dict[str, set[str]] = field(default_factory=dict)
    repeated: set[ast.AST] = field(default_factory=set)
    scoped: set[ast.AST] = field(default_factory=set)
    forwarded: dict[ast.AST, str] = field(default_factory=dict)
    handed_on: set[ast.AST] = field(default_factory=set)

    def pool(self, file: File, node: ast.AST) -> object:
        """What shares a linen scope with `node`: its class, else its function, else the file.

        Names in a scoped method are counted apart: they meet those of the class that are not.
        """
        method = method_around(file, node)
        owner = class_around(self.project, file, node)
        if method is not None and owner is not None and owner.name in self.plans:
            return owner.name
        return function_around(file, node) or file.tree

    def place(self, file: File, node: ast.AST) -> object:
        """Where a name is counted: in the pool, or in the scoped method around it."""
        method = method_around(file, node)
        return method if method in self.scoped else self.pool(file, node)

    def keeps(self, file: File, call: ast.Call, value: ast.expr) -> bool:
        """True when the name given to this module construction is unique in its linen scope."""
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return self._is_unique(file, call, value.value)
        if not isinstance(value, ast.JoinedStr | ast.BinOp | ast.Call | ast.Name):
            return False
        names = {n.id for n in walk(value) if isinstance(n, ast.Name)}
        if any(
            isinstance(n, ast.Attribute) and n.attr in ("name", "module_name") for n in walk(value)
        ):
            return False
        if names & self._naming_names.get(function_around(file, call), set()):
            return False
        loop = self.loop(file, call)
        if loop is not None and not names & _targets(loop):
            return False
        if isinstance(value, ast.Name) and loop is None:
            return self._is_named_by_callers(file, call, value)
        if self._named_by_caller(file, call, names):
            return True
        text = self.text(file, call, value)
        return self._runs_once(file, call) and (text is None or self._count(file, call, text) == 1)

    def text(self, file: File, call: ast.AST, value: ast.expr) -> str | None:
        """A name with gaps, see `pattern`; parameters that every call gives alike are filled in."""
        function = function_around(file, call)
        if not isinstance(function, ast.FunctionDef) or function is method_around(file, call):
            return pattern(value, {})
        known: dict[str, str] = {}
        sites: list[ast.Call | None] = [site for _, site in self.sites.get(function, [])]
        for name in {n.id for n in walk(value) if isinstance(n, ast.Name)}:
            values = {
                getattr(given_name(function, site, name), "value", None) for site in sites or [None]
            }
            only = values.pop() if len(values) == 1 else None
            if isinstance(only, str) and len(file.names.scopes[function].bindings[name].nodes) == 1:
                known[name] = only
        return pattern(value, known)

    def is_alias(self, file: File, func: ast.expr) -> bool:
        """True for `Dense` after `Dense = hk.Linear` or `Dense = partial(hk.Linear, ...)`."""
        binding = file.names.binding(func) if isinstance(func, ast.Name) else None
        if binding is None or len(binding.nodes) != 1:
            return False
        statement = file.names.parent.get(binding.nodes[0])
        value = statement.value if isinstance(statement, ast.Assign) else None
        if isinstance(value, ast.Call) and value.args:
            is_partial = self.project.name(file, value.func) == "functools.partial"
            value = value.args[0] if is_partial else None
        return value is not None and self.creators.is_module_class(self.project.name(file, value))

    def _is_unique(self, file: File, call: ast.Call, name: str) -> bool:
        return (
            self.loop(file, call) is None
            and method_around(file, call) not in self.repeated
            and self._count(file, call, name) == 1
            and all(self.is_free_in(place, name) for place in self._places(file, call))
            and self.is_free(file, call, name)
        )

    def _count(self, file: File, call: ast.AST, name: str) -> int:
        """How often a name is given in the scope of a call, at most."""
        used = self.pools.count(self.pool(file, call), name)
        if (method := method_around(file, call)) in self.scoped:
            used += self.pools.count(method, name)
        return used

    def _places(self, file: File, call: ast.AST) -> set[object]:
        """The classes and functions in whose scope a call may run."""
        return self.pools.around(self.pool(file, call))

    def _is_named_by_callers(self, file: File, call: ast.Call, value: ast.Name) -> bool:
        """True for `name=name` in a function that its callers give names which occur once."""
        function = function_around(file, call)
        if function is None or self.forwarded.get(function) != value.id:
            return False
        if function in self.handed_on:  # `partial(conv, name="x")` gives it any number of times
            return False
        for site_file, site in self.sites.get(function, []):
            given = given_name(function, site, value.id)
            if isinstance(given, ast.Constant) and given.value is None:
                continue
            if given is None or isinstance(given, ast.Name):
                return False
            if not self.keeps(site_file, site, given):
                return False
        return True

    @cached_property
    def _naming_names(self) -> dict[ast.AST | None, set[str]]:
        """By constructor, the local names that are not there any more."""
        plans = [plan for plan in self.plans.values() if plan.init]
        return {plan.init: plan.naming_names | {"name"} for plan in plans}

    def is_free(self, file: File, call: ast.Call, name: str) -> bool:
        """True when no field, attribute or method has the name."""
        owner = class_around(self.project, file, call)
        if (
            owner is not None
            and method_around(file, call) is not None
            and name in self._taken(owner)
        ):
            return False
        return name not in RESERVED and name != "params" and name.isidentifier()

    def is_free_in(self, place: object, name: str) -> bool:
        """True when a class, where `place` is one, has nothing of this name."""
        cls = self.project.classes.get(place) if isinstance(place, str) else None
        return cls is None or name not in self._taken(cls)

    def _taken(self, owner: Class) -> set[str]:
        """The names that fields, attributes and methods of a class and its relatives have."""
        if owner.name not in self.taken:
            taken: set[str] = set()
            for cls in [*self.project.mro(owner.name), *self.project.subclasses(owner.name)]:
                taken |= set(cls.methods)
                plan = self.plans.get(cls.name)
                if plan is not None:
                    taken |= {p.field for p in plan.parameters}
                    taken |= {
                        plan.renames.get(n.attr, n.attr)
                        for n in walk(cls.node)
                        if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)
                    }
            self.taken[owner.name] = taken
        return self.taken[owner.name]

    def loop(self, file: File, node: ast.AST) -> ast.AST | None:
        """The loop or comprehension around a node, inside its function."""
        inner = node
        for outer in file.names.ancestors(node):
            if isinstance(outer, FUNCTIONS):
                return None
            if isinstance(outer, LOOPS):
                first = isinstance(outer, COMPREHENSIONS) and outer.generators[0].iter is inner
                if not first and inner is not getattr(outer, "iter", None):
                    return outer
            inner = outer
        return None

    def _runs_once(self, file: File, node: ast.AST) -> bool:
        """True when the function around runs at most once in a linen scope."""
        function = function_around(file, node)
        method = method_around(file, node)
        if function is None or function is method:
            return function not in self.repeated
        sites = self.sites.get(function, [])
        return len(sites) <= 1 and all(self.loop(f, c) is None for f, c in sites)

    def _named_by_caller(self, file: File, node: ast.AST, names: set[str]) -> bool:
        """True when a function builds names from a parameter that every call gives differently."""
        function = function_around(file, node)
        if not isinstance(function, ast.FunctionDef):
            return False
        arguments = [a.arg for a in [*function.args.args, *function.args.kwonlyargs]]
        chosen = [a for a in arguments if a in names]
        if not chosen:
            return False
        seen: set[str] = set()
        for site_file, call in self.sites.get(function, []):
            given = {k.arg: k.value for k in call.keywords}
            given |= dict(zip(arguments, call.args, strict=False))
            values = [given[a] for a in chosen if a in given]
            loop = self.loop(site_file, call)
            text = "|".join(ast.dump(v) for v in values)
            used = {n.id for v in values for n in walk(v) if isinstance(n, ast.Name)}
            if not values or text in seen or (loop is not None and not used & _targets(loop)):
                return False
            seen.add(text)
        return bool(seen)


def _targets(loop: ast.AST) -> set[str]:
    if isinstance(loop, ast.For | ast.AsyncFor):
        places: list[ast.AST] = [loop.target]
    elif isinstance(loop, COMPREHENSIONS):
        places = [g.target for g in loop.generators]
    else:
        return set()
    return {n.id for p in places for n in walk(p) if isinstance(n, ast.Name)}


def plan_names(
    project: Project, creators: Creators, plans: dict[str, ClassPlan], methods: Methods
) -> NamePlan:
    """Collects all names that are given, and all call sites of the project."""
    result = NamePlan(project, creators, plans, repeated=methods.repeated, scoped=methods.scoped)
    for file in project.files.values():
        for call in file.names.of(ast.Call):
            name = project.name(file, call.func)
            if name in project.functions:
                result.sites.setdefault(project.functions[name][0], []).append((file, call))
            elif creators.is_module_class(name):
                _find_forwarding(result, file, call)
    for file in project.files.values():
        for call in file.names.of(ast.Call):
            name = project.name(file, call.func)
            values: list[ast.expr] = []
            if name in project.functions:
                function = project.functions[name][0]
                if function in result.forwarded:
                    values = [given_name(function, call, result.forwarded[function]) or call]
            if name in _STORAGE:
                values = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "name")]
            elif creators.is_module_class(name) or result.is_alias(file, call.func):
                values = [k.value for k in call.keywords if k.arg == "name"]
                values += _positional_name(call, plans.get(name))
            for value in values:
                text = result.text(file, call, value)
                if text is not None:
                    result.pools.give(result.place(file, call), text)
        _note_calls(result, file)
    return result


def _note_calls(plan: NamePlan, file: File) -> None:
    """Which functions run in the scope of which: those called, and those handed to `jax.vmap`."""
    names = file.names
    for node in names.qualified:
        found = plan.project.functions.get(plan.project.name(file, node))
        parent = names.parent.get(node)
        if found is None:
            continue
        if not isinstance(parent, ast.Call) or parent.func is not node:
            plan.handed_on.add(found[0])
        if isinstance(parent, ast.List | ast.Tuple | ast.Dict):
            if names.enclosing(node, (ast.Return, ast.Lambda, ast.Call)) is None:
                # A table: what is in it may run any number of times.
                plan.pools.run(("table", id(node)), found[0], True)
        elif not isinstance(parent, ast.Call):
            continue
        elif parent.func is node or names.qualified.get(parent.func) not in TRANSFORMS:
            handed_on = parent.func is not node and (
                plan.project.name(file, parent.func) in plan.project.functions
            )
            plan.pools.run(
                plan.place(file, parent), found[0], handed_on or _often(plan, file, parent)
            )
    for call in names.of(ast.Call):
        for function in called_functions(plan.project, file, call):
            if isinstance(function, ast.Lambda) and function is not call.func:
                plan.pools.run(plan.place(file, call), function, _often(plan, file, call))


def _often(plan: NamePlan, file: File, call: ast.Call) -> bool:
    """True in a loop, and in a method that runs in its caller's frame."""
    return plan.loop(file, call) is not None or method_around(file, call) in plan.repeated


def _find_forwarding(plan: NamePlan, file: File, call: ast.Call) -> None:
    """Notes `def conv(size, name=None): return hk.Linear(size, name=name)`, once in a function."""
    function = function_around(file, call)
    if not isinstance(function, ast.FunctionDef) or method_around(file, call) is not None:
        return
    for value in [k.value for k in call.keywords if k.arg == "name"]:
        binding = file.names.binding(value) if isinstance(value, ast.Name) else None
        if binding is None or not isinstance(value, ast.Name):
            continue
        is_own = (
            len(binding.nodes) == 1 and file.names.parent.get(binding.nodes[0]) is function.args
        )
        # Twice, or in a loop: an id that no parameter has.
        is_once = function not in plan.forwarded and plan.loop(file, call) is None
        plan.forwarded[function] = value.id if is_own and is_once else ""


def given_name(function: ast.AST, call: ast.Call | None, parameter: str) -> ast.expr | None:
    """What a call, if any, gives for a parameter, else its default; None where neither is seen."""
    if not isinstance(function, ast.FunctionDef):
        return None
    args = function.args
    positional = [a.arg for a in [*args.posonlyargs, *args.args]]
    if call is not None:
        if any(isinstance(a, ast.Starred) for a in call.args) or None in _keywords(call):
            return None
        given = dict(zip(positional, call.args, strict=False)) | _keywords(call)
        if parameter in given:
            return given[parameter]
    defaults = dict(zip(positional[::-1], args.defaults[::-1], strict=False))
    pairs = zip(args.kwonlyargs, args.kw_defaults, strict=True)
    defaults |= {a.arg: default for a, default in pairs if default is not None}
    return defaults.get(parameter)


def _keywords(call: ast.Call) -> dict[str | None, ast.expr]:
    return {k.arg: k.value for k in call.keywords}


def _positional_name(call: ast.Call, plan: ClassPlan | None) -> list[ast.expr]:
    if plan is None:
        return []
    names = [p.name for p in plan.parameters if not p.kw_only]
    if "name" in names and names.index("name") < len(call.args):
        return [call.args[names.index("name")]]
    return []
