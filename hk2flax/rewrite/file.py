"""One file: a walk over its syntax tree from the inside outwards that collects the edits."""

from __future__ import annotations

import ast
from itertools import chain

from hk2flax.catalog import lookup
from hk2flax.catalog.other_packages import needs_haiku
from hk2flax.plan.attribute_dicts import find_attribute_dicts
from hk2flax.plan.class_plan import ClassPlan
from hk2flax.plan.hooks import find_hook_dependence
from hk2flax.plan.name_dependence import find_name_dependence
from hk2flax.plan.outside_writes import find_outside_writes
from hk2flax.plan.positions import find_passed_classes
from hk2flax.project.creates import class_around, is_layer, method_around, self_name
from hk2flax.project.index import Class
from hk2flax.project.scopes import FUNCTIONS
from hk2flax.project.walk import walk
from hk2flax.rewrite import storage
from hk2flax.rewrite.absolute_names import FORCE, force_name
from hk2flax.rewrite.attributes import (
    rewrite_attribute,
    rewrite_parameter_use,
    rewrite_reflection,
)
from hk2flax.rewrite.calls import finish_use, rewrite_call
from hk2flax.rewrite.classes import decorate_method, rewrite_bases, rewrite_class
from hk2flax.rewrite.constructors import (
    drop_repeated_name,
    name_module,
    rewrite_construction,
    rewrite_partial,
)
from hk2flax.rewrite.context import Context
from hk2flax.rewrite.frozen import widen_comparison, widen_test
from hk2flax.rewrite.helper_module import is_helper_module
from hk2flax.rewrite.identity import check_identity
from hk2flax.rewrite.initializers import draws_no_key, insert_key, rewrite_initializer
from hk2flax.rewrite.quoted import rewrite_quoted
from hk2flax.rewrite.references import GONE, rewrite_reference
from hk2flax.rewrite.settings import OPTIMIZE, remove_setting, unwrap_function
from hk2flax.rewrite.stacks import rewrite_scan, rewrite_stack_call, rewrite_stack_function
from hk2flax.rewrite.state import rewrite_read, rewrite_write
from hk2flax.rewrite.transforms import (
    remove_function,
    remove_unpacking,
    rewrite_assignment,
    rewrite_function,
    rewrite_site,
    rewrite_wrapped,
)

_STORAGE = {
    "haiku.get_parameter": storage.get_parameter,
    "haiku.next_rng_key": storage.next_rng_key,
    "haiku.dropout": storage.dropout,
    OPTIMIZE: unwrap_function,
    FORCE: force_name,
}


def edit_file(context: Context) -> None:
    """Collects all edits of one file in `context`; helpers of an earlier run stay as they are."""
    if is_helper_module(context.file.source.text or ""):
        return
    project, classes = context.program.project, context.program.classes
    by_name = find_name_dependence(project, context.file)
    by_hook = find_hook_dependence(context.file) if context.program.has_hooks else ()
    for place, message in chain(by_name, by_hook):
        context.diagnose(place, "HK201", message)
        context.todos.append((place, f"# TODO(hk2flax): HK201 {message}"))
    for node in context.file.tree.body:
        _visit(context, node)
    rewrite_quoted(context)
    _note_dtypes(context)
    moved = context.program.moved_classes
    for place, message in find_passed_classes(project, classes, moved, context.file):
        context.diagnose(place, "HK102", message)
    for place, message in find_outside_writes(context.program.creators, context.file):
        context.diagnose(place, "HK103", message)
    if context.program.has_attribute_dicts:
        for place, message in find_attribute_dicts(context.program.classes_in(context.file)):
            context.diagnose(place, "HK102", message)


# Unions (`A | B`) would be built anew for every node.
_IMPORTS = (ast.Import, ast.ImportFrom)
_KEYED = (ast.Call, ast.Dict, ast.DictComp, ast.Set)
_NAMES = (ast.Attribute, ast.Name)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_HALF = ("bfloat16", "float16")


def _note_dtypes(context: Context) -> None:
    """Says once in a file of half precision that linen's layers keep float32 parameters."""
    if b"float16" not in context.file.source.data:
        return
    symbols = [lookup(name) for name, level in context.counts if level == "native"]
    if not any(s and s.kind == "layer" and s.native and s.native.leaves for s in symbols):
        return
    for node in context.file.names.parent:
        text = getattr(node, "attr", "") or getattr(node, "value", "")
        if text in _HALF:
            message = "linen makes float32 parameters; Haiku made them in the dtype of the input"
            context.diagnose(node, "HK302", message)
            return


