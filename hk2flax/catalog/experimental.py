"""haiku.experimental and haiku.config: reports, the bridge to Flax, and settings."""

from __future__ import annotations

from .build import framework, symbol
from .model import Arg, Native, Symbol

_TABLE = (
    "`nn.tabulate(module, rngs)(inputs)` is linen's own table. The helper takes functions and "
    "pairs too and draws Haiku's table; names are those of the Flax tree, and a transformed "
    "function that has become a module has a row of its own."
)
_RECORDS = (
    "The calls of methods, with the names of the Flax tree; linen records neither `setup` nor "
    "properties."
)
_DOT = (
    "The same operations in the same groups, drawn from `jax.make_jaxpr`; Haiku's own raises for "
    "every custom derivative (`jax.nn.relu`) under jax 0.10."
)
_JAXPR = "From `jax.make_jaxpr`, as in Haiku; modules have the names of the Flax tree."
_PAGE = "The page is folded by HTML itself: another text, the same content."
_SETTING = "It steers Haiku's own machinery: a statement that only calls it is taken out."

_COLUMNS = "'module', 'config', 'owned_params', 'input', 'output', 'params_size', 'params_bytes'"
_OPTIONS = (
    "*, check_jax_usage=None, module_auto_repr=None, restore_flatmap=None, rng_reserve_size=None"
)


def _report(name: str, kind: str, signature: str, note: str, source: str) -> Symbol:
    helper = name.removeprefix("experimental.")
    return symbol(name, kind, signature, helper=helper, note=note, source=f"haiku/_src/{source}.py")


def _info(name: str, kind: str, signature: str, note: str = _JAXPR) -> Symbol:
    return _report(f"experimental.jaxpr_info.{name}", kind, signature, note, "jaxpr_info")


_REPORTS = (
    _report(
        "experimental.tabulate",
        "function",
        f"f, *, columns=({_COLUMNS}), filters=('has_output',), "
        "tabulate_kwargs={'tablefmt': 'grid'}",
        _TABLE,
        "summarise",
    ),
    _report("experimental.eval_summary", "function", "f", _RECORDS, "summarise"),
    _report("experimental.ArraySpec", "type", "shape, dtype", _RECORDS, "summarise"),
    _report(
        "experimental.ModuleDetails",
        "type",
        "module, method_name, params, state",
        _RECORDS,
        "summarise",
    ),
    _report(
        "experimental.MethodInvocation",
        "type",
        "module_details, args_spec, kwargs_spec, output_spec, context, call_stack",
        _RECORDS,
        "summarise",
    ),
    _report("to_dot", "function", "fun", _DOT, "dot"),
    _report("experimental.abstract_to_dot", "function", "fun", _DOT, "dot"),
    _info(
        "make_model_info",
        "function",
        "f, name=None, include_module_info=True, compute_flops=None, axis_env=None",
    ),
    _info(
        "Module",
        "type",
        "name, flops=None, expressions=..., total_param_size=0, param_info=..., "
        "total_state_size=0, state_info=...",
    ),
    _info(
        "Expression",
        "type",
        "primitive, invars, outvars, flops=None, details='', params=..., submodule=None, "
        "first_outvar='', name_stack=...",
    ),
    _info("format_module", "function", "module, depth=0"),
    _info("as_html", "function", "module, min_flop=1000, outvars='', last=False", _PAGE),
    _info("as_html_page", "function", "module, min_flop=1000", _PAGE),
    _info("css", "function", "", _PAGE),
    _info("js", "function", "", _PAGE),
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
    framework(
        "experimental.flax.lift",
        "mod, *, name",
        "The module itself where it is made, `nn.Dense(3, name='dense')`; it takes its random keys "
        "from the program then, and not from the argument `rngs`. In Haiku's tree its leaves are "
        "called name/~/path.",
        "haiku/_src/flax/transform_flax.py",
        helper="flax_bridge.lift",
    ),
    symbol(
        "experimental.flax.Module",
        "type",
        "transformed, parent=..., name=None",
        helper="flax_bridge.Module",
        note="The linen module that the transformed function became needs no wrapping; its tree "
        "has one level less.",
        source="haiku/_src/flax/flax_module.py",
    ),
    symbol(
        "experimental.flax.flatten_flax_to_haiku",
        "function",
        "collection",
        helper="flax_bridge.flatten_flax_to_haiku",
        note="`flax.traverse_util.flatten_dict(collection, sep='/')` is nearest: one level, the "
        "leaf's name in the path.",
        source="haiku/_src/flax/utils.py",
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
