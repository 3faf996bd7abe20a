"""Which methods become `@nn.compact`, which need a scope of their own, and which need nothing.

In Haiku every method is a naming frame of its own: a helper that creates modules shares its weights
between all its calls. In linen a plain method creates in its caller's frame, and a compact method
restarts the names only when no other compact method of the same module is running
(measured; docs/semantics.md). So:

- submodules created in `__call__` only, or in one method only: `@nn.compact`;
- a helper called exactly once from a creating method: nothing, it is part of its caller;
- everything else (called twice, from several methods, recursive, overridden through super()):
  the helper `method_scope`, which gives the method a named child scope as Haiku does.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from hk2flax.plan.building import creates_inline
from hk2flax.plan.class_plan import ClassPlan
from hk2flax.plan.reads_outside import external_attributes
from hk2flax.plan.reflection import dynamic_reads
from hk2flax.plan.transparent import (
    NO_OPEN,
    TRANSPARENT,
    Open,
    calls_open,
    find_open,
    is_transparent,
)
from hk2flax.project.creates import (
    Creators,
    is_super,
    self_name,
)
from hk2flax.project.index import Class, File, Project
from hk2flax.project.scopes import LOOPS
from hk2flax.project.walk import walk

COMPACT, SCOPE, NOWRAP = "compact", "scope", "nowrap"
_NOT_FRAMES = ("staticmethod", "classmethod", *TRANSPARENT)


@dataclass(frozen=True)
class Site:
    """A use of `self.m`: where, whether it is a call, and whether it may run more than once."""

    caller: ast.FunctionDef
    is_call: bool
    repeated: bool
    through_super: bool


@dataclass
class Methods:
    """The decisions: `decoration` by method node; `setup_helpers` run from `__init__` only;
    `repeated` methods run in their caller's frame, perhaps several times; `scoped` ones start all
    names afresh.

    `external` are the attributes that some code reads on an object other than `self`: by name, the
    classes whose objects these are ("" where that is unknown); `open` are the transparent methods;
    `attribute_reads` the attributes that are read from `x.name`, by name.
    """

    decoration: dict[ast.AST, str] = field(default_factory=dict)
    creating: set[ast.AST] = field(default_factory=set)
    setup_helpers: set[ast.AST] = field(default_factory=set)
    repeated: set[ast.AST] = field(default_factory=set)
    scoped: set[ast.AST] = field(default_factory=set)
    external: dict[str, set[str]] = field(default_factory=dict)
    open: Open = NO_OPEN
    attribute_reads: dict[str, set[str]] = field(default_factory=dict)

    def read_outside(self, family: list[Class], attributes: Iterable[str]) -> set[str]:
        """Those of some attributes of these classes that code outside may read."""
        names = {"", *(c.name for c in family)}
        return {a for a in attributes if not names.isdisjoint(self.external.get(a, ()))}


def plan_methods(project: Project, creators: Creators, plans: dict[str, ClassPlan]) -> Methods:
    """Decides for every method of every module class."""
    result = Methods()
    result.external = external_attributes(project, creators)
    result.open = find_open(project, creators)
    for plan in plans.values():
        names = {*plan.renames, *plan.mutable, *plan.cls.methods}
        for pattern in dynamic_reads(plan.cls):
            for name in filter(pattern.fullmatch, names):
                result.external.setdefault(name, set()).add(plan.name)
    for file in project.files.values():
        for node in file.names.of(ast.Attribute):
            if isinstance(node.ctx, ast.Load):
                outer = file.names.parent[node]
                if isinstance(outer, ast.Attribute):
                    result.attribute_reads.setdefault(node.attr, set()).add(outer.attr)
    done: set[str] = set()
    for name in plans:
        family = family_of(project, name)
        key = min(c.name for c in family)
        if key not in done:
            done.add(key)
            names = {method for c in family for method in c.methods}
            external = result.read_outside(family, names)
            _plan_family(project, creators, family, external, result)
    return result


def family_of(project: Project, name: str) -> list[Class]:
    """All project classes connected to one by inheritance."""
    family: list[Class] = []
    work = [name]
    while work:
        cls = project.classes[work.pop()]
        if cls in family:
            continue
        family.append(cls)
        work += [b for b in cls.bases if b in project.classes]
        work += [c.name for c in project.subclasses(cls.name)]
    return family


def _plan_family(
    project: Project, creators: Creators, family: list[Class], external: set[str], result: Methods
) -> None:
    methods = [(c, m) for c in family for m in c.methods.values()]
    sites = _sites(family)
    inits = {m for _, m in methods if m.name in ("__init__", "__post_init__")}
    helpers = _setup_helpers(methods, sites, inits, external)
    result.setup_helpers |= helpers
    frames = {m: c for c, m in methods if m not in inits and m not in helpers}
    creating = {
        m
        for m, c in frames.items()
        if creates_inline(project, creators, c.file, m)
        or calls_open(project, c.file, m, result.open)
    }
    unframed = {m for m, c in frames.items() if m in creating and not _is_frame(c.file, m)}
    alike = {m: like for m, c in frames.items() if (like := _name_like(c.file, m)) is not None}
    inlined = _inline_once(frames, creating, unframed, sites, external, set(alike))
    framed = creating - unframed - inlined
    names_of_framed = {m.name for m in framed}
    for method in framed:
        if method in alike:  # its decorator, a helper, is the scope
            result.scoped.add(method)
            continue
        own_sites = sites.get(method.name, [])
        recursive = any(s.caller is method and not s.through_super for s in own_sites)
        if method.name == "__call__":
            recursive = recursive or _calls_itself(method)
        overridden = any(s.through_super for s in own_sites) and _several_create(
            framed, method.name
        )
        is_property = any(
            isinstance(d, ast.Name) and d.id == "property" for d in method.decorator_list
        )
        alone = names_of_framed == {method.name}
        shared = not {method.name, ""}.isdisjoint(alike.values())
        once = alone or method.name == "__call__"
        if recursive or overridden or is_property or shared or not once:
            result.decoration[method] = SCOPE
            result.scoped.add(method)
        else:
            result.decoration[method] = COMPACT
    scoped = not result.scoped.isdisjoint(framed)
    _plan_unframed(result, {*unframed, *inlined}, sites, scoped)
    # A transparent method that others call creates in the module that calls it, not in its own.
    for method in unframed:
        if is_transparent(frames[method].file, method):
            if method.name == "__call__" or method.name in external:
                result.decoration[method] = NOWRAP
    result.creating |= creating


def _plan_unframed(
    result: Methods, methods: set[ast.FunctionDef], sites: dict[str, list[Site]], scoped: bool
) -> None:
    """Methods that run in their caller's frame: linen must not make them a frame of the module.

    Inside `method_scope` the frame is a child of the module; a wrapped method would leave it.
    """
    for method in methods:
        own = sites.get(method.name, [])
        if len(own) > 1 or any(s.repeated for s in own):
            result.repeated.add(method)
        is_plain = method.name.startswith("__") or any(
            getattr(d, "id", "") in ("staticmethod", "classmethod") for d in method.decorator_list
        )
        if scoped and not is_plain:
            result.decoration[method] = NOWRAP


def _several_create(framed: set[ast.FunctionDef], name: str) -> bool:
    return sum(1 for m in framed if m.name == name) > 1


def _calls_itself(method: ast.FunctionDef) -> bool:
    me = self_name(method)
    return any(
        isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == me
        for n in walk(method)
    )


def _is_frame(file: File, method: ast.FunctionDef) -> bool:
    """Static methods, dunders and transparent methods run in their caller's frame (A4, A16)."""
    if method.name.startswith("__") and method.name.endswith("__") and method.name != "__call__":
        return False
    for decorator in method.decorator_list:
        name = file.names.qualified.get(decorator) or getattr(decorator, "id", "")
        if name in _NOT_FRAMES:
            return False
    return True