def _visit(context: Context, node: ast.AST) -> None:
    if isinstance(node, ast.ClassDef):
        _visit_class(context, node)
        return
    if isinstance(node, _IMPORTS):
        return
    for name in node._fields:
        child = getattr(node, name, None)
        if child.__class__ is list:
            for item in child:
                if isinstance(item, ast.AST):
                    _visit(context, item)
        elif isinstance(child, ast.AST) and child._fields:
            _visit(context, child)
    if isinstance(node, _KEYED):
        check_identity(context, node)
    if isinstance(node, ast.Compare):
        widen_comparison(context, node)
    if isinstance(node, ast.Call):
        _visit_call(context, node)
    elif isinstance(node, _NAMES):
        _visit_name(context, node)
    elif isinstance(node, _FUNCTIONS):
        _visit_function(context, node)
    elif node in context.program.state.reads:
        rewrite_read(context, context.program.state.reads[node])
    elif node in context.program.state.writes:
        rewrite_write(context, context.program.state.writes[node])
    elif isinstance(node, ast.Assign):
        if node in context.program.transforms.statements:
            rewrite_assignment(context, node, context.program.transforms.statements[node])
        elif node in context.program.transforms.unpackings:
            remove_unpacking(context, node)
    if node in context.program.initializers.values and isinstance(node, ast.expr):
        rewrite_initializer(context, node)


def _visit_class(context: Context, node: ast.ClassDef) -> None:
    cls = context.program.project.classes.get(context.file.names.scopes[node].prefix)
    plan = context.program.classes.get(cls.name) if cls is not None and cls.node is node else None
    if plan is None:
        if cls is not None and _was_left(context, cls):
            message = f"{node.name} is a linen module with a constructor of Haiku's kind"
            context.diagnose(node, "HK102", message, "haiku.Module")
            return
        for child in ast.iter_child_nodes(node):
            _visit(context, child)
        return
    if plan.problems:
        _leave_class(context, plan)
        return
    # The constructor first: what it makes decides how the other methods call it.
    body = sorted(node.body, key=lambda s: s is not plan.init)
    for child in [*node.decorator_list, *node.bases, *node.keywords, *body]:
        _visit(context, child)
    for call, name in plan.replaced.items():
        name_module(context, call, name)
    rewrite_bases(context, plan)
    for method in plan.cls.methods.values():
        decorate_method(context, method)
    rewrite_class(context, plan)


def _was_left(context: Context, cls: Class) -> bool:
    """True for a class that an earlier run left in Haiku's form, over a base that it converted."""
    is_linen = any("flax.linen.Module" in c.bases for c in context.program.project.mro(cls.name))
    return (
        is_linen
        and "__init__" in cls.methods
        and any(context.file.haiku_name(n) for n in walk(cls.node))
    )


def _leave_class(context: Context, plan: ClassPlan) -> None:
    for node, code, message in plan.problems:
        context.leave(node, code, f"{plan.cls.node.name}: {message}", "haiku.Module")
    context.kept.add(plan.cls.node)


def _visit_call(context: Context, call: ast.Call) -> None:
    name = context.name(call.func)
    program = context.program
    widen_test(context, call)
    if _imports_by_name(call):
        message = "haiku is imported by a call; what is reached through the result is not rewritten"
        context.leave(call, "HK101", message, "haiku")
    rewrite_reflection(context, call)
    if call in program.transforms.sites:
        rewrite_site(context, call, program.transforms.sites[call])
        return
    if call in program.transforms.calls:
        return
    if call in program.state.calls or call in program.stacks.decorators:
        return
    if call in program.stacks.calls:
        rewrite_stack_call(context, program.stacks.calls[call])
        return
    if call in program.stacks.scans:
        rewrite_scan(context, call)
        return
    if call in program.transforms.wrapped_classes:
        context.text.set(call.args[0], f"{program.transforms.wrapped_classes[call]}()")
    if call in program.transforms.wrapped:
        rewrite_wrapped(context, call, program.transforms.wrapped[call])
        if call in program.transforms.wrapped_methods:
            return
    if call in context.pending:
        finish_use(context, call)
    if name in program.classes:
        rewrite_construction(context, call, program.classes[name])
        return
    if name == "functools.partial" and call.args:
        target = context.name(call.args[0])
        if target in program.classes or is_layer(target):
            rewrite_partial(context, call, program.classes.get(target))
        return
    symbol = lookup(name)
    if symbol is not None and call.func not in context.kept:
        special = _STORAGE.get(symbol.name)
        if special is not None and special(context, call):
            return
        if symbol.steers_haiku and remove_setting(context, call, symbol):
            return
        if symbol.kind in ("layer", "function", "initializer", "framework", "transform", "type"):
            rewrite_call(context, call, symbol)
        return
    if program.names.is_alias(context.file, call.func):
        drop_repeated_name(context, call)
        return
    if call.func in program.initializers.values or _makes_initializer(context, call.func):
        around = [n for n in context.file.names.ancestors(call) if isinstance(n, FUNCTIONS)]
        inside = any(n in program.initializers.functions for n in around)
        me = "" if inside else storage.module_self(context, call)
        if draws_no_key(context, call.func):
            insert_key(context, call, "None")
            return
        key = f"{me}.make_rng({storage.STREAM})" if me else f"{context.helper('next_rng_key')}()"
        insert_key(context, call, key)


