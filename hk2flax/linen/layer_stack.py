"""Stacks of layers that are compiled once: ``hk.layer_stack``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
from jax import lax

from .live_variables import nested_copy
from .reachable import reachable_modules
from .rng import maybe_next_rng_key
from .scope import new_name, running_module
from .stack_names import LayerStackTransparencyMapping, split_layers, stack_layers
from .streams import stream_keys, streams
from .transform import transform_with_state


def layer_stack(
    num_layers: int,
    with_per_layer_inputs: bool = False,
    unroll: int = 1,
    pass_reverse_to_layer_fn: bool = False,
    transparent: bool = False,
    transparency_map: LayerStackTransparencyMapping | None = None,
    name: str | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that applies a function ``num_layers`` times: ``hk.layer_stack``.

    Every layer has its own parameters, state and random keys; they are stored together, on a new
    leading axis, below the name of the stack. As in Haiku, what counts is where a module is
    *called*: one that is made outside and called in the function becomes a copy per layer, stored
    below the stack under its full path, and init returns the state after one application.

    Args:
        num_layers: number of layers.
        with_per_layer_inputs: if True, the function is ``x, z = f(x, *y)``, and the decorated one
            ``x, zs = stack(x, *ys)`` with the layers on the leading axis of ``ys`` and ``zs``; if
            False, ``f`` maps one or several arguments to as many results.
        unroll: as in ``jax.lax.scan``.
        pass_reverse_to_layer_fn: whether to tell ``f`` the value of ``reverse``, an argument by
            keyword of the decorated function that runs the layers backwards.
        transparent: whether to store the parameters as a loop without a stack would.
        transparency_map: names of the layers, if ``transparent``.
        name: name of the stack, by default Haiku's.

    Raises:
        ValueError: the map is missing, ``f`` takes ``*args``, or an input per layer has another
            number of layers.
        flax.errors.AssignSubModuleError: the stack is used outside of compact methods.
    """
    if transparent and transparency_map is None:
        raise ValueError("`transparent=True` needs a `transparency_map`.")
    kind = "with_per_layer" if with_per_layer_inputs else "no_per_layer"

    def decorate(f: Callable[..., Any]) -> Callable[..., Any]:
        if not with_per_layer_inputs and only_varargs(f):
            raise ValueError("A function in a `layer_stack` has to name its arguments, not *args.")

        def tuples(x: tuple[Any, ...], **kwargs: Any) -> tuple[Any, None]:
            out = f(*x, **kwargs)
            return (out,) if len(x) == 1 else out, None

        @functools.wraps(f, updated=())
        def stacked(*args: Any, reverse: bool = False) -> Any:
            x, ys = (args[0], args[1:]) if with_per_layer_inputs else (args, ())
            if any(y.shape[0] != num_layers for y in jax.tree.leaves(ys)):
                raise ValueError(f"Inputs per layer need {num_layers} entries on axis 0.")
            stack = LayerStack(
                f if with_per_layer_inputs else tuples,
                num_layers,
                name or f"__layer_stack_{kind}",
                transparency_map if transparent else None,
            )
            stack.initialize(x, ys)
            options = {"reverse": reverse} if pass_reverse_to_layer_fn else {}
            x, zs = stack.apply(x, ys, reverse, unroll, options)
            if with_per_layer_inputs:
                return x, zs
            return x[0] if len(args) == 1 else x

        return stacked

    return decorate


def only_varargs(f: Callable[..., Any]) -> bool:
    """Say whether a function starts with ``*args``; decorated functions are looked into."""
    while hasattr(f, "__wrapped__"):
        f = f.__wrapped__
    code = getattr(f, "__code__", None)
    return bool(code and code.co_flags & 4 and not code.co_argcount)


