"""`hk.get_parameter`, random keys and dropout inside modules: `self.param`, `self.make_rng`."""

from __future__ import annotations

import ast

from hk2flax.catalog.signatures import bind_call, parse_signature
from hk2flax.plan.methods import COMPACT
from hk2flax.plan.reserved import RESERVED
from hk2flax.project.creates import (
    class_around,
    function_around,
    method_around,
    self_name,
)
from hk2flax.project.walk import walk
from hk2flax.rewrite.context import Context
from hk2flax.rewrite.initializers import as_flax

_GET_PARAMETER = parse_signature("name, shape, dtype=None, init=None")
_DROPOUT = parse_signature("rng, rate, x, broadcast_dims=()")
STREAM = '"dropout"'


def module_self(context: Context, node: ast.AST) -> str:
    """The name of `self` where a node stands inside a method of a module that is converted."""
    if converted_function(context, node) is not None:
        return "self"
    method = method_around(context.file, node)
    owner = class_around(context.program.project, context.file, node)
    if method is None or owner is None or owner.name not in context.program.classes:
        return ""
    if context.program.classes[owner.name].problems:
        return ""
    if any(getattr(d, "id", "") in ("staticmethod", "classmethod") for d in method.decorator_list):
        return ""
    me = self_name(method)
    scope = context.file.names.scopes[function_around(context.file, node) or method].lookup(me)
    return me if scope is not None and scope[0].node is method else ""


def converted_function(context: Context, node: ast.AST) -> ast.AST | None:
    """The transformed function around a node that becomes a module class."""
    functions = context.program.transforms.functions
    for outer in context.file.names.ancestors(node):
        if outer in functions and functions[outer].class_name:
            return outer
        if isinstance(outer, ast.ClassDef):
            return None
    return None


def get_parameter(context: Context, call: ast.Call) -> bool:
    """`hk.get_parameter(name, shape, dtype, init)` -> `self.param(name, init, shape, dtype)`.

    Only where the parameter is asked for once while the method runs: linen raises the second time.
    """
    me = module_self(context, call)
    bound = bind_call(_GET_PARAMETER, call)
    if not me or bound is None or not {"name", "shape", "init"} <= set(bound):
        return False
    if not _asked_once(context, call, bound["name"]):
        return False
    text = context.text
    if text.has_comment(*text.span(call)):
        return False
    dtype = text.of(bound["dtype"]) if "dtype" in bound else f"{context.alias('jax.numpy')}.float32"
    if "dtype" in bound and isinstance(bound["dtype"], ast.Constant):
        dtype = f"{context.alias('jax.numpy')}.float32"
    init = as_flax(context, bound["init"])
    shape = text.of(bound["shape"])
    if isinstance(bound["shape"], ast.List) and "#" not in shape:
        inner = shape[1:-1].strip().rstrip(",")
        shape = f"({inner},)" if len(bound["shape"].elts) == 1 else f"({inner})"
    arguments = [text.of(bound["name"]), init, shape, dtype]
    text.set(call, f"{me}.param({text.laid_out(call, arguments)})")
    context.count("haiku.get_parameter", "native")
    return True


def _asked_once(context: Context, call: ast.Call, name: ast.expr) -> bool:
    """True when the parameter's name is a literal that this class uses once, outside loops."""
    if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
        return False
    function = converted_function(context, call)
    if function is not None:
        same = [n for n in walk(function) if isinstance(n, ast.Constant) and n.value == name.value]
        once = len(same) == 1 and function_around(context.file, call) is function
        return (
            once
            and context.program.names.loop(context.file, call) is None
            and name.value.isidentifier()
        )
    method = method_around(context.file, call)
    owner = class_around(context.program.project, context.file, call)
    assert method is not None and owner is not None
    program = context.program
    plan = program.classes[owner.name]
    in_setup = method is plan.init
    if not in_setup and program.methods.decoration.get(method) != COMPACT:
        return False
    if function_around(context.file, call) is not method:
        return False
    if program.names.loop(context.file, call) is not None or not name.value.isidentifier():
        return False
    if not program.names.is_free(context.file, call, name.value) and not (
        in_setup and _is_stored_as(context, call, name.value)
    ):
        return False
    used = 0
    for cls in [*program.project.mro(owner.name), *program.project.subclasses(owner.name)]:
        for node in walk(cls.node):
            if isinstance(node, ast.Constant) and node.value == name.value:
                parent = cls.file.names.parent.get(node)
                used += isinstance(parent, ast.Call | ast.keyword)
    return used == 1


