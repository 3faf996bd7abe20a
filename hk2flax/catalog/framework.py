"""Parameters, state, random keys, names and hooks."""

from __future__ import annotations

from .build import framework, symbol
from .model import Arg, Native, Symbol

_BASE = "haiku/_src/base.py"
_MODULE = "haiku/_src/module.py"

_STORAGE = (
    framework(
        "get_parameter",
        "name, shape, dtype=None, init=None",
        "The same name twice is the same parameter in Haiku and an error in linen.",
        _BASE,
        gives_array=True,
        plain="`self.param(name, init, shape, dtype)`",
    ),
    framework(
        "get_state",
        "name, shape=None, dtype=jnp.float32, init=None",
        "Plain where the module reads it once and writes it once.",
        _BASE,
        plain="`self.variable('state', name, ...).value`",
    ),
    framework(
        "set_state",
        "name, value",
        "init returns the first value in Haiku and the last one in linen.",
        _BASE,
        plain="`self.variable('state', name, ...).value = ...`",
    ),
    framework(
        "get_params",
        "",
        "`self.variables['params']`, nested where Haiku's is flat.",
        _BASE,
    ),
    framework(
        "get_initial_state",
        "",
        "State as it was before the call, nested where Haiku's is flat. linen does not keep it: "
        "transforms of a project that asks for it keep Haiku's calling convention.",
        _BASE,
    ),
    framework(
        "get_current_state",
        "",
        "State as it is now, nested where Haiku's is flat.",
        _BASE,
    ),
    framework("running_init", "", "`self.is_initializing()`.", "haiku/_src/transform.py"),
)

_SEQUENCE = (
    "linen derives keys from the path of a module and counts; there is no sequence to save. With "
    "this function in a project all keys come from the helper's sequence (initialisers draw from "
    "the stream `params` still)."
)

_RANDOM = (
    framework(
        "next_rng_key",
        "",
        "Keys come from module paths, not from a sequence.",
        _BASE,
        rng=True,
        plain="`self.make_rng('dropout')`",
    ),
    framework(
        "next_rng_keys",
        "num",
        "`jax.random.split(self.make_rng(...), num)`.",
        _BASE,
        rng=True,
    ),
    framework(
        "maybe_next_rng_key",
        "",
        "None where no key was given: `self.has_rng('dropout')` tells.",
        _BASE,
        rng=True,
    ),
    framework("reserve_rng_keys", "num", "Splits keys in advance, for speed.", _BASE),
    framework("with_rng", "key", "A context in which keys come from `key`.", _BASE),
    framework("maybe_get_rng_sequence_state", "", _SEQUENCE, _BASE, rng=True),
    framework("replace_rng_sequence_state", "state", _SEQUENCE, _BASE, rng=True),
    symbol(
        "PRNGSequence",
        "type",
        "key_or_seed",
        note="An iterator over keys; `next(seq)`, `seq.take(n)`, `seq.reserve(n)`. Works without "
        "modules and gives the same keys.",
        source=_BASE,
    ),
)

_NAMES = (
    framework(
        "name_scope",
        "name, *, method_name='__call__'",
        "A level of names. linen makes a level by a child module.",
        _MODULE,
    ),
    framework("name_like", "method_name", "linen has one frame of names for a module.", _MODULE),
    framework(
        "transparent",
        "method",
        "A method that works in the frame of its caller.",
        _MODULE,
        plain="a method without `nn.compact`, which names in its caller's frame",
    ),
    framework(
        "force_name",
        "name",
        "`**force_name(name)` where a module is constructed. linen has no absolute names: to share "
        "weights, make a module once and pass it to whoever uses it. A name that Haiku gives to "
        "another module is reported, as that name changes.",
        _MODULE,
    ),
    framework("current_name", "", "`'/'.join(self.path)`.", _BASE),
)

_HOOK = (
    "Linen has no hooks on variables: the helper replaces the methods of `flax.core.Scope` that "
    "all variables pass through. In a project with hooks all layers with parameters are helpers, "
    "so that hooks are told Haiku's leaf names."
)
_CONTEXT = (
    "`name`, `original_dtype`, `original_shape` are Haiku's; `full_name` and `module_name` are "
    "paths in the Flax tree (HK201)."
)

_HOOKS = (
    framework(
        "custom_getter",
        "getter, *, params=True, state=False",
        f"The getter that was entered first runs first, at init too. {_HOOK}",
        _BASE,
    ),
    framework(
        "custom_creator",
        "creator, *, params=True, state=False",
        f"Runs where a variable does not exist yet. {_HOOK}",
        _BASE,
    ),
    framework(
        "custom_setter",
        "setter",
        f"While initialising it does not run for what init does not return. {_HOOK}",
        _BASE,
    ),
    symbol(
        "GetterContext",
        "type",
        "full_name, module, original_dtype, original_shape, original_init, lifted_prefix_name",
        note=f"What custom getters and creators are told. {_CONTEXT}",
        source=_BASE,
    ),
    symbol(
        "SetterContext",
        "type",
        "full_name, module, original_dtype, original_shape, lifted_prefix_name",
        note=f"What custom setters are told. {_CONTEXT}",
        source=_BASE,
    ),
    symbol(
        "DO_NOT_STORE",
        "type",
        note="A creator, setter or initialiser returns it to keep a value out of the tree.",
        source=_BASE,
    ),
    Symbol(
        "haiku.intercept_methods",
        "framework",
        "interceptor",
        native=Native(
            "flax.linen.intercept_methods",
            args={"interceptor": Arg("interceptor")},
            positional=1,
        ),
        note="linen intercepts `setup`, not `__init__`, and no properties; its context has no "
        "`orig_class`.",
        source="haiku/_src/module.py; flax/linen/module.py",
    ),
)

SYMBOLS = (*_STORAGE, *_RANDOM, *_NAMES, *_HOOKS)
