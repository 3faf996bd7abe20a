"""What every module returned, in the order in which the calls finished."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import jax

from .exchange import Call
from .inputs import to_numpy
from .known import simple_names
from .records import Side
from .tracing import class_names
from .trees import output_arrays


@contextlib.contextmanager
def watching(side: Side) -> Iterator[list[Call]]:
    """Collect the calls made inside the block."""
    calls: list[Call] = []

    def intercept(call: Any, args: Any, kwargs: Any, context: Any) -> Any:
        result = call(*args, **kwargs)
        if context.method_name not in ("__init__", "setup"):
            classes = simple_names(class_names(type(context.module)))
            name = _name(side, context.module)
            calls.append(Call(name, classes, context.method_name, _values(result)))
        return result

    if side == "source":
        from haiku._src.module import intercept_methods
    else:
        from flax.linen import intercept_methods  # type: ignore[assignment]
    with intercept_methods(intercept):
        yield calls


def _name(side: Side, module: Any) -> str:
    if side == "source":
        return str(module.module_name)
    return "/".join(module.scope.path) if module.scope is not None else ""


def _values(result: Any) -> tuple[Any, ...] | None:
    found = output_arrays(result)
    if any(isinstance(leaf, jax.core.Tracer) for leaf in found):
        return None
    return tuple(to_numpy(leaf) for leaf in found)
