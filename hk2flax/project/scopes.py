"""Names and scopes of one file: what every name and attribute chain refers to.

Python's own rules (language reference, "Naming and binding"), reduced to what a migration needs: a
name is an import, a definition of this file, a parameter or some other local value.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar, cast

from hk2flax.catalog import lookup, public_name

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
LOOPS = (ast.For, ast.AsyncFor, ast.While, *COMPREHENSIONS)

Node = TypeVar("Node", bound=ast.AST)
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass
class Binding:
    """How a name came to be in a scope.

    kind: "import", "def", "class", "param" or "value"; `target` is the dotted name of an import, a
    definition or a class that the value stands for (`Layer = Block`); `nodes` the places that bind
    it (definition, assignment, argument, alias).
    """

    kind: str
    target: str = ""
    nodes: list[ast.AST] = field(default_factory=list)


@dataclass(eq=False)
class Scope:
    """A module, class, function, lambda or comprehension scope."""

    node: ast.AST
    parent: Scope | None
    prefix: str
    bindings: dict[str, Binding] = field(default_factory=dict)
    outer: set[str] = field(default_factory=set)

    def lookup(self, name: str) -> tuple[Scope, Binding] | None:
        """The scope and binding that `name` refers to when used in this scope."""
        scope: Scope | None = self
        first = True
        while scope is not None:
            is_class = isinstance(scope.node, ast.ClassDef)
            if name in scope.bindings and name not in scope.outer and (first or not is_class):
                return scope, scope.bindings[name]
            first = False
            scope = scope.parent
        return None


@dataclass
class Names:
    """The resolved names of one file.

    qualified: every Name and Attribute expression that refers to an import or a definition.
    scopes: the scope opened by a node; scope_of: the scope a Name is used in.
    parent: every node's parent. uses: for each binding, the Name nodes that read it.
    stars: modules imported with `*`. module_aliases: assignments that rename a Haiku submodule,
        and classes that do nothing but gather Haiku's names.
    """

    qualified: dict[ast.AST, str] = field(default_factory=dict)
    scopes: dict[ast.AST, Scope] = field(default_factory=dict)
    scope_of: dict[ast.AST, Scope] = field(default_factory=dict)
    parent: dict[ast.AST, ast.AST] = field(default_factory=dict)
    uses: dict[int, list[ast.Name]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    module_aliases: dict[ast.stmt, str] = field(default_factory=dict)

    def of(self, kind: type[Node]) -> list[Node]:
        """All nodes of one kind, outer ones first."""
        return cast("list[Node]", self._by_kind.get(kind, []))

    @cached_property
    def _by_kind(self) -> dict[type, list[ast.AST]]:
        result: dict[type, list[ast.AST]] = {}
        for node in self.parent:
            result.setdefault(type(node), []).append(node)
        return result

    def binding(self, node: ast.Name) -> Binding | None:
        """What a used name is bound to, or None for builtins and unknown names."""
        found = self.scope_of[node].lookup(node.id)
        return found[1] if found else None

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around `node`, from the inside outwards."""
        while node in self.parent:
            node = self.parent[node]
            yield node

    def enclosing(self, node: ast.AST, kinds: tuple[type, ...]) -> ast.AST | None:
        """The nearest ancestor of one of `kinds`."""
        return next((a for a in self.ancestors(node) if isinstance(a, kinds)), None)


def _bind(scope: Scope, name: str, kind: str, node: ast.AST, target: str = "") -> None:
    known = scope.bindings.get(name)
    if known is None:
        scope.bindings[name] = Binding(kind, target, [node])
        return
    known.nodes.append(node)
    if known.kind == "import" or kind == "import":
        # `try: import haiku as hk / except ImportError: hk = None` still means haiku.
        if kind == "import" and known.kind != "import":
            known.kind, known.target = kind, target
    elif known.kind != kind:
        known.kind, known.target = ("param" if known.kind == "param" else "value"), ""


