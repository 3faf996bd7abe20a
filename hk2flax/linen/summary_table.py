"""A table of the modules of a program: ``hk.experimental.tabulate``."""

from __future__ import annotations

import dataclasses
import decimal
import pprint
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flax.linen as nn

from .summaries import MethodInvocation, ModuleDetails, eval_summary

GRID: dict[str, Any] = {"tablefmt": "grid"}


def tabulate(
    f: Any,
    *,
    columns: Sequence[str] | None = (
        "module",
        "config",
        "owned_params",
        "input",
        "output",
        "params_size",
        "params_bytes",
    ),
    filters: Sequence[str] | None = ("has_output",),
    tabulate_kwargs: Mapping[str, Any] = GRID,
) -> Callable[..., str]:
    """Return a function that describes, as a table, the modules that ``f`` uses.

    linen's own ``nn.tabulate`` does the same for a module and is what a new program uses.

    Args:
        f: as for `eval_summary`.
        columns: those of Haiku, in order.
        filters: ``"has_output"``, ``"has_params"``.
        tabulate_kwargs: other layouts than the default are drawn by the package ``tabulate``.
    """
    summarise = eval_summary(f)
    shown = chosen("column", columns, SUMMARY_COLUMNS, tuple(SUMMARY_COLUMNS))
    tests = chosen("filter", filters, SUMMARY_FILTERS, ("has_output",))
    headers = [header for header, _ in shown]

    def generate(*args: Any, **kwargs: Any) -> str:
        calls = [c for c in summarise(*args, **kwargs) if all(test(c) for test in tests)]
        rows = [[text(call) for _, text in shown] for call in calls]
        if not rows:
            return "No modules matching filters."
        if tabulate_kwargs == GRID:
            return grid_table(headers, rows)
        import tabulate as tables  # optional: for other layouts only

        right = ["right" if header.startswith("Param ") else "left" for header in headers]
        return tables.tabulate(rows, headers=headers, colalign=right, **tabulate_kwargs)

    return generate


def chosen(
    what: str, names: Sequence[str] | None, known: Mapping[str, Any], default: Sequence[str]
) -> list[Any]:
    """Return what some names stand for."""
    invalid = [name for name in names or () if name not in known]
    if invalid:
        raise ValueError(f"Invalid {what}(s) {invalid}, valid {what}s {list(known)}")
    return [known[name] for name in (default if names is None else names)]


def grid_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Draw a table; columns whose header starts with ``Param`` are aligned to the right."""
    lines = [[cell.split("\n") for cell in row] for row in rows]
    widths = [
        max(len(header) + 2, *(len(line) for row in lines for line in row[i]))
        for i, header in enumerate(headers)
    ]

    def rule(sign: str) -> str:
        return "+" + "+".join(sign * (width + 2) for width in widths) + "+"

    def drawn(cells: Sequence[Sequence[str]]) -> list[str]:
        height = max(len(cell) for cell in cells)
        filled = [[*cell, *[""] * (height - len(cell))] for cell in cells]
        aligned = [
            [
                line.rjust(width) if header.startswith("Param ") else line.ljust(width)
                for line in cell
            ]
            for header, cell, width in zip(headers, filled, widths, strict=True)
        ]
        return ["| " + " | ".join(line) + " |" for line in zip(*aligned, strict=True)]

    out = [rule("-"), *drawn([[header] for header in headers]), rule("=")]
    for row in lines:
        out += [*drawn(row), rule("-")]
    return "\n".join(out)


def described_call(call: MethodInvocation) -> str:
    """Name the module and those that called it."""

    def entry(details: ModuleDetails) -> str:
        method = "" if details.method_name == "__call__" else f".{details.method_name}"
        path = "/".join(details.module.path) or "~"
        return f"{path} ({type(details.module).__name__}{method})"

    return "\n └ ".join([entry(details) for details in call.call_stack])


def described_module(module: nn.Module) -> str:
    """Return the constructor arguments of a module that are not the defaults."""
    parts = []
    for field in dataclasses.fields(module):
        value = getattr(module, field.name)
        default = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        is_default = value is default or repr(value) == repr(default)
        if field.init and field.name not in ("parent", "name") and not is_default:
            text = getattr(value, "__qualname__", "").split(".")[0] or pprint.pformat(value)
            parts.append(f"{field.name}={text}")
    name = type(module).__name__
    short = f"{name}({', '.join(parts)})"
    return short if len(short) <= 80 else f"{name}(\n    " + ",\n    ".join(parts) + ",\n)"


def described_parameters(call: MethodInvocation) -> str:
    """List the parameters of a module itself, the largest first."""
    details = call.module_details
    depth = len(details.module.path)
    own = {n.rpartition("/")[2]: s for n, s in details.params.items() if n.count("/") == depth}
    ordered = sorted(own.items(), key=lambda item: (-item[1].size, item[0]))
    return "\n".join(f"{name}: {spec}" for name, spec in ordered)


def described_inputs(call: MethodInvocation) -> str:
    """List the arguments of a call."""
    text = ", ".join([pprint.pformat(spec) for spec in call.args_spec])
    named = ", ".join(f"{name}={pprint.pformat(v)}" for name, v in call.kwargs_spec.items())
    return f"{text}\n{named}" if named else text


def described_size(call: MethodInvocation) -> str:
    """Return the number of elements of a module's parameters."""
    return f"{sum(spec.size for spec in call.module_details.params.values()):,}"


def described_bytes(call: MethodInvocation) -> str:
    """Return the number of bytes of a module's parameters."""
    specs = call.module_details.params.values()
    number = decimal.Decimal(sum(spec.size * spec.dtype.itemsize for spec in specs))
    units = ["B", "KB", "MB", "GB", "TB"]
    while number >= 1000 and len(units) > 1:
        number /= 1000
        del units[0]
    return f"{number:.2f} {units[0]}"


SUMMARY_FILTERS: dict[str, Callable[[MethodInvocation], bool]] = {
    "has_output": lambda call: call.output_spec is not None,
    "has_params": lambda call: bool(call.module_details.params),
}

SUMMARY_COLUMNS: dict[str, tuple[str, Callable[[MethodInvocation], str]]] = {
    "module": ("Module", described_call),
    "config": ("Config", lambda call: described_module(call.module_details.module)),
    "owned_params": ("Module params", described_parameters),
    "input": ("Input", described_inputs),
    "output": ("Output", lambda call: pprint.pformat(call.output_spec)),
    "params_size": ("Param count", described_size),
    "params_bytes": ("Param bytes", described_bytes),
}
