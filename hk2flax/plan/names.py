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
from hk2flax.plan.reserved import RESERVED
from hk2flax.project.creates import Creators, class_around, function_around, method_around
from hk2flax.project.index import Class, File, Project
from hk2flax.project.scopes import COMPREHENSIONS, FUNCTIONS, LOOPS
from hk2flax.project.walk import walk

# Parameters and state share the namespace of submodules in linen.
_STORAGE = ("haiku.get_parameter", "haiku.get_state", "haiku.set_state")


@dataclass
class NamePlan:
    """Literal names by class (or by function outside classes), and the calls of each function.

    `repeated` methods run in their caller's frame; `scoped` ones start all names afresh.
    """

    project: Project
    creators: Creators
    plans: dict[str, ClassPlan]
    literals: dict[object, dict[str, int]] = field(default_factory=dict)
    sites: dict[ast.AST, list[tuple[File, ast.Call]]] = field(default_factory=dict)
    taken: dict[str, set[str]] = field(default_factory=dict)
    repeated: set[ast.AST] = field(default_factory=set)
    scoped: set[ast.AST] = field(default_factory=set)

    def pool(self, file: File, node: ast.AST) -> object:
        """What shares a linen scope with `node`: its class, else its function, else the file.

        Names in a scoped method are counted apart: they meet those of the class that are not.
        """
        method = method_around(file, node)
        owner = class_around(self.project, file, node)
        if method is not None and owner is not None and owner.name in self.plans:
            return owner.name
        return function_around(file, node) or file.tree

    def keeps(self, file: File, call: ast.Call, value: ast.expr) -> bool:
        """True when the name given to this module construction is unique in its linen scope."""
        loop = self.loop(file, call)
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            used = self.literals.get(self.pool(file, call), {}).get(value.value, 0)
            if (method := method_around(file, call)) in self.scoped:
                used += self.literals.get(method, {}).get(value.value, 0)
            if loop is not None or used != 1 or not self.is_free(file, call, value.value):
                return False
            return self._runs_once(file, call)
        if not isinstance(value, ast.JoinedStr | ast.BinOp | ast.Call | ast.Name):
            return False
        names = {n.id for n in walk(value) if isinstance(n, ast.Name)}
        if any(
            isinstance(n, ast.Attribute) and n.attr in ("name", "module_name") for n in walk(value)
        ):
            return False
        if names & self._naming_names.get(function_around(file, call), set()):
            return False
        if loop is not None and not names & _targets(loop):
            return False
        if isinstance(value, ast.Name) and loop is None:
            return False
        return self._runs_once(file, call) or self._named_by_caller(file, call, names)

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
    """Collects all literal names and all call sites of the project."""
    result = NamePlan(project, creators, plans, repeated=methods.repeated, scoped=methods.scoped)
    for file in project.files.values():
        for node in file.names.of(ast.Call):
            name = project.name(file, node.func)
            if name in project.functions:
                result.sites.setdefault(project.functions[name][0], []).append((file, node))
            if name in _STORAGE:
                values = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "name")]
            elif creators.is_module_class(name):
                values = [k.value for k in node.keywords if k.arg == "name"]
                values += _positional_name(node, plans.get(name))
            else:
                continue
            for value in values:
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    method = method_around(file, node)
                    place = method if method in result.scoped else result.pool(file, node)
                    pool = result.literals.setdefault(place, {})
                    pool[value.value] = pool.get(value.value, 0) + 1
    return result


def _positional_name(call: ast.Call, plan: ClassPlan | None) -> list[ast.expr]:
    if plan is None:
        return []
    names = [p.name for p in plan.parameters if not p.kw_only]
    if "name" in names and names.index("name") < len(call.args):
        return [call.args[names.index("name")]]
    return []
