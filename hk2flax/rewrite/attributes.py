"""Reads and writes of `self.x`, and of constructor parameters inside `__init__`."""

from __future__ import annotations

import ast
import re

from hk2flax.catalog import lookup
from hk2flax.plan.class_plan import ClassPlan
from hk2flax.plan.containers import container_class
from hk2flax.plan.hooks import is_context_path
from hk2flax.plan.reserved import RESERVED
from hk2flax.project.creates import class_around, method_around, self_name
from hk2flax.project.scopes import FUNCTIONS
from hk2flax.project.walk import walk
from hk2flax.rewrite.absolute_names import forced_path
from hk2flax.rewrite.calls import has_helper
from hk2flax.rewrite.context import Context
from hk2flax.rewrite.helper_module import attributes


def rewrite_attribute(context: Context, node: ast.Attribute) -> None:
    """Gives `self.x` the name that the plan chose for it."""
    if node.attr == "module_name" and forced_path(context, node):
        return
    if context.program.has_hooks and is_context_path(node):
        return  # of a hook's context, which has it; reported as a dependence on names
    if node.attr in ("params_dict", "module_name") and context.mentions_haiku:
        context.leave(node, "HK104", f"{node.attr} exists in Haiku's Module only", "haiku.Module")
        return
    if not isinstance(node.value, ast.Name):
        return
    method = method_around(context.file, node)
    if method is None or node.value.id != self_name(method):
        return
    owner = class_around(context.program.project, context.file, node)
    program = context.program
    if owner is None or owner.name not in program.classes or program.classes[owner.name].problems:
        return
    plan = program.classes[owner.name]
    if isinstance(node.ctx, ast.Store) and method is plan.init:
        _keep_order(context, node)
    if method is plan.init and node.attr in plan.grown:
        _replace(context, node, plan.grown[node.attr])
        return
    if method in program.methods.setup_helpers and program.is_filled(owner.name, node.attr):
        _replace(context, node, f"{node.value.id}.mutable.{node.attr}")
        return
    if (
        node.attr in ("name", "module_name")
        and isinstance(node.ctx, ast.Load)
        and not _names_submodule(context, node)
    ):
        context.leave(
            node, "HK104", f"self.{node.attr} is Haiku's name; linen's differs", "haiku.Module"
        )
        return
    if node.attr in _HAIKU_METHODS and not _is_defined(context, owner.name, node.attr):
        context.leave(
            node, "HK104", f"self.{node.attr} exists in Haiku's Module only", "haiku.Module"
        )
        return
    layer = _layer_without(context, owner.name, node.attr)
    if layer and isinstance(node.ctx, ast.Load):
        context.leave(node, "HK104", f"self.{node.attr} exists in {layer} only", layer)
        return
    if isinstance(node.ctx, ast.Del):
        context.leave(node, "HK103", f"self.{node.attr} is deleted", "haiku.Module")
        return
    if program.is_mutable(owner.name, node.attr):
        _replace(context, node, f"{node.value.id}.mutable.{node.attr}")
        return
    name = program.attribute(owner.name, node.attr)
    if name != node.attr:
        _replace(context, node, f"{node.value.id}.{name}")
    _join_lists(context, node)
    _check_container(context, node, plan, name)


def rewrite_reflection(context: Context, call: ast.Call) -> None:
    """`getattr(self, "x", None)` and `hasattr(self, "x")` follow the attribute to its new name."""
    if getattr(call.func, "id", "") not in ("getattr", "hasattr") or len(call.args) < 2:
        return
    owner, name = call.args[:2]
    if not (isinstance(owner, ast.Name) and isinstance(name, ast.Constant)):
        return
    if not isinstance(name.value, str):
        return
    method = method_around(context.file, call)
    cls = class_around(context.program.project, context.file, call)
    program = context.program
    if method is None or owner.id != self_name(method) or cls is None:
        return
    if cls.name not in program.classes or program.classes[cls.name].problems:
        return
    if program.is_mutable(cls.name, name.value):
        context.text.set(owner, f"{owner.id}.mutable")
    elif (new := program.attribute(cls.name, name.value)) != name.value:
        quote = context.text.of(name)[0]
        context.text.set(name, f"{quote}{new}{quote}")


_HAIKU_METHODS = ("params_dict", "state_dict", "_submodules", "_method_name")


def _is_defined(context: Context, owner: str, attribute: str) -> bool:
    return any(attribute in c.methods for c in context.program.project.mro(owner))


def _check_container(context: Context, node: ast.Attribute, plan: ClassPlan, field: str) -> None:
    """`self.irreps.dim`: the field's class is lost, since linen keeps containers as plain ones."""
    outer = context.file.names.parent.get(node)
    if not isinstance(outer, ast.Attribute):
        return
    parameter = next((p for p in plan.parameters if p.field == field), None)
    if parameter is None or any(hasattr(c, outer.attr) for c in (tuple, list, dict)):
        return
    project = context.program.project
    lost = container_class(project, plan.cls.file, parameter.annotation)
    if lost:
        message = f"self.{field} is a plain tuple or dict in linen, without what {lost} adds"
        context.leave(node, "HK101", message, "haiku.Module")


