"""Transforms that become plain linen modules, and the calls of their `init` and `apply`."""

from __future__ import annotations

import ast

from hk2flax.plan.transform_plan import NativeTransform, Site
from hk2flax.project.walk import walk
from hk2flax.rewrite.context import Context
from hk2flax.rewrite.edits import append_arguments, remove_slot
from hk2flax.rewrite.todos import insert_todos


def rewrite_site(context: Context, call: ast.Call, site: Site) -> None:
    """`model.init(...)` and `model.apply(...)` in linen's calling convention."""
    transform = site.transform
    if site.kind == "init":
        text = context.text.of(call)
        if not transform.takes_state:
            context.text.set(
                call,
                f'{text}.get("params", {{}})' if transform.may_be_empty else f'{text}["params"]',
            )
            return
        # params, state = ...  ->  state, params = flax.core.pop(..., "params")
        statement = context.file.names.parent[call]
        assert isinstance(statement, ast.Assign)
        pair = statement.targets[0]
        assert isinstance(pair, ast.Tuple)
        first, second = (context.text.original(e) for e in pair.elts)
        context.text.set(pair, f"{second}, {first}")
        context.text.set(call, f'{context.alias("flax")}.core.pop({text}, "params")')
        return
    _rewrite_apply(context, call, site)


def _rewrite_apply(context: Context, call: ast.Call, site: Site) -> None:
    text, transform = context.text, site.transform
    slots = text.arguments(call)
    params = text.get(slots[0].start, slots[0].end)
    added = []
    leading = 1
    variables = f'"params": {params}'
    mutable = ""
    if transform.takes_state:
        state = text.get(slots[1].start, slots[1].end)
        variables += f", **{state}"
        mutable = f"mutable=list({state})"
        leading += 1
    if transform.takes_rng:
        rng = call.args[leading]
        if not (isinstance(rng, ast.Constant) or (not transform.draws and _is_pure(rng))):
            added.append(
                f'rngs={{"dropout": {text.get(slots[leading].start, slots[leading].end)}}}'
            )
        leading += 1
    if mutable:
        added.append(mutable)
    if site.method and site.method != "__call__":
        added.append(f'method="{site.method}"')
    rest = slots[leading:]
    if rest:
        append_arguments(text, call, slots, added)
        for index in range(leading - 1, 0, -1):
            remove_slot(text, slots, index)
        text.replace(slots[0].start, slots[0].end, f"{{{variables}}}")
    else:
        text.replace(slots[0].start, slots[-1].end, ", ".join([f"{{{variables}}}", *added]))
    if site.method:
        text.set(call.func, f"{transform.target}.apply")


def _is_pure(node: ast.expr) -> bool:
    """True when leaving an expression out changes nothing else (`next(keys)` does)."""
    return isinstance(node, ast.Name | ast.Attribute | ast.Constant)


def rewrite_wrapped(context: Context, call: ast.Call, construction: ast.Call) -> None:
    """`hk.transform(lambda x: Net(8)(x))` -> `transform(Net(8))`."""
    new = context.module_texts.get(construction) or context.text.of(construction)
    methods = context.program.transforms.wrapped_methods.get(call)
    if methods is None:
        context.text.set(call.args[0], new)
        return
    names = ", ".join(f'"{name}"' for name in methods)
    comma = "," if len(methods) == 1 else ""
    context.text.set(call, f"{context.helper('transform_methods')}({new}, ({names}{comma}))")
    context.count("haiku.multi_transform", "helper")


def remove_function(context: Context, function: ast.FunctionDef) -> None:
    """Removes a function that only built and called one module."""
    text = context.text
    for node in walk(function):
        if isinstance(node, ast.Call):
            context.module_texts[node] = text.of(node)
    start, end = text.whole_lines(*text.span(function))
    while end < len(text.data) and not text.data[end : text.line_end(end)].strip():
        end = text.line_end(end)
    block = context.file.names.parent[function]
    alone = len(getattr(block, "body", [1, 2])) == 1
    text.replace(start, end, f"{text.indent(start)}pass{text.newline}" if alone else "")


def rewrite_function(
    context: Context, function: ast.FunctionDef, transform: NativeTransform
) -> None:
    """Removes the function, or turns it into a module class where it stands."""
    text = context.text
    if transform.construction is not None:
        remove_function(context, function)
        return
    insert_todos(context, function)
    start, end = text.span(function)
    pad = text.indent(start)
    step = _step(context, function)
    head, *lines = _as_method(text.get(start, end).splitlines(), function, pad)
    body = [f"{step}{line}" if line.strip() else line for line in lines]
    compact = context.dotted("flax.linen.compact")
    module = context.dotted("flax.linen.Module")
    new = [
        f"class {transform.class_name}({module}):",
        f"{pad}{step}@{compact}",
        f"{pad}{step}{head}",
        *body,
    ]
    text.replace(start, end, text.newline.join(new))


def _as_method(lines: list[str], function: ast.FunctionDef, pad: str) -> list[str]:
    """The lines of a function with `self` in front and its parameters lined up as they were."""
    old_column = len(pad) + lines[0].index("(") + 1
    head = lines[0].replace(f"def {function.name}", "def __call__", 1)
    opening = head.index("(") + 1
    column = len(pad) + opening
    rest = lines[1:]
    for number in range(function.body[0].lineno - function.lineno - 1):
        bare = rest[number].lstrip()
        if len(rest[number]) - len(bare) == old_column:
            rest[number] = " " * column + bare
    if _no_arguments(function):
        return [f"{head[:opening]}self{head[opening:]}", *rest]
    if head[opening:].strip():
        return [f"{head[:opening]}self, {head[opening:]}", *rest]
    indent = rest[0][: len(rest[0]) - len(rest[0].lstrip())]
    return [head[:opening], f"{indent}self,", *rest]


def _no_arguments(function: ast.FunctionDef) -> bool:
    args = function.args
    return not (args.posonlyargs or args.args or args.vararg or args.kwonlyargs or args.kwarg)


def _step(context: Context, function: ast.FunctionDef) -> str:
    text = context.text
    outer = text.indent(text.span(function)[0])
    inner = text.indent(text.span(function.body[0])[0])
    return inner[len(outer) :] if len(inner) > len(outer) else "    "


def rewrite_assignment(context: Context, statement: ast.Assign, transform: NativeTransform) -> None:
    """`model = hk.transform(forward)` -> `model = Net(...)`."""
    text = context.text
    if transform.class_name:
        new = f"{transform.class_name}()"
    else:
        assert transform.construction is not None
        new = context.module_texts.get(transform.construction) or text.of(transform.construction)
    text.set(statement.value, new)
    context.count(
        "haiku.transform_with_state" if transform.takes_state else "haiku.transform", "native"
    )


def remove_unpacking(context: Context, statement: ast.stmt) -> None:
    """Removes `encode, decode = model.apply`: the calls name the method instead."""
    text = context.text
    text.replace(*text.whole_lines(*text.span(statement)), "")
