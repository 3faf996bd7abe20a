"""What the modules of a program are given and return: ``hk.experimental.eval_summary``."""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flax
import flax.linen as nn
import jax

from .scope import ScopeFrame
from .transform import transform_with_state, transformed_function


@dataclass(frozen=True)
class ArraySpec:
    """Shape and dtype of an array, printed as ``f32[2,3]``.

    Attributes:
        shape: the shape.
        dtype: the dtype.
    """

    shape: Sequence[int]
    dtype: Any

    def __repr__(self) -> str:
        """Return dtype and shape."""
        name = self.dtype.name if hasattr(self.dtype, "name") else self.dtype(0).dtype.name
        for long, short in (("complex", "c"), ("float", "f"), ("uint", "u"), ("int", "s")):
            name = name.replace(long, short)
        return f"{name}[{','.join(str(n) for n in self.shape)}]"

    __str__ = __repr__

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @classmethod
    def from_array(cls, array: Any) -> ArraySpec:
        """Return the spec of an array."""
        return cls(array.shape, array.dtype)


@dataclass(frozen=True)
class ModuleDetails:
    """A module, one of its methods, and its variables with those of its submodules, by path.

    Attributes:
        module: the module.
        method_name: the method.
        params: the parameters.
        state: the variables of all other collections.
    """

    module: nn.Module
    method_name: str
    params: Mapping[str, ArraySpec]
    state: Mapping[str, ArraySpec]

    @classmethod
    def of(cls, module: nn.Module, method_name: str) -> ModuleDetails:
        """Return the details of a bound module."""
        specs: tuple[dict[str, ArraySpec], dict[str, ArraySpec]] = ({}, {})
        for collection, tree in module.variables.items():
            for path, leaf in flax.traverse_util.flatten_dict(tree).items():
                name = "/".join((*module.path, *path))
                specs[collection != "params"][name] = ArraySpec.from_array(leaf)
        return cls(module, method_name, *specs)


@dataclass(frozen=True)
class MethodInvocation:
    """A call of a method; arrays are replaced by their specs.

    Attributes:
        module_details: the module and the method.
        args_spec: positional arguments.
        kwargs_spec: keyword arguments.
        output_spec: what it returned.
        context: what linen's interceptors are told.
        call_stack: this call and those that it was made in, the innermost first.
    """

    module_details: ModuleDetails
    args_spec: tuple[Any, ...]
    kwargs_spec: dict[str, Any]
    output_spec: Any
    context: Any
    call_stack: Sequence[ModuleDetails]


def eval_summary(f: Any) -> Callable[..., Sequence[MethodInvocation]]:
    """Return a function that lists the calls of methods while ``f`` is applied to its arguments.

    Nothing is computed. Modules have the paths that they have in the Flax tree; `setup` and
    properties do not count.

    Args:
        f: a function, a module, the pair of a `transform`, or one of the pair.
    """
    pair = transform_with_state(without_compilation(transformed_function(f)))

    def summarise(*args: Any, **kwargs: Any) -> Sequence[MethodInvocation]:
        log = InvocationLog()

        def run(*args: Any, **kwargs: Any) -> None:
            init_key, apply_key = jax.random.split(jax.random.PRNGKey(42))
            params, state = pair.init(init_key, *args, **kwargs)
            with nn.intercept_methods(log.record):
                pair.apply(params, state, apply_key, *args, **kwargs)

        with jax.disable_jit():
            jax.eval_shape(run, *args, **kwargs)
        return [each for each in log.calls if each is not None]

    return summarise


class InvocationLog:
    """Notes calls of methods, in the order in which they begin."""

    def __init__(self) -> None:
        """Start with no calls."""
        self.calls: list[MethodInvocation | None] = []
        self.running: list[tuple[nn.Module, str]] = []

    def record(self, call: Callable[..., Any], args: Any, kwargs: Any, context: Any) -> Any:
        """Run a method and note the call; an interceptor for linen."""
        if context.method_name == "setup" or isinstance(context.module, ScopeFrame):
            return call(*args, **kwargs)
        place = len(self.calls)
        self.calls.append(None)
        self.running.append((context.module, context.method_name))
        try:
            out = call(*args, **kwargs)
            stack = tuple(ModuleDetails.of(*each) for each in reversed(self.running))
        finally:
            self.running.pop()
        self.calls[place] = MethodInvocation(
            stack[0], array_specs(args), array_specs(kwargs), array_specs(out), context, stack
        )
        return out


def array_specs(tree: Any) -> Any:
    """Replace arrays by their specs."""
    return jax.tree.map(
        lambda leaf: ArraySpec.from_array(leaf) if isinstance(leaf, jax.Array) else leaf, tree
    )


def without_compilation(f: Any) -> Any:
    """Return a function that is not known to be compiled, which `transform` refuses."""
    if isinstance(f, nn.Module | types.MethodType | functools.partial):
        return f
    return lambda *args, **kwargs: f(*args, **kwargs)