class LayerStack:
    """One use of a stack: where its variables are, and how to run it.

    Args:
        f: ``x, z = f(x, *y)``.
        num_layers: number of layers.
        name: name of the stack; numbered if taken.
        names: see `split_layers`; then the variables are those of the current module.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        num_layers: int,
        name: str,
        names: LayerStackTransparencyMapping | None,
    ) -> None:
        """Find the place of the stack in the module that is being run."""
        self.module = running_module("layer_stack")
        # Haiku runs constructors before the stack; linen would run setup when it is called.
        self.reachable = reachable_modules(self.module, f)
        self.num_layers = num_layers
        self.names = names
        scope = self.module.scope
        self.scope = scope if names else scope.push(new_name(self.module, name))
        root = scope.root
        self.init, self.apply_layer = transform_with_state(
            lambda *args, **kwargs: call_with_copies(root, f, *args, **kwargs)
        )

    def read(self) -> dict[str, Any]:
        """Return the collections of the stack, with the layers on the leading axes."""
        trees = nested_copy(self.scope.variables())
        if self.names is None:
            return trees
        return {k: stack_layers(tree, self.num_layers, self.names) for k, tree in trees.items()}

    def write(self, trees: dict[str, Any]) -> None:
        """Store collections."""
        for collection, tree in trees.items():
            if self.names is not None:
                tree = split_layers(tree, self.num_layers, self.names)
            for name, value in tree.items():
                self.scope.put_variable(collection, name, value)

    def initialize(self, x: Any, ys: tuple[Any, ...]) -> None:
        """Create the variables, layer by layer, each on the output of the layers before."""
        if not self.module.is_initializing():
            return
        rng = maybe_next_rng_key()
        if any(self.read().values()):
            return

        def create(carry: Any, y: Any) -> Any:
            x, rng = carry
            rng, init_rng, rng_apply = (None,) * 3 if rng is None else jax.random.split(rng, 3)
            params, state = self.init(init_rng, x, *y)
            (x, _), state = self.apply_layer(params, state, rng_apply, x, *y)
            return (x, rng), {**state, "params": params}

        _, variables = lax.scan(create, (x, rng), ys, self.num_layers)
        self.write(variables)

    def apply(
        self, x: Any, ys: tuple[Any, ...], reverse: bool, unroll: int, options: dict[str, Any]
    ) -> Any:
        """Run the layers one after the other."""
        state = self.read()
        params = state.pop("params", {})
        rng = maybe_next_rng_key()
        rngs = None if rng is None else jax.random.split(rng, self.num_layers)
        changed = False

        def layer(x: Any, scanned: Any) -> Any:
            nonlocal changed
            params, state, rng, y = scanned
            # For code in the function that draws from a module outside of the stack.
            keys = {} if rng is None else dict.fromkeys(stream_keys(self.module), rng)
            with streams(keys, self.reachable):
                (x, z), new = self.apply_layer(params, state, rng, x, *y, **options)
            old_leaves, leaves = jax.tree.leaves(state), jax.tree.leaves(new)
            changed = len(old_leaves) != len(leaves) or any(
                old is not new for old, new in zip(old_leaves, leaves, strict=True)
            )
            return x, (z, new)

        scanned = (params, state, rngs, ys)
        x, (zs, state) = lax.scan(layer, x, scanned, self.num_layers, reverse, unroll)
        if changed and not self.module.is_initializing():
            self.write(state)
        return x, zs


def call_with_copies(root: Any, f: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function, in which modules of another root become copies bound to the current one.

    Args:
        root: root scope of the modules to copy; a copy has the path of the original.
        f: what to call.
        *args: its arguments.
        **kwargs: its keyword arguments.
    """
    here = running_module("layer_stack").scope
    copies: dict[int, nn.Module] = {}

    def copy(module: nn.Module) -> nn.Module:
        if id(module) not in copies:
            scope = here
            for name in module.path:
                scope = scope.push(name, reuse=True)
            copies[id(module)] = module.clone(parent=scope)
        return copies[id(module)]

    def redirect(call: Callable[..., Any], args: Any, kwargs: Any, context: Any) -> Any:
        module = context.module
        if module.scope is None or module.scope.root != root:
            return call(*args, **kwargs)
        return getattr(copy(module), context.method_name)(*args, **kwargs)

    with nn.intercept_methods(redirect):
        return f(*args, **kwargs)
