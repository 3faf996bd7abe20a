"""haiku.experimental and haiku.config: reports, the bridge to Flax, and settings."""

from __future__ import annotations

from .build import framework
from .model import Arg, Native, Symbol

_TABLE = (
    "`nn.tabulate(module, rngs)(inputs)` makes linen's own table of modules, shapes and sizes; "
    "`capture_intermediates=True` in apply gives the outputs themselves."
)
_JAXPR = (
    "`jax.make_jaxpr(f)(...)` gives the program and `nn.tabulate(..., compute_flops=True)` the "
    "cost of each module."
)
_DOT = (
    "Flax draws no graphs; `jax.jit(f).lower(...).compiler_ir('hlo').as_hlo_dot_graph()` gives one "
    "of the compiled program, in Graphviz form."
)
_SETTING = "It steers Haiku's own machinery: a statement that only calls it is taken out."


def _manual(name: str, kind: str, signature: str, manual: str, source: str) -> Symbol:
    return Symbol(f"haiku.{name}", kind, signature, manual=manual, source=f"haiku/_src/{source}.py")


_COLUMNS = "'module', 'config', 'owned_params', 'input', 'output', 'params_size', 'params_bytes'"
_OPTIONS = (
    "*, check_jax_usage=None, module_auto_repr=None, restore_flatmap=None, rng_reserve_size=None"
)
_INFO = "experimental.jaxpr_info."

_REPORTS = (
    _manual(
        "experimental.tabulate",
        "function",
        f"f, *, columns=({_COLUMNS}), filters=('has_output',), "
        "tabulate_kwargs={'tablefmt': 'grid'}",
        _TABLE,
        "summarise",
    ),
    _manual("experimental.eval_summary", "function", "f", _TABLE, "summarise"),
    _manual("experimental.ArraySpec", "type", "shape, dtype", _TABLE, "summarise"),
    _manual(
        "experimental.ModuleDetails",
        "type",
        "module, method_name, params, state",
        _TABLE,
        "summarise",
    ),
    _manual(
        "experimental.MethodInvocation",
        "type",
        "module_details, args_spec, kwargs_spec, output_spec, context, call_stack",
        _TABLE,
        "summarise",
    ),
    _manual("to_dot", "function", "fun", _DOT, "dot"),
    _manual("experimental.abstract_to_dot", "function", "fun", _DOT, "dot"),
    _manual(
        f"{_INFO}make_model_info",
        "function",
        "f, name=None, include_module_info=True, compute_flops=None, axis_env=None",
        _JAXPR,
        "jaxpr_info",
    ),
    _manual(
        f"{_INFO}Module",
        "type",
        "name, flops=None, expressions=..., total_param_size=0, param_info=..., "
        "total_state_size=0, state_info=...",
        _JAXPR,
        "jaxpr_info",
    ),
    _manual(
        f"{_INFO}Expression",
        "type",
        "primitive, invars, outvars, flops=None, details='', params=..., submodule=None, "
        "first_outvar='', name_stack=...",
        _JAXPR,
        "jaxpr_info",
    ),
    _manual(f"{_INFO}format_module", "function", "module, depth=0", _JAXPR, "jaxpr_info"),
    _manual(
        f"{_INFO}as_html",
        "function",
        "module, min_flop=1000, outvars='', last=False",
        _JAXPR,
        "jaxpr_info",
    ),
    _manual(f"{_INFO}as_html_page", "function", "module, min_flop=1000", _JAXPR, "jaxpr_info"),
    _manual(f"{_INFO}css", "function", "", _JAXPR, "jaxpr_info"),
    _manual(f"{_INFO}js", "function", "", _JAXPR, "jaxpr_info"),
    Symbol(
        "haiku.experimental.fast_eval_shape",
        "function",
        "fun, *args, **kwargs",
        native=Native(
            "jax.eval_shape",
            args={"fun": Arg("fun"), "args": Arg("args"), "kwargs": Arg("kwargs")},
            positional=2,
        ),
        note="Only the time it takes differs.",
        source="haiku/_src/eval_shape.py; jax/_src/api.py",
    ),
)

_BRIDGE = (
    _manual(
        "experimental.flax.lift",
        "framework",
        "mod, *, name",
        "Use the linen module itself and give it the name: `mod.clone(name=name)`. In Haiku's "
        "tree its leaves are called name/~/path.",
        "flax/transform_flax",
    ),
    _manual(
        "experimental.flax.Module",
        "type",
        "transformed, parent=..., name=None",
        "Use the linen module that the transformed function became; there is nothing to wrap.",
        "flax/flax_module",
    ),
    _manual(
        "experimental.flax.flatten_flax_to_haiku",
        "function",
        "collection",
        "`flax.traverse_util.flatten_dict(collection, sep='/')` is nearest: one level, the leaf's "
        "name in the path.",
        "flax/utils",
    ),
)

_CONFIG = "haiku/_src/config.py"
_SETTINGS = (
    framework(
        "experimental.check_jax_usage",
        "enabled=True",
        f"{_SETTING} `jax.checking_leaks` finds much of what it finds.",
        _CONFIG,
        steers_haiku=True,
    ),
    framework(
        "experimental.module_auto_repr",
        "enabled",
        f"{_SETTING} linen modules always have a repr.",
        _CONFIG,
        steers_haiku=True,
    ),
    framework(
        "experimental.rng_reserve_size",
        "size",
        "The keys of a `PRNGSequence` (and inside of `with_rng`) depend on it; linen's own come "
        "from module paths.",
        _CONFIG,
    ),
    framework(
        "experimental.optimize_rng_use",
        "fun",
        "`fun` itself: linen has no keys to split ahead. Where `with_rng` or the state of the "
        "sequence is used, the keys would differ, and the call is left in place.",
        "haiku/_src/random.py",
    ),
    framework(
        "config.set",
        _OPTIONS,
        f"{_SETTING} Only `rng_reserve_size` means something, see there.",
        _CONFIG,
        helper="config.set",
        steers_haiku=True,
    ),
    framework(
        "config.context",
        _OPTIONS,
        "Only `rng_reserve_size` means something: without it, keep the body of the with statement.",
        _CONFIG,
        helper="config.context",
    ),
)

SYMBOLS = (*_REPORTS, *_BRIDGE, *_SETTINGS)
