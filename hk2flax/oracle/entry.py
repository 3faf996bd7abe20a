"""Bring every form an entry may have to one calling convention."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax

from .errors import OracleError
from .records import Side

Tree = dict[str, Any]
Args = tuple[Any, ...]
Kwargs = Mapping[str, Any]
Init = Callable[[Any, Args, Kwargs], tuple[Tree, Tree]]
Apply = Callable[[Tree, Tree, Any, Args, Kwargs], tuple[Any, Tree]]

# Programs that look at values (int(x), x.tolist(), if x > 0) cannot run abstractly.
CONCRETE = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerBoolConversionError,
    jax.errors.TracerIntegerConversionError,
    jax.errors.NonConcreteBooleanIndexError,
)

_MULTI = {"MultiTransformed", "MultiTransformedWithState"}
_WITH_STATE = {"TransformedWithState", "MultiTransformedWithState"}
_PLAIN = {"Transformed", "MultiTransformed"}
_RNG_WORDS = ("rng", "key", "seed", "random")


@dataclass
class Program:
    """One side's entry.

    init: (rng, args, kwargs) -> (params, state); None when the entry runs init itself.
    applies: by name, (params, state, rng, args, kwargs) -> (output, new state). One entry "" for
        an ordinary program, one for every function of a multi-transform; empty when the entry
        returns parameters.
    produce: () -> (params, state), for an entry that runs init itself.
    signature: of what args and kwargs go to, when it is known.
    streams: Flax random streams that are given a key.
    compiles: its source mentions jit or pmap: a trace may outlive the keys it was made with.
    """

    side: Side
    init: Init | None = None
    applies: dict[str, Apply] = field(default_factory=dict)
    produce: Callable[[], tuple[Tree, Tree]] | None = None
    signature: inspect.Signature | None = None
    streams: set[str] = field(default_factory=lambda: {"params", "dropout"})
    compiles: bool = False


def plain(tree: Any) -> Any:
    """Nested mappings (FrozenDict, FlatMap, ...) as dicts; everything else as it is."""
    if isinstance(tree, Mapping):
        return {str(key): plain(value) for key, value in tree.items()}
    return tree


def is_params(value: Any) -> bool:
    """True for what an entry that runs init itself returns: nested dicts of arrays, or two."""
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return len(value) == 2 and all(isinstance(v, Mapping) and is_params(v) for v in value)
    if not isinstance(value, Mapping):
        return False
    leaves = jax.tree_util.tree_leaves(plain(value))
    return all(hasattr(leaf, "shape") and hasattr(leaf, "dtype") for leaf in leaves)


def split(value: Any, side: Side) -> tuple[Tree, Tree]:
    """(params, state) of what `init` returned: params, (params, state) or linen variables."""
    if isinstance(value, tuple) and len(value) == 2:
        return plain(value[0]), plain(value[1])
    if not isinstance(value, Mapping):
        raise OracleError(f"init returned {type(value).__name__}, not parameters")
    tree = plain(value)
    if side == "target" and isinstance(tree.get("params"), dict):
        return tree.pop("params"), tree
    return tree, {}


def _takes_rng(apply: Callable[..., Any], leading: int) -> bool:
    """Whether a random key follows `leading` arguments of apply.

    hk.without_apply_rng sets the signature of what it returns (haiku/_src/transform.py), but the
    function itself may have an argument called rng, so its name is looked at first.
    """
    if "without_apply_rng" in getattr(apply, "__qualname__", ""):
        return False
    try:
        parameters = list(inspect.signature(apply).parameters.values())
    except (TypeError, ValueError):
        return True
    if len(parameters) <= leading:
        return any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters)
    parameter = parameters[leading]
    if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
        return True
    name = parameter.name.lower()
    return name.startswith("_") or any(word in name for word in _RNG_WORDS)


def _has_state(owner: Any, apply: Callable[..., Any]) -> bool | None:
    """Whether init returns (params, state): by class name, else by apply's second argument."""
    name = type(owner).__name__
    if name in _WITH_STATE:
        return True
    if name in _PLAIN:
        return False
    try:
        names = [p.lower() for p in inspect.signature(apply).parameters]
    except (TypeError, ValueError):
        return None
    return len(names) > 1 and "state" in names[1]


