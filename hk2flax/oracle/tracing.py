"""Run a program's init abstractly while one side's recorder watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax

from .entry import CONCRETE, Args, Kwargs, Program, Tree
from .errors import OracleError


def abstract(function: Callable[[], Any]) -> Any:
    """The shapes of what `function` returns; it runs for real only when it looks at values."""
    try:
        return jax.eval_shape(function)
    except CONCRETE:
        return function()


def initialise(program: Program, args: Args, kwargs: Kwargs) -> tuple[Tree, Tree]:
    """(params, state) of `program` as shapes.

    Raises OracleError for an entry without init or produce.
    """
    if program.produce is not None:
        produced: tuple[Tree, Tree] = abstract(program.produce)
        return produced
    init = program.init
    if init is None:
        raise OracleError("the entry has no init")
    initialised: tuple[Tree, Tree] = abstract(lambda: init(jax.random.PRNGKey(0), args, kwargs))
    return initialised


def leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(path, array) for every leaf, mappings walked in their own order.

    Other pytrees (tuples, named tuples, typed keys) are taken apart by JAX; their positions become
    the last parts of the path.
    """
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from leaves(value, (*path, str(key)))
        return
    for inner, value in jax.tree_util.tree_flatten_with_path(tree)[0]:
        yield (*path, *(_part(key) for key in inner)), value


def _part(key: Any) -> str:
    for attribute in ("key", "name", "idx"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    return str(key)


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of an array, an abstract array or a Python number."""
    return tuple(getattr(value, "shape", ()))


def dtype_of(value: Any) -> str:
    """The dtype's name, "float32"; typed keys print as "key<fry>"."""
    dtype = getattr(value, "dtype", None)
    return str(jax.numpy.result_type(value) if dtype is None else dtype)


def class_names(cls: type) -> tuple[str, ...]:
    """ "module:qualname" of a class and its bases, most derived first, object left out."""
    return tuple(f"{c.__module__}:{c.__qualname__}" for c in cls.__mro__ if c is not object)
