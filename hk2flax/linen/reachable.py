"""The modules that a function can get at."""

from __future__ import annotations

import contextlib
import functools
import types
from collections.abc import Mapping
from typing import Any

import flax
import flax.linen as nn
import jax
import numpy as np


def reachable_modules(*objects: Any) -> list[nn.Module]:
    """Set up and return the bound modules that can be reached from some objects.

    Looks into closures, defaults, partials, methods, containers, and attributes of objects.
    """
    seen: dict[int, Any] = {}
    todo = list(objects)
    while todo:
        item = todo.pop()
        leaf = isinstance(
            item, type | types.ModuleType | jax.Array | np.ndarray | str | flax.core.Scope
        )
        if leaf or id(item) in seen:
            continue
        seen[id(item)] = item
        if isinstance(item, nn.Module):
            hasattr(item, "~")  # looking up any attribute that is missing runs setup
        if isinstance(item, types.MethodType):
            todo += [item.__self__, item.__func__]
        elif isinstance(item, functools.partial):
            todo += [item.func, item.args, item.keywords]
        elif isinstance(item, types.CellType):
            with contextlib.suppress(ValueError):  # a variable that has no value yet
                todo.append(item.cell_contents)
        elif isinstance(item, Mapping):
            todo += item.values()
        elif isinstance(item, list | tuple | set):
            todo += item
        if isinstance(item, types.FunctionType):
            todo += [item.__closure__, item.__defaults__, item.__kwdefaults__]
        todo += getattr(item, "__dict__", {}).values()
    return [m for m in seen.values() if isinstance(m, nn.Module) and m.scope is not None]