def _is_stored_as(context: Context, call: ast.Call, name: str) -> bool:
    """True for `self.w = hk.get_parameter("w", ...)` in a class with no other use of the name."""
    parent = context.file.names.parent.get(call)
    targets = (
        parent.targets if isinstance(parent, ast.Assign) else [getattr(parent, "target", None)]
    )
    owner = class_around(context.program.project, context.file, call)
    assert owner is not None
    program = context.program
    family = [*program.project.mro(owner.name), *program.project.subclasses(owner.name)]
    stores = [
        n
        for c in family
        for n in walk(c.node)
        if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store) and n.attr == name
    ]
    fields = {
        p.field
        for c in family
        if c.name in program.classes
        for p in program.classes[c.name].parameters
    }
    methods = {m for c in family for m in c.methods}
    return stores == targets and name not in fields | methods | RESERVED | {"params"}


def next_rng_key(context: Context, call: ast.Call) -> bool:
    """`hk.next_rng_key()` -> `self.make_rng("dropout")` in a module's own method."""
    me = module_self(context, call)
    if not me or call.args or call.keywords or context.program.replaces_rng:
        return False
    if function_around(context.file, call) in context.program.initializers.functions:
        return False  # linen runs an initialiser at apply too, where there may be no stream
    context.text.set(call, f"{me}.make_rng({STREAM})")
    context.count("haiku.next_rng_key", "native")
    return True


def dropout(context: Context, call: ast.Call) -> bool:
    """`hk.dropout(hk.next_rng_key(), rate, x)` -> `nn.Dropout(rate, deterministic=...)(x)`."""
    bound = bind_call(_DROPOUT, call)
    if bound is None or not {"rng", "rate", "x"} <= set(bound) or context.program.replaces_rng:
        return False
    key = bound["rng"]
    if not isinstance(key, ast.Call) or context.name(key.func) != "haiku.next_rng_key":
        return False
    if key.args or key.keywords or "broadcast_dims" in bound:
        return False
    text = context.text
    if (
        text.has_comment(*text.span(call))
        or _draws(context, bound["x"])
        or _draws(context, bound["rate"])
    ):
        return False
    rate = _rate(context, bound["rate"])
    if rate is None:
        return False
    layer = f"{context.alias('flax.linen')}.Dropout"
    text.set(call, f"{layer}({rate})({text.of(bound['x'])})")
    context.count("haiku.dropout", "native")
    context.count("haiku.next_rng_key", "native")
    return True


def _draws(context: Context, node: ast.expr) -> bool:
    """True when evaluating an expression may draw keys, which would change their order."""
    return any(isinstance(n, ast.Call) and context.name(n.func) in _DRAWING for n in walk(node))


_DRAWING = {
    "haiku.next_rng_key",
    "haiku.next_rng_keys",
    "haiku.dropout",
    "haiku.maybe_next_rng_key",
}


def _rate(context: Context, rate: ast.expr) -> str | None:
    """The arguments of nn.Dropout for a rate; `0.5 if training else 0` names its condition."""
    text = context.text
    if isinstance(rate, ast.IfExp):
        yes, no = _is_zero(rate.body), _is_zero(rate.orelse)
        test = text.of(rate.test)
        simple = isinstance(rate.test, ast.Name | ast.Attribute)
        if no and not yes and _is_static(context, rate.body):
            negated = f"not {test}" if simple else f"not ({test})"
            return f"{text.of(rate.body)}, deterministic={negated}"
        if yes and not no and _is_static(context, rate.orelse):
            return f"{text.of(rate.orelse)}, deterministic={test}"
        return None
    if not _is_static(context, rate):
        return None
    return f"{text.of(rate)}, deterministic=False"


def _is_static(context: Context, rate: ast.expr) -> bool:
    """A number or something that is read from a configuration, not computed from arrays.

    A function's own parameter may be traced, which nn.Dropout cannot take.
    """
    if isinstance(rate, ast.Constant):
        return isinstance(rate.value, int | float) and 0 <= rate.value < 1
    if isinstance(rate, ast.IfExp):
        return _is_static(context, rate.body) and _is_static(context, rate.orelse)
    if isinstance(rate, ast.Name):
        found = context.file.names.scope_of[rate].lookup(rate.id)
        if found is None or found[1].kind == "param":
            return found is not None and found[0].node is not function_around(context.file, rate)
        values = [getattr(context.file.names.parent.get(n), "value", None) for n in found[1].nodes]
        return all(isinstance(v, ast.expr) and _is_static(context, v) for v in values)
    return isinstance(rate, ast.Attribute | ast.Subscript)


def _is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0 and node.value is not False
