"""What is decided for one module class: parameters, fields, and what becomes of statements."""

from __future__ import annotations

import ast
from collections.abc import Container
from dataclasses import dataclass, field

from hk2flax.plan.containers import changed_in_place, is_built_in
from hk2flax.project.creates import is_super, self_name
from hk2flax.project.index import Class, Project
from hk2flax.project.walk import walk

_CONSTRUCTORS = ("__init__", "__post_init__")


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
    inlined: names in what the base constructor gets -> what stands for them, in `__post_init__`;
        `where`: under which test; else it is the parameter.
    renames: attribute of self -> its name in the output (own attributes; see `attribute`).
    dropped: statements of `__init__` that disappear. aliases: which of them stored a parameter;
        naming: which only work out the module's name, in local names that are `naming_names`.
    rebound: parameters that `__init__` assigns to, so setup starts with a local copy; `copied` are
        those whose list or dict it changes in place, which linen froze ("list" or "dict").
    grown: attributes that `__init__` builds up step by step or assigns twice -> local name;
        `filled` are those that methods called by it build up, outside of the frozen module;
        `unset` are those of them that may remain without a value.
    built: attributes that hold modules after `__init__`; replaced: the constructions of modules
        that take the place of the base class's, with the names that they need then.
    mutable: attributes assigned outside `__init__`, and `boxed` ones: containers that linen
        would turn into plain ones.
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
    inlined: dict[ast.Name, ast.expr | str] = field(default_factory=dict)
    where: dict[ast.expr, ast.If] = field(default_factory=dict)
    renames: dict[str, str] = field(default_factory=dict)
    dropped: set[ast.stmt] = field(default_factory=set)
    aliases: dict[str, ast.stmt] = field(default_factory=dict)
    naming: set[ast.stmt] = field(default_factory=set)
    naming_names: set[str] = field(default_factory=set)
    rebound: list[str] = field(default_factory=list)
    copied: dict[str, str] = field(default_factory=dict)
    grown: dict[str, str] = field(default_factory=dict)
    filled: set[str] = field(default_factory=set)
    unset: set[str] = field(default_factory=set)
    built: set[str] = field(default_factory=set)
    replaced: dict[ast.Call, str] = field(default_factory=dict)
    mutable: set[str] = field(default_factory=set)
    boxed: set[str] = field(default_factory=set)
    super_call: ast.stmt | None = None
    problems: list[tuple[ast.AST, str, str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The canonical name of the class."""
        return self.cls.name

    def keep_mutable(self, changing: set[str]) -> None:
        """Puts those of the changing attributes that this class has outside the frozen module."""
        stored = {
            target.attr
            for method in self.cls.methods.values()
            for target in stored_attributes(method, self_name(method))
        }
        fields = {p.field for p in self.parameters} if self.is_dataclass else set()
        self.mutable = (stored | fields) & changing | self.boxed

    @property
    def keeps_setup(self) -> bool:
        """True when statements of `__init__` are left for setup."""
        if self.init is None:
            return False
        return any(s not in self.dropped and not is_docstring(s) for s in self.init.body)


def is_docstring(node: ast.stmt) -> bool:
    """True for a bare literal, as a docstring is."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def changing_attributes(project: Project, cls: Class, but: Container[ast.AST] = ()) -> set[str]:
    """What methods of a class or its relatives change of self: all but constructors and `but`.

    They assign it, or it is a list or dict of the constructor's that they change in place.
    """
    assigned: set[str] = set()
    in_place: set[str] = set()
    containers: set[str] = set()
    for relative in [*project.mro(cls.name), *project.subclasses(cls.name)]:
        for method in relative.methods.values():
            stored = stored_attributes(method, self_name(method))
            if method.name in _CONSTRUCTORS:
                pairs = [
                    p for n in walk(method) if isinstance(n, ast.stmt) for p in assigned_pairs(n)
                ]
                values = {target: value for target, value in pairs}
                containers |= {t.attr for t in stored if is_built_in(values.get(t))}
            elif method not in but:
                assigned |= {target.attr for target in stored}
                in_place |= changed_in_place(relative.file, method)
    return assigned | in_place & containers


def stored_attributes(function: ast.FunctionDef, me: str) -> list[ast.Attribute]:
    """The `self.x` that a method assigns to, in source order."""
    return [
        n
        for n in walk(function)
        if isinstance(n, ast.Attribute)
        and isinstance(n.ctx, ast.Store)
        and isinstance(n.value, ast.Name)
        and n.value.id == me
    ]


def assigned_pairs(statement: ast.stmt) -> list[tuple[ast.expr, ast.expr]]:
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


def is_super_call(node: ast.stmt, method: str = "__init__") -> bool:
    """True for `super().__init__(...)` and `Base.__init__(self, ...)`."""
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        return False
    func = node.value.func
    return isinstance(func, ast.Attribute) and func.attr == method and _is_base(func.value)


def _is_base(node: ast.expr) -> bool:
    """`super()` or the class spelled out: `hk.Module.__init__(self, name)`."""
    return is_super(node) or isinstance(node, ast.Name | ast.Attribute)