def _imports_by_name(call: ast.Call) -> bool:
    """True for `importlib.import_module("haiku")`, `__import__("haiku")`, a `LazyLoader`."""
    function = getattr(call.func, "attr", "") or getattr(call.func, "id", "")
    if "import" not in function.lower() and "lazy" not in function.lower():
        return False
    texts = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    return any(text == "haiku" or text.startswith("haiku.") for text in texts)


def _holds_initializer(context: Context, place: ast.AST) -> bool:
    """True for the target of `w_init = hk.initializers.Constant(1.0)`."""
    statement = context.file.names.parent.get(place)
    value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
    return isinstance(value, ast.Call) and context.name(value.func).startswith(
        "haiku.initializers."
    )


def _makes_initializer(context: Context, func: ast.expr) -> bool:
    """True for `hk.initializers.X(...)(shape, dtype)` and for an attribute that holds one."""
    if isinstance(func, ast.Call):
        return context.name(func.func).startswith("haiku.initializers.")
    if isinstance(func, ast.Name):
        found = context.file.names.scope_of[func].lookup(func.id)
        if found is None:
            return False
        if found[1].kind != "param":
            return any(_holds_initializer(context, place) for place in found[1].nodes)
        owner = context.file.names.scopes[found[0].node].prefix.removesuffix(".<locals>")
        return (owner.removesuffix(".__init__"), func.id) in context.program.initializers.parameters
    if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name):
        owner_class = class_around(context.program.project, context.file, func)
        method = method_around(context.file, func)
        if owner_class is None or method is None or func.value.id != self_name(method):
            return False
        mro = context.program.project.mro(owner_class.name)
        return any((c.name, func.attr) in context.program.initializers.attributes for c in mro)
    return False


def _visit_name(context: Context, node: ast.Attribute | ast.Name) -> None:
    parent = context.file.names.parent.get(node)
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        return
    name = context.file.haiku_name(node)
    if name:
        if isinstance(parent, ast.Call) and parent.func is node and lookup(name) is not None:
            return
        rewrite_reference(context, node)
        return
    canonical = context.name(node)
    if canonical.startswith("haiku.") and not (
        isinstance(parent, ast.Call) and parent.func is node
    ):
        rewrite_reference(context, node)
        return
    if canonical and _names_other_package(context, node, canonical):
        return
    if isinstance(node, ast.Attribute):
        rewrite_attribute(context, node)
    else:
        rewrite_parameter_use(context, node)


def _names_other_package(context: Context, node: ast.Attribute | ast.Name, name: str) -> bool:
    """Reports names of other packages that need Haiku, where they are written out in full."""
    if isinstance(context.file.names.parent.get(node), ast.Attribute):
        return False
    reason = needs_haiku(name)
    if not reason or not context.program.classes:
        return False
    if context.program.project.owns(context.file, name):
        return False
    context.leave(node, "HK101", reason, "haiku")
    return True


def _visit_function(context: Context, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    text = context.text
    for decorator in node.decorator_list:
        name = context.name(decorator)
        if name.endswith(".transparent") and context.program.has_policies:
            text.set(decorator, context.helper("transparent"))
            context.count("haiku.transparent", "helper")
        elif name in GONE and decorator not in context.kept:
            start, end = text.span(decorator)
            text.replace(text.line_start(start), text.line_end(end), "")
            context.count(name.replace(".experimental.transparent", ".transparent"), "native")
    if node in context.program.stacks.functions:
        rewrite_stack_function(context, context.program.stacks.functions[node])
    transform = context.program.transforms.functions.get(node)
    if transform is not None and isinstance(node, ast.FunctionDef):
        rewrite_function(context, node, transform)
    elif node in context.program.transforms.removed and isinstance(node, ast.FunctionDef):
        remove_function(context, node)