def _import_target(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    keep = len(parts) - node.level + (1 if is_package else 0)
    base = parts[: max(keep, 0)]
    return ".".join(base + ([node.module] if node.module else []))


class _Binder:
    def __init__(self, module: str, is_package: bool, names: Names) -> None:
        self.module, self.is_package, self.names = module, is_package, names

    def open(self, node: ast.AST, parent: Scope | None, prefix: str) -> Scope:
        scope = Scope(node, parent, prefix)
        self.names.scopes[node] = scope
        if isinstance(node, FUNCTIONS):
            args = node.args
            every = [*args.posonlyargs, *args.args, *args.kwonlyargs]
            for arg in [*every, *(a for a in (args.vararg, args.kwarg) if a)]:
                _bind(scope, arg.arg, "param", arg)
        if isinstance(node, COMPREHENSIONS):
            for generator in node.generators:
                self.target(scope, generator.target)
        return scope

    def target(self, scope: Scope, node: ast.AST) -> None:
        if isinstance(node, ast.Name):
            _bind(scope, node.id, "value", node)
        elif isinstance(node, ast.Tuple | ast.List):
            for item in node.elts:
                self.target(scope, item)
        elif isinstance(node, ast.Starred):
            self.target(scope, node.value)

    def visit(self, node: ast.AST, scope: Scope) -> None:
        """Binds what `node` binds in `scope`, then goes on inside."""
        names = self.names
        match node:
            case ast.Import():
                for alias in node.names:
                    if alias.asname:
                        _bind(scope, alias.asname, "import", alias, alias.name)
                    else:
                        top = alias.name.split(".")[0]
                        _bind(scope, top, "import", alias, top)
            case ast.ImportFrom():
                base = _import_target(node, self.module, self.is_package)
                for alias in node.names:
                    if alias.name == "*":
                        names.stars.append(base)
                    else:
                        target = f"{base}.{alias.name}" if base else alias.name
                        _bind(scope, alias.asname or alias.name, "import", alias, target)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                kind = "class" if isinstance(node, ast.ClassDef) else "def"
                dotted = f"{scope.prefix}.{node.name}"
                _bind(scope, node.name, kind, node, dotted)
                inner = dotted if kind == "class" else f"{dotted}.<locals>"
                opened = self.open(node, scope, inner)
                body = set(map(id, node.body))
                for child in ast.iter_child_nodes(node):
                    names.parent[child] = node
                    if id(child) in body:
                        self.visit(child, opened)
                    elif isinstance(child, ast.arguments):
                        self.arguments(child, scope, opened)
                    else:
                        self.visit(child, scope)
                return
            case ast.Lambda():
                opened = self.open(node, scope, f"{scope.prefix}.<lambda>")
                names.parent[node.args] = names.parent[node.body] = node
                self.arguments(node.args, scope, opened)
                self.visit(node.body, opened)
                return
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self.comprehension(node, scope)
                return
            case ast.NamedExpr():
                outer = scope
                while isinstance(outer.node, COMPREHENSIONS) and outer.parent is not None:
                    outer = outer.parent
                names.parent[node.target] = names.parent[node.value] = node
                self.visit(node.target, outer)
                self.visit(node.value, scope)
                return
            case ast.Name():
                names.scope_of[node] = scope
                if not isinstance(node.ctx, ast.Load):
                    _bind(scope, node.id, "value", node)
                return
            case ast.Global() | ast.Nonlocal():
                scope.outer.update(node.names)
            case ast.ExceptHandler() | ast.MatchAs() | ast.MatchStar() if node.name:
                _bind(scope, node.name, "value", node)
            case ast.MatchMapping() if node.rest:
                _bind(scope, node.rest, "value", node)
        for child in ast.iter_child_nodes(node):
            names.parent[child] = node
            self.visit(child, scope)

    def comprehension(self, node: ast.AST, scope: Scope) -> None:
        """The first iterable is evaluated outside, everything else in a scope of its own."""
        names = self.names
        opened = self.open(node, scope, f"{scope.prefix}.<comp>")
        first = node.generators[0].iter  # type: ignore[attr-defined]
        for child in ast.iter_child_nodes(node):
            names.parent[child] = node
            if not isinstance(child, ast.comprehension):
                self.visit(child, opened)
                continue
            for part in ast.iter_child_nodes(child):
                names.parent[part] = child
                self.visit(part, scope if part is first else opened)

    def arguments(self, node: ast.arguments, outer: Scope, inner: Scope) -> None:
        for child in ast.iter_child_nodes(node):
            self.names.parent[child] = node
            if isinstance(child, ast.arg):
                self.names.scopes[child] = inner
                if child.annotation is not None:
                    self.names.parent[child.annotation] = child
                    self.visit(child.annotation, outer)
            else:
                self.visit(child, outer)


def resolve_names(tree: ast.Module, module: str, is_package: bool) -> Names:
    """Resolves every name of `tree`, the file whose dotted name is `module`."""
    names = Names()
    binder = _Binder(module, is_package, names)
    top = binder.open(tree, None, module)
    for child in tree.body:
        names.parent[child] = tree
        binder.visit(child, top)
    _bind_outside(names, top)
    _resolve_uses(names)
    if _module_aliases(names):
        _resolve_uses(names)
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef):
            _namespace(statement, names, f"{module}.{statement.name}")
    return names


