"""The operations of a program, by module: ``hk.experimental.jaxpr_info``."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax

from .expressions import ExpressionInfo, ModuleInfo, listed_expressions, nested_modules
from .summaries import MethodInvocation, eval_summary


class jaxpr_info:
    """The names of ``hk.experimental.jaxpr_info``, called in the same way."""

    Module = ModuleInfo
    Expression = ExpressionInfo

    @staticmethod
    def make_model_info(
        f: Callable[..., Any],
        name: str | None = None,
        include_module_info: bool = True,
        compute_flops: Callable[..., int] | None = None,
        axis_env: Sequence[tuple[Any, int]] | None = None,
    ) -> Callable[..., ModuleInfo]:
        """Return a function that describes what ``f`` does with its arguments.

        Args:
            f: the function.
            name: what to call it; by default its own name.
            include_module_info: whether to count parameters and state.
            compute_flops: cost of one equation, given it and its `Expression`.
            axis_env: as in ``jax.make_jaxpr``.
        """
        trace = jax.make_jaxpr(f, axis_env=axis_env)
        summarise = eval_summary(lambda *args, **kwargs: f(*args, **kwargs))

        def describe(*args: Any, **kwargs: Any) -> ModuleInfo:
            found, _ = listed_expressions(trace(*args, **kwargs).jaxpr, compute_flops)
            module = nested_modules(name or f.__name__, found, compute_flops is not None)
            if include_module_info:
                calls: dict[tuple[str, ...], MethodInvocation] = {}
                for call in summarise(*args, **kwargs):
                    calls.setdefault(plain_path(call.module_details.module), call)
                count_variables(module, (), calls)
            return module

        return describe

    @staticmethod
    def format_module(module: ModuleInfo, depth: int = 0) -> str:
        """Return an indented text."""
        lines = ["  " * depth + " ".join([module.name, *described_sizes(module)])]
        for each in module.expressions:
            if each.submodule:
                lines.append(jaxpr_info.format_module(each.submodule, depth + 1)[:-1])
            else:
                flops = [] if each.flops is None else [short_number(each.flops, "flops")]
                lines.append("  " * (depth + 1) + " ".join([each.primitive, *flops, each.details]))
        return "\n".join(lines) + "\n"

    @staticmethod
    def as_html(
        module: ModuleInfo, min_flop: int = 1000, outvars: str = "", last: bool = False
    ) -> str:
        """Return a tree that can be folded; costs below ``min_flop`` are left out."""
        lines = []
        for each in module.expressions:
            if each.flops is not None and each.flops < min_flop:
                continue
            if each.submodule:
                lines.append(
                    f"<li>{jaxpr_info.as_html(each.submodule, min_flop, each.outvars)}</li>"
                )
                continue
            params = "; ".join(f"{key}: {value}" for key, value in each.params.items())
            tip = html.escape("\n".join(filter(None, (each.details, params))))
            text = html.escape(f"{each.outvars} = {each.primitive} {each.invars}")
            cost = short_number(each.flops or 0, "flops")
            lines.append(f'<li title="{tip}">{text} <span class="flops">{cost}</span></li>')
        variables = {**module.param_info, **module.state_info}
        tip = html.escape("\n".join(f"{key} {value}" for key, value in variables.items()))
        head = f"{html.escape(outvars)} = " if outvars else ""
        sizes = f'<span class="flops">{" ".join(described_sizes(module))}</span>'
        return (
            f'<details><summary title="{tip}">{head}<b>{html.escape(module.name)}</b> {sizes}'
            f"</summary><ol>{''.join(lines)}</ol></details>"
        )

    @staticmethod
    def as_html_page(module: ModuleInfo, min_flop: int = 1000) -> str:
        """Return a page with the tree."""
        head = f"<style>{jaxpr_info.css()}</style><script>{jaxpr_info.js()}</script>"
        body = jaxpr_info.as_html(module, min_flop=min_flop)
        return f"<html><head>{head}</head><body>{body}</body></html>"

    @staticmethod
    def css() -> str:
        """Return the style of the tree."""
        return (
            "details, li { font-family: monospace } ol { list-style: none } .flops { color: grey }"
        )

    @staticmethod
    def js() -> str:
        """Return the script of the tree: it needs none."""
        return ""


def count_variables(
    module: ModuleInfo, path: tuple[str, ...], calls: Mapping[tuple[str, ...], MethodInvocation]
) -> None:
    """Add the variables of linen's modules to modules of the same path."""
    for each in module.expressions:
        inner = each.submodule
        if inner is None:
            continue
        below = (*path, inner.name)
        root = calls.get(())
        if (
            not path
            and root is not None
            and inner.name == type(root.module_details.module).__name__
        ):
            below = ()
        if below in calls:
            details = calls[below].module_details
            prefix = "/".join(details.module.path)
            inner.total_param_size = sum(spec.size for spec in details.params.values())
            inner.total_state_size = sum(spec.size for spec in details.state.values())
            for shown, specs in (
                (inner.param_info, details.params),
                (inner.state_info, details.state),
            ):
                shown.update(
                    {f"./{n.removeprefix(prefix).strip('/')}": str(s) for n, s in specs.items()}
                )
        count_variables(inner, below if below in calls else path, calls)


def plain_path(module: Any) -> tuple[str, ...]:
    """Return a module's path without the levels of methods."""
    return tuple(part for part in module.path if not part.startswith("~"))


def described_sizes(module: ModuleInfo) -> list[str]:
    """Return the sizes of a module that are known."""
    sizes = [] if module.flops is None else [short_number(module.flops, "flops")]
    sizes += [short_number(module.total_param_size, "params")] if module.total_param_size else []
    sizes += [short_number(module.total_state_size, "state")] if module.total_state_size else []
    return sizes


def short_number(number: int, unit: str) -> str:
    """Return a number with four digits and a letter for its thousands."""
    for letter, exponent in (("E", 18), ("P", 15), ("T", 12), ("G", 9), ("M", 6), ("k", 3)):
        if number > 10**exponent:
            return f"{number / 10**exponent:.4g} {letter}{unit}"
    return f"{number} {unit}"
