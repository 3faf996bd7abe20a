"""Trees, maps and pickle streams that the tests of params share."""

from __future__ import annotations

import pickle
import sys
import types
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np

from hk2flax.params.map import Entry, Map, Target

PARAMS = {
    "mlp/~/linear_0": {
        "w": np.arange(12, dtype=np.float32).reshape(3, 4),
        "b": np.arange(4, dtype=ml_dtypes.bfloat16),
    },
    "mlp": {"w[0,0,1] 5x0e,1x1o": np.arange(6, dtype=np.float32).reshape(2, 3)},
    "mlp/w[0,0,1] 5x0e,1x1o": {"w": np.arange(3, dtype=np.float16)},
    "~": {"a/b": np.array(2.5)},
}
STATE = {"bn/~/mean_ema": {"average": np.ones((1, 4), np.float32), "counter": np.array(3, "i4")}}


def _entry(kind: str, module: str, name: str, *targets: Target, reason: str = "") -> Entry:
    array = (PARAMS if kind == "params" else STATE)[module][name]
    return Entry(kind, module, name, array.shape, array.dtype.name, targets, reason)


MAP = Map(
    (
        _entry(
            "params",
            "mlp/~/linear_0",
            "w",
            Target("params", ("Cell_0", "i", "kernel"), (2, 4), (("slice", 0, 0, 2),)),
            Target(
                "params",
                ("Cell_0", "h", "kernel"),
                (2, 2),
                (("slice", 0, 2, 3), ("reshape", (2, 2)), ("transpose", (1, 0))),
            ),
        ),
        _entry(
            "params",
            "mlp/~/linear_0",
            "b",
            Target("params", ("Cell_0", "h", "bias"), (4,), (("add", 1),)),
        ),
        _entry(
            "params",
            "mlp",
            "w[0,0,1] 5x0e,1x1o",
            Target("params", ("MLP_0", "kernel/u"), (3, 2), (("swap", 0, 1),)),
        ),
        _entry(
            "params",
            "mlp/w[0,0,1] 5x0e,1x1o",
            "w",
            Target("params", ("MLP_0", "inner", "scale"), (3,)),
        ),
        _entry("params", "~", "a/b", Target("params", ("a%b",), ())),
        _entry(
            "state",
            "bn/~/mean_ema",
            "average",
            Target("batch_stats", ("BatchNorm_0", "mean"), (4,), (("reshape", (-1,)),)),
        ),
        _entry("state", "bn/~/mean_ema", "counter", reason="linen keeps no counter"),
    ),
    source="a Haiku program",
    target="its Flax form",
)


def same(left: Any, right: Any) -> bool:
    """Equal to the bit: structure, shapes, dtypes, bytes."""
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    left, right = np.asarray(left), np.asarray(right)
    return (
        left.shape == right.shape
        and left.dtype == right.dtype
        and left.tobytes() == right.tobytes()
    )


def old_jax_pickle(tree: Any, function: str, aval: dict[str, Any], protocol: int) -> bytes:
    """Pickle a tree whose arrays are stored as JAX of some age stored them."""
    module, name = function.rsplit(".", 1)

    class DeviceArray:
        def __init__(self, array: np.ndarray) -> None:
            self.array = array

        def __reduce__(self) -> tuple[Any, ...]:
            build, args, state = np.ndarray.__reduce__(self.array)
            return _named(module, name), (build, args, state, aval)

    def wrap(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: wrap(child) for key, child in value.items()}
        return DeviceArray(value)

    return dumps_named(wrap(tree), {module: {name}}, protocol)


def dumps_named(value: Any, names: dict[str, set[str]], protocol: int = 4) -> bytes:
    """Pickle while modules that do not exist here (any more) pretend to."""
    kept = {module: sys.modules.get(module) for module in names}
    try:
        for module, attributes in names.items():
            fake = types.ModuleType(module)
            for attribute in attributes:
                setattr(fake, attribute, _named(module, attribute))
            sys.modules[module] = fake
        return pickle.dumps(value, protocol)
    finally:
        for module, before in kept.items():
            if before is None:
                del sys.modules[module]
            else:
                sys.modules[module] = before


_NAMED: dict[tuple[str, str], Callable[..., Any]] = {}


def _named(module: str, name: str) -> Callable[..., Any]:
    if (module, name) not in _NAMED:

        def function(*_: Any) -> None:
            raise AssertionError("a pickle ran code")

        function.__module__, function.__qualname__, function.__name__ = module, name, name
        _NAMED[module, name] = function
    return _NAMED[module, name]