def _arguments(init: Callable[..., Any]) -> inspect.Signature | None:
    try:
        signature = inspect.signature(init)
    except (TypeError, ValueError):
        return None
    parameters = list(signature.parameters.values())
    return inspect.Signature(parameters[1:], __validate_parameters__=False)  # type: ignore[call-arg]


def _wrap_apply(apply: Callable[..., Any], stateful: bool) -> Apply:
    rng_follows = _takes_rng(apply, 2 if stateful else 1)

    def run(params: Tree, state: Tree, rng: Any, args: Args, kwargs: Kwargs) -> tuple[Any, Tree]:
        leading = (params, state) if stateful else (params,)
        rest = (rng, *args) if rng_follows else args
        result = apply(*leading, *rest, **kwargs)
        if not stateful:
            return result, {}
        output, new_state = result
        return output, plain(new_state)

    return run


def _of_transform(owner: Any, init: Callable[..., Any], apply: Any, side: Side) -> Program:
    multi = type(owner).__name__ in _MULTI or not callable(apply)
    if multi:
        found, _ = jax.tree_util.tree_flatten_with_path(apply)
        functions = {jax.tree_util.keystr(path): function for path, function in found}
    else:
        functions = {"": apply}
    if not functions or not all(callable(function) for function in functions.values()):
        raise OracleError(f"apply of {type(owner).__name__} is not a function or a tree of them")
    stateful = any(_has_state(owner, function) for function in functions.values())

    def run_init(rng: Any, args: Args, kwargs: Kwargs) -> tuple[Tree, Tree]:
        return split(init(rng, *args, **kwargs), side)

    return Program(
        side=side,
        init=run_init,
        applies={name: _wrap_apply(function, stateful) for name, function in functions.items()},
        signature=_arguments(init),
    )


def _of_module(module: Any, side: Side) -> Program:
    program = Program(side=side, signature=_arguments(type(module).__call__))

    def rngs(rng: Any) -> dict[str, Any]:
        return {name: jax.random.fold_in(rng, i) for i, name in enumerate(sorted(program.streams))}

    def run_init(rng: Any, args: Args, kwargs: Kwargs) -> tuple[Tree, Tree]:
        return split(module.init(rngs(rng), *args, **kwargs), side)

    def run(params: Tree, state: Tree, rng: Any, args: Args, kwargs: Kwargs) -> tuple[Any, Tree]:
        variables = {"params": params, **state}
        output, updates = module.apply(
            variables, *args, rngs=rngs(rng), mutable=list(state), **kwargs
        )
        return output, {**state, **plain(updates)}

    program.init = run_init
    program.applies = {"": run}
    return program


def _is_linen(value: Any) -> bool:
    return any(
        cls.__module__ == "flax.linen.module" and cls.__name__ == "Module"
        for cls in type(value).__mro__
    )


def resolve(value: Any, side: Side, call: bool = True) -> Program:
    """The Program of an entry's value; functions without arguments are called.

    Raises OracleError when the value has none of the documented forms.
    """
    if _is_linen(value):
        return _of_module(value, side)
    init, apply = getattr(value, "init", None), getattr(value, "apply", None)
    if not isinstance(value, type) and callable(init) and apply is not None:
        return _of_transform(value, init, apply, side)
    if isinstance(value, tuple) and len(value) == 2 and callable(value[0]):
        return _of_transform(value, value[0], value[1], side)
    if callable(value) and call:
        return _of_function(value, side)
    raise OracleError(
        f"an entry of type {type(value).__name__} is not supported: name a transform, a linen "
        "module, (init, apply), or a function without arguments that returns one of them or "
        "parameters"
    )


def _of_function(function: Callable[[], Any], side: Side) -> Program:
    """Call an entry function; abstractly first, so that one that runs init allocates nothing."""
    try:
        inspect.signature(function).bind()
    except TypeError as error:
        raise OracleError(f"the entry needs arguments: {error}") from error
    except ValueError:
        pass  # builtins without a signature: the call decides
    found: list[bool] = []

    def probe() -> Any:
        value = function()
        found.append(is_params(value))
        return value if found[0] else 0

    try:
        jax.eval_shape(probe)
    except CONCRETE:
        found[:] = [is_params(function())]  # it looks at values: run it for real
    if found[0]:
        return Program(side=side, produce=lambda: split(function(), side))
    return resolve(function(), side, call=False)
