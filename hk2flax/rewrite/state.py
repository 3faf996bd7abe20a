"""`hk.get_state` and `hk.set_state` as a `self.variable`."""

from __future__ import annotations

import ast

from hk2flax.catalog.signatures import bind_call, parse_signature
from hk2flax.plan.state import StateCell
from hk2flax.rewrite.context import Context
from hk2flax.rewrite.storage import module_self

_GET = parse_signature("name, shape=None, dtype=jnp.float32, init=None")
_SET = parse_signature("name, value")


def rewrite_read(context: Context, cell: StateCell) -> None:
    """`n = hk.get_state(...)` -> `n_state = self.variable("state", ...)`, `n = n_state.value`."""
    text = context.text
    call = cell.read.value
    assert isinstance(call, ast.Call)
    bound = bind_call(_GET, call) or {}
    me = module_self(context, call)
    numpy = context.alias("jax.numpy")
    init = f"{numpy}.{context.name(bound['init']).rpartition('.')[2]}"
    dtype = text.of(bound["dtype"]) if "dtype" in bound else f"{numpy}.float32"
    shape = text.of(bound["shape"])
    pad = text.indent(text.span(cell.read)[0])
    name = text.of(bound["name"])
    quote = name[-1] if name[-1:] in ("'", '"') else '"'
    collection = f"{quote}state{quote}"
    new = f"{cell.local} = {me}.variable({collection}, {name}, {init}, {shape}, {dtype})"
    text.set(
        cell.read, f"{new}{text.newline}{pad}{text.of(cell.read.targets[0])} = {cell.local}.value"
    )
    context.count("haiku.get_state", "native")


def rewrite_write(context: Context, cell: StateCell) -> None:
    """`hk.set_state("n", value)` -> `if not self.is_initializing(): n_state.value = value`."""
    text = context.text
    call = cell.write.value
    assert isinstance(call, ast.Call)
    value = text.of((bind_call(_SET, call) or {})["value"])
    pad = text.indent(text.span(cell.write)[0])
    step = "  " if len(pad) % 4 == 2 else "    "
    me = module_self(context, call)
    text.set(
        cell.write,
        f"if not {me}.is_initializing():  # init returns the first value{text.newline}"
        f"{pad}{step}{cell.local}.value = {value}",
    )
    context.count("haiku.set_state", "native")