def _bind_outside(names: Names, top: Scope) -> None:
    """What a function assigns under `global` or `nonlocal` is bound outside of it."""
    for scope in names.scopes.values():
        for name in scope.outer & scope.bindings.keys():
            found = scope.lookup(name)
            for node in scope.bindings[name].nodes:
                _bind(found[0] if found else top, name, "value", node)


# Submodules of Haiku, which programs like to give a short name (`init = hk.initializers`).
HAIKU_MODULES = frozenset(
    f"haiku.{m}"
    for m in [
        "initializers",
        "nets",
        "pad",
        "experimental",
        "data_structures",
        "mixed_precision",
        "testing",
        "config",
    ]
) | {"haiku"}


def _module_aliases(names: Names) -> bool:
    """Treats `init = hk.initializers` as the import that it stands for."""
    found = False
    for value, dotted in list(names.qualified.items()):
        node = names.parent.get(value)
        if (
            dotted not in HAIKU_MODULES
            or not isinstance(node, ast.Assign)
            or node.value is not value
        ):
            continue
        target = node.targets[0]
        if len(node.targets) == 1 and isinstance(target, ast.Name):
            binding = names.scope_of[target].bindings.get(target.id)
            if binding is not None and len(binding.nodes) == 1:
                binding.kind, binding.target = "import", dotted
                names.module_aliases[node] = target.id
                found = True
    return found


def _namespace(node: ast.ClassDef, names: Names, dotted: str) -> None:
    """Treats `class hk: Linear = basic.Linear`, as Haiku's own files have it, as an import."""
    if node.bases or node.decorator_list or node.keywords:
        return
    members: dict[str, str] = {}
    for statement in node.body:
        value = getattr(statement, "value", None)
        target = names.qualified.get(value, "") if value is not None else ""
        if isinstance(statement, ast.Assign) and target.startswith("haiku."):
            members |= {f"{dotted}.{t.id}": target for t in statement.targets if hasattr(t, "id")}
        elif not (isinstance(statement, ast.Expr) and isinstance(value, ast.Constant)):
            return
    binding = names.scopes[node].parent.bindings[node.name]  # type: ignore[union-attr]
    uses = [names.parent.get(use) for use in names.uses.get(id(binding), ())]
    if not members or len(binding.nodes) != 1:
        return
    if all(names.qualified.get(use, "") in members for use in uses if use is not None):
        names.module_aliases[node] = node.name
        for use in uses:
            if use is not None:
                names.qualified[use] = members[names.qualified[use]]
                extend(use, names)


def _resolve_uses(names: Names) -> None:
    names.uses.clear()
    starred = "haiku" in names.stars
    for node, scope in names.scope_of.items():
        assert isinstance(node, ast.Name)
        found = read_from(scope, node)
        if found is None:
            if starred and (node.id == "Module" or lookup(f"haiku.{node.id}") is not None):
                names.qualified[node] = f"haiku.{node.id}"
                extend(node, names)
            continue
        binding = found[1]
        if isinstance(node.ctx, ast.Load):
            names.uses.setdefault(id(binding), []).append(node)
        if binding.kind in ("import", "def", "class"):
            names.qualified[node] = public_name(binding.target)
            extend(node, names)


def read_from(scope: Scope, node: ast.Name) -> tuple[Scope, Binding] | None:
    """Where a name gets its value: `Linear = Linear` in a class body reads the outer one."""
    found = scope.lookup(node.id)
    if (
        found is not None
        and found[0] is scope
        and isinstance(scope.node, ast.ClassDef)
        and isinstance(node.ctx, ast.Load)
        and scope.parent is not None
        and all(getattr(place, "lineno", 0) >= node.lineno for place in found[1].nodes)
    ):
        return scope.parent.lookup(node.id)
    return found


def extend(node: ast.AST, names: Names) -> None:
    """Carries a resolved name up its attribute chain."""
    parent = names.parent.get(node)
    while isinstance(parent, ast.Attribute) and parent.value is node:
        names.qualified[parent] = public_name(f"{names.qualified[node]}.{parent.attr}")
        node, parent = parent, names.parent.get(parent)