def _layer_without(context: Context, owner: str, attribute: str) -> str:
    """The layer of Haiku that `self.attribute` comes from, where its helper has no such thing."""
    project = context.program.project
    mro = project.mro(owner)
    symbols = [lookup(base) for cls in mro for base in cls.bases if base.startswith("haiku.")]
    layers = [s for s in symbols if s is not None and s.kind == "layer" and has_helper(s)]
    if not layers or any(attribute in attributes(s.helper or "") for s in layers):
        return ""
    for cls in [*mro, *project.subclasses(owner)]:
        plan = context.program.classes.get(cls.name)
        if plan is None or attribute in _own_names(plan) or attribute in RESERVED:
            return ""
    return layers[0].name


def _own_names(plan: ClassPlan) -> set[str]:
    """What a class has in its body and what its methods assign to any object."""
    names = {p.field for p in plan.parameters} | {p.name for p in plan.parameters}
    for node in walk(plan.cls.node):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def _names_submodule(context: Context, node: ast.Attribute) -> bool:
    """True where the name only serves to name a submodule, in a `name=` argument."""
    names = context.file.names
    outer = names.enclosing(node, (ast.keyword, ast.stmt))
    if isinstance(outer, ast.keyword):
        return outer.arg == "name"
    if not (isinstance(outer, ast.Assign) and isinstance(outer.targets[0], ast.Name)):
        return False
    found = names.scope_of[outer.targets[0]].lookup(outer.targets[0].id)
    if found is None:
        return False
    for use in names.uses.get(id(found[1]), []):
        parent = names.enclosing(use, (ast.keyword, ast.Compare, ast.stmt))
        if not (isinstance(parent, ast.Compare) or getattr(parent, "arg", "") == "name"):
            return False
    _replace(context, node, f'({ast.unparse(node)} or "")')  # linen's root has no name
    return True


def _keep_order(context: Context, node: ast.Attribute) -> None:
    """linen sorts an OrderedDict attribute by key; a plain dict keeps its order (B2c)."""
    parent = context.file.names.parent.get(node)
    value = getattr(parent, "value", None)
    if isinstance(value, ast.Call) and context.name(value.func) == "collections.OrderedDict":
        context.text.set(value.func, "dict")


def _join_lists(context: Context, node: ast.expr) -> None:
    """linen keeps lists as tuples: `self.sizes + [n]` needs a list again."""
    inner: ast.AST = node
    parent = context.file.names.parent.get(node)
    if isinstance(parent, ast.Subscript) and isinstance(parent.slice, ast.Slice):
        inner, parent = parent, context.file.names.parent.get(parent)
    if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Add):
        other = parent.right if parent.left is inner else parent.left
        if isinstance(other, ast.List | ast.ListComp):
            context.text.set(node, f"list({context.text.of(node)})")


def rewrite_parameter_use(context: Context, node: ast.Name) -> None:
    """In `__init__`, a constructor parameter is now a field."""
    if not isinstance(node.ctx, ast.Load):
        return
    found = context.file.names.scope_of[node].lookup(node.id)
    if found is None or found[1].kind != "param":
        return
    plan = _constructor_of(context, found[0].node)
    if plan is None or node.id in plan.rebound or plan.is_dataclass:
        return
    if _in_signature(context, node, found[0].node):
        return
    parameter = next((p for p in plan.parameters if p.name == node.id), None)
    if parameter is None or not parameter.field:
        return
    assert plan.init is not None
    me = self_name(plan.init)
    _replace(context, node, f"{me}.{parameter.field}")
    _join_lists(context, node)


def _in_signature(context: Context, node: ast.Name, function: ast.AST) -> bool:
    inner: ast.AST = node
    for outer in context.file.names.ancestors(node):
        if outer is function:
            return inner is getattr(function, "args", None)
        inner = outer
    return False


def _constructor_of(context: Context, function: ast.AST) -> ClassPlan | None:
    if not isinstance(function, FUNCTIONS):
        return None
    owner = context.file.names.parent.get(function)
    if not isinstance(owner, ast.ClassDef):
        return None
    plan = context.program.classes.get(context.file.names.scopes[owner].prefix)
    return plan if plan is not None and plan.init is function and not plan.problems else None


def _replace(context: Context, node: ast.expr, new: str) -> None:
    """Replaces a node; inside an f-string (where Python 3.11 misplaces nodes) by searching."""
    text = context.text
    old = ast.unparse(node)
    string = context.file.names.enclosing(node, (ast.JoinedStr, ast.stmt))
    if not isinstance(string, ast.JoinedStr):
        text.set(node, new)
        return
    outer: ast.AST = string
    while isinstance(context.file.names.parent.get(outer), ast.FormattedValue | ast.JoinedStr):
        outer = context.file.names.parent[outer]
    source = text.of(outer)
    pattern = re.compile(rf"(?<![\w.]){re.escape(old)}(?!\w)")
    text.set(outer, _in_braces(source, pattern, new))


def _in_braces(source: str, pattern: re.Pattern[str], new: str) -> str:
    """Substitutes inside the braces of an f-string only."""
    result, depth, at = [], 0, 0
    piece = ""
    while at < len(source):
        char = source[at]
        if source[at : at + 2] in ("{{", "}}") and depth == 0:
            result.append(source[at : at + 2])
            at += 2
            continue
        if char == "{":
            depth += 1
        if char == "}" and depth:
            depth -= 1
            if depth == 0:
                result.append(pattern.sub(lambda _: new, piece))
                piece = ""
        if depth:
            piece += char
        else:
            result.append(char)
        at += 1
    return "".join(result) + piece
