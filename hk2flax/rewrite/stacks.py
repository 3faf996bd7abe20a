"""`hk.layer_stack` and `hk.scan` over one module, written with `nn.scan`."""

from __future__ import annotations

import ast

from hk2flax.plan.stacks import NativeStack
from hk2flax.project.walk import walk
from hk2flax.rewrite.context import Context
from hk2flax.rewrite.storage import STREAM


def rewrite_stack_function(context: Context, stack: NativeStack) -> None:
    """The decorated function becomes the body of a scan: it gets the block, returns (x, None)."""
    text = context.text
    function, use = stack.function, stack.use
    context.module_texts[stack.construction] = text.of(stack.construction)
    count = stack.decorator.args[0] if stack.decorator.args else stack.decorator.keywords[0].value
    context.module_texts[stack.decorator] = text.of(count)
    start, _ = text.span(stack.decorator)
    text.replace(text.line_start(start), text.line_end(text.span(stack.decorator)[1]), "")
    block = _free(context, function, stack.construction)
    context.module_texts[function] = block
    text.insert(text.span(function.args.args[0])[0], f"{block}, ")
    text.insert(text.span(function.args.args[0])[1], ", _")
    text.set(stack.construction, block)
    text.set(use, f"{text.of(use)}, None")


def _free(context: Context, function: ast.FunctionDef, construction: ast.Call) -> str:
    name = (
        construction.func.attr
        if isinstance(construction.func, ast.Attribute)
        else ast.unparse(construction.func)
    )
    name = name[:1].lower() + name[1:]
    used = {n.id for n in walk(function) if isinstance(n, ast.Name)} | {function.name}
    while name in used:
        name += "_"
    return name


def rewrite_stack_call(context: Context, stack: NativeStack) -> None:
    """`stack_block(x)` -> `nn.scan(stack_block, ...)(Block(...), x, None)[0]`."""
    text = context.text
    scan = context.dotted("flax.linen.scan")
    length = context.module_texts[stack.decorator]
    construction = context.module_texts[stack.construction]
    named = (
        f'{construction[:-1]}{", " if not construction.endswith("()") else ""}name="{stack.name}")'
    )
    pad = text.newline + text.indent(text.span(stack.call)[0])
    carry = text.of(stack.call.args[0])
    lines = [
        f"{scan}(",
        f"    {stack.function.name},",
        '    variable_axes={"params": 0},',
        f'    split_rngs={{"params": True, {STREAM}: True}},',
        f"    length={length},",
        f")({named}, {carry}, None)[0]",
    ]
    text.set(stack.call, pad.join(lines))
    context.count("haiku.layer_stack", "native")


def rewrite_scan(context: Context, call: ast.Call) -> None:
    """`hk.scan(cell, carry, xs)` -> `nn.scan(lambda cell, carry, x: ..., ...)(cell, carry, xs)`."""
    text = context.text
    cell, carry, xs = (text.of(a) for a in call.args)
    scan = context.dotted("flax.linen.scan")
    pad = text.newline + text.indent(text.span(call)[0])
    lines = [
        f"{scan}(",
        "    lambda cell, carry, x: cell(carry, x),",
        '    variable_broadcast="params",',
        f'    split_rngs={{"params": False, {STREAM}: True}},',
        f")({cell}, {carry}, {xs})",
    ]
    text.set(call, pad.join(lines))
    context.count("haiku.scan", "native")
