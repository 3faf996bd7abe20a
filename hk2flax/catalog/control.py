"""jax transformations that know about modules, stacks of layers, and lifting."""

from __future__ import annotations

from .build import framework

_LIFT = "haiku/_src/lift.py"
_STATEFUL = "haiku/_src/stateful.py"

_CONTROL = (
    framework(
        "scan",
        "f, init, xs, length=None, reverse=False, unroll=1",
        "The helper broadcasts the parameters and carries every other collection.",
        _STATEFUL,
        plain="`nn.scan(Cell, variable_broadcast='params', ...)` for a cell",
    ),
    framework("map", "f, xs", "`nn.scan` without a carry.", _STATEFUL),
    framework(
        "fori_loop",
        "lower, upper, body_fun, init_val",
        "`nn.scan` over a range, or `nn.while_loop` where the bounds are traced.",
        _STATEFUL,
    ),
    framework(
        "while_loop",
        "cond_fun, body_fun, init_val",
        "`nn.while_loop` with state carried. Haiku forbids it during init.",
        _STATEFUL,
    ),
    framework(
        "cond",
        "pred, true_fun, false_fun, *operands, operand=...",
        "`nn.cond`, with all branches run during init. The old forms with five arguments and with "
        "`operand=` do not exist in linen.",
        _STATEFUL,
    ),
    framework(
        "switch", "index, branches, *operands", "`nn.switch`, all branches run in init.", _STATEFUL
    ),
    framework(
        "grad",
        "fun, argnums=0, has_aux=False, holomorphic=False",
        "`nn.grad` differentiates all arguments and returns a tuple; the helper keeps argnums.",
        _STATEFUL,
    ),
    framework(
        "value_and_grad",
        "fun, argnums=0, has_aux=False, holomorphic=False",
        "`nn.value_and_grad` differentiates all arguments; the helper keeps argnums.",
        _STATEFUL,
    ),
    framework(
        "vmap",
        "fun, in_axes=0, out_axes=0, axis_name=None, axis_size=None, *, split_rng, "
        "spmd_axis_name=None",
        "`nn.vmap` with params shared. linen ignores keyword arguments of the mapped function.",
        _STATEFUL,
    ),
    framework(
        "remat",
        "fun, *, prevent_cse=True, policy=None, static_argnums=(), concrete=...",
        "`nn.remat`. On a module class static_argnums counts self in linen.",
        _STATEFUL,
    ),
    framework("eval_shape", "fun, *args, **kwargs", "`jax.eval_shape` of init.", _STATEFUL),
    framework(
        "layer_stack",
        "num_layers, with_per_layer_inputs=False, unroll=1, pass_reverse_to_layer_fn=False, "
        "transparent=False, transparency_map=None, name=None",
        "A module made outside and used inside becomes a copy per layer, as in Haiku.",
        "haiku/_src/layer_stack.py",
        plain="`nn.scan(Block, variable_axes={'params': 0}, ...)` for one block",
    ),
)

_LIFTING = (
    framework(
        "lift",
        "init_fn, *, allow_reuse=False, name='lifted'",
        "A child module of that name holds the inner parameters.",
        _LIFT,
    ),
    framework(
        "transparent_lift",
        "init_fn, *, allow_reuse=False",
        "The inner parameters join those of the caller.",
        _LIFT,
    ),
    framework(
        "lift_with_state",
        "init_fn, *, allow_reuse=False, name='lifted'",
        "A child module of that name holds the inner parameters and state.",
        _LIFT,
    ),
    framework(
        "transparent_lift_with_state",
        "init_fn, *, allow_reuse=False",
        "The inner parameters and state join those of the caller.",
        _LIFT,
    ),
)

SYMBOLS = (*_CONTROL, *_LIFTING)