def _name_like(file: File, method: ast.FunctionDef) -> str | None:
    """The method whose names `@hk.name_like` makes a method share; "" for a name that varies."""
    for decorator in method.decorator_list:
        if isinstance(decorator, ast.Call) and decorator.args:
            name = file.names.qualified.get(decorator.func, "")
            if name in ("haiku.name_like", "haiku.experimental.name_like"):
                given = decorator.args[0]
                return str(given.value) if isinstance(given, ast.Constant) else ""
    return None


def _sites(family: list[Class]) -> dict[str, list[Site]]:
    sites: dict[str, list[Site]] = {}
    for cls in family:
        names = cls.file.names
        for method in cls.methods.values():
            me = self_name(method)
            for node in walk(method):
                if not isinstance(node, ast.Attribute):
                    continue
                own = isinstance(node.value, ast.Name) and node.value.id == me
                through_super = is_super(node.value)
                if not own and not through_super:
                    continue
                parent = names.parent.get(node)
                is_call = isinstance(parent, ast.Call) and parent.func is node
                site = Site(method, is_call, _is_repeated(cls.file, node, method), through_super)
                sites.setdefault(node.attr, []).append(site)
    return sites


def _is_repeated(file: File, node: ast.AST, method: ast.FunctionDef) -> bool:
    for outer in file.names.ancestors(node):
        if outer is method:
            return False
        if isinstance(outer, (*LOOPS, ast.FunctionDef, ast.Lambda)):
            return True
    return False


def _setup_helpers(
    methods: list[tuple[Class, ast.FunctionDef]],
    sites: dict[str, list[Site]],
    inits: set[ast.FunctionDef],
    external: set[str],
) -> set[ast.AST]:
    """Methods that only `__init__` (or another such method) calls."""
    helpers: set[ast.AST] = set()
    changed = True
    while changed:
        changed = False
        for _, method in methods:
            own = [s for s in sites.get(method.name, []) if not s.through_super]
            if method in helpers or method in inits or not own or method.name in external:
                continue
            if all(s.is_call and (s.caller in inits or s.caller in helpers) for s in own):
                helpers.add(method)
                changed = True
    return helpers


def _inline_once(
    frames: dict[ast.FunctionDef, Class],
    creating: set[ast.FunctionDef],
    unframed: set[ast.FunctionDef],
    sites: dict[str, list[Site]],
    external: set[str],
    alike: set[ast.FunctionDef],
) -> set[ast.FunctionDef]:
    """Helpers that are part of their one caller; callers of these and of unframed ones create."""
    inlined: set[ast.FunctionDef] = set()
    changed = True
    while changed:
        changed = False
        for method in list(creating):
            own = sites.get(method.name, [])
            callers = {s.caller for s in own}
            if method in unframed:
                fresh = {c for c in callers if c in frames and c not in creating}
            elif (
                method not in inlined
                and method not in alike
                and method.name != "__call__"
                and len(own) == 1
                and own[0].is_call
                and not own[0].repeated
                and not own[0].through_super
                and own[0].caller is not method
                and own[0].caller in frames
                and method.name not in external
                and sum(1 for m in frames if m.name == method.name) == 1
                and (own[0].caller in creating or len(creating - unframed - inlined) > 1)
            ):
                inlined.add(method)
                changed = True
                fresh = {own[0].caller} - creating
            else:
                continue
            if fresh:
                creating |= fresh
                changed = True
    return inlined
