"""Names that only the whole project explains: star imports, and other names for its classes."""

from __future__ import annotations

import ast

from hk2flax.project.index import File, Project
from hk2flax.project.scopes import FUNCTIONS, extend
from hk2flax.project.walk import walk


def link_names(project: Project) -> None:
    """Resolves what star imports bind, and treats `Layer = Block` as the class that it names."""
    for file in project.files.values():
        if any(star != "haiku" for star in file.names.stars):
            _link_stars(project, file)
    for file in project.files.values():
        _link_aliases(project, file)
        _link_own_class(file)
        _link_returned(project, file)


def _link_stars(project: Project, file: File) -> None:
    names = file.names
    for node, scope in names.scope_of.items():
        assert isinstance(node, ast.Name)
        if node in names.qualified or scope.lookup(node.id) is not None:
            continue
        for star in names.stars:
            dotted = f"{star}.{node.id}"
            found = project.canonical(file, dotted)
            if found != dotted or found in project.classes or found in project.functions:
                names.qualified[node] = found
                extend(node, names)
                break


def _link_aliases(project: Project, file: File) -> None:
    names = file.names
    top = names.scopes[file.tree]
    for node in file.tree.body:
        if not isinstance(node, ast.Assign):
            continue
        name = project.name(file, node.value)
        if name != "haiku.Module" and name not in project.classes:
            continue
        for target in node.targets:
            if not isinstance(target, ast.Name) or len(top.bindings[target.id].nodes) != 1:
                continue
            binding = top.bindings[target.id]
            binding.target = names.qualified[node.value]
            for use in names.uses.get(id(binding), ()):
                names.qualified[use] = binding.target
                extend(use, names)


def _link_own_class(file: File) -> None:
    """`type(self)(...)`, `self.__class__(...)` and a class method's `cls(...)` build the class."""
    names = file.names
    for node in names.of(ast.Call):
        func = node.func
        if (
            isinstance(func, ast.Call)
            and getattr(func.func, "id", "") == "type"
            and len(func.args) == 1
        ):
            owner = func.args[0]
        elif isinstance(func, ast.Attribute):
            owner = func.value
        else:
            owner = func
        found = names.scope_of[owner].lookup(owner.id) if isinstance(owner, ast.Name) else None
        method = found[0].node if found is not None and found[1].kind == "param" else None
        cls = names.parent.get(method) if method is not None else None
        if not isinstance(method, ast.FunctionDef) or not isinstance(cls, ast.ClassDef):
            continue
        args = [*method.args.posonlyargs, *method.args.args]
        decorators = {getattr(d, "id", "") for d in method.decorator_list}
        is_class = "classmethod" in decorators
        if "staticmethod" in decorators or not args or args[0].arg != ast.unparse(owner):
            continue
        inner = (
            names.scopes[cls].bindings.get(func.attr) if isinstance(func, ast.Attribute) else None
        )
        if (
            inner is not None
            and inner.kind == "class"
            and isinstance(func, ast.Attribute)
            and owner is func.value
        ):
            names.qualified[func] = inner.target
        elif is_class == (owner is func) and getattr(func, "attr", "__class__") == "__class__":
            names.qualified[func] = names.scopes[cls].prefix


def _link_returned(project: Project, file: File) -> None:
    """`Block = make_block(8)` and `make_block(8)(...)`, where the function returns one class."""
    names = file.names
    for node in names.of(ast.Call):
        function = project.functions.get(project.name(file, node.func))
        target = _returned_class(*function) if function is not None else ""
        parent = names.parent.get(node)
        if not target:
            continue
        if isinstance(parent, ast.Call) and parent.func is node:
            names.qualified[node] = target
        elif isinstance(parent, ast.Assign) and len(parent.targets) == 1:
            name = parent.targets[0]
            found = names.scope_of[name].lookup(name.id) if isinstance(name, ast.Name) else None
            if found is not None and len(found[1].nodes) == 1:
                for use in names.uses.get(id(found[1]), ()):
                    names.qualified[use] = target
                    extend(use, names)


def _returned_class(function: ast.AST, file: File) -> str:
    """The class that a function defines and returns, or ""."""
    names = file.names
    if not isinstance(function, ast.FunctionDef):
        return ""
    returns = [
        n.value
        for n in walk(function)
        if isinstance(n, ast.Return) and names.enclosing(n, FUNCTIONS) is function
    ]
    found = {getattr(r, "id", "") for r in returns}
    binding = names.scopes[function].bindings.get(found.pop()) if len(found) == 1 else None
    return binding.target if binding is not None and binding.kind == "class" else ""
