"""The shape of a catalog entry: what one public Haiku symbol means in Flax.

Everything here is plain data over source text, so that the rewriter, the converter, the tests and
the reference page can all read the same entry without importing jax, flax or haiku.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

MISSING: Any = type("Missing", (), {"__repr__": lambda self: "MISSING"})()


@dataclass(frozen=True)
class Value:
    """An argument as the source wrote it.

    `text` is source text that is already Flax (nested Haiku calls in it have been rewritten);
    `literal` is its Python value where it is a literal (numbers, strings, None, booleans, tuples
    and lists of those), else MISSING.
    """

    text: str
    literal: Any = MISSING


Convert = Callable[[Value], "str | None"]
Combine = Callable[[Mapping[str, Value]], "Mapping[str, str] | None"]

OMIT = ""
"""What a converter returns where the linen argument is best left out: its default is the value.

`exact` and `always` still fill a linen argument that was left out this way.
"""

VECTOR_INITIALISERS = frozenset({"b_init", "scale_init", "offset_init"})
"""Haiku arguments whose initialiser makes a vector (see `Native.min_rank`)."""


@dataclass(frozen=True)
class Arg:
    """What becomes of one Haiku argument in the native linen call.

    `to` is the linen argument (None: linen needs none; the Haiku argument is dropped).
    `convert` turns the value into linen source text, OMIT where linen's default says the same, or
    None where plain linen cannot express it (the helper is used then). Without `convert` the text
    is passed on as it is.
    """

    to: str | None
    convert: Convert | None = None


@dataclass(frozen=True)
class Leaf:
    """One parameter or state leaf of the native linen layer.

    `haiku` and `flax` are paths relative to the module ("w" -> "kernel"; "~/mean_ema/average" ->
    "mean" in `collection`). `ops` are layout operations applied to the Haiku array in order, each
    a tuple: ("reshape", shape), ("transpose", perm), ("swap", axis, axis), ("squeeze",),
    ("slice", axis, start, stop), ("add", number). All are linear but "add". `params.ops` carries
    them out. A dim of `shape` is -1 for what is left, "k" for the dim that the array has at that
    index, or the name of a Haiku constructor argument ("num_heads"), to be replaced by its value
    first.
    """

    haiku: str
    flax: str
    collection: str = "params"
    ops: tuple[tuple[Any, ...], ...] = ()


@dataclass(frozen=True)
class Native:
    """How a symbol is written in plain Flax.

    target: dotted Flax name, "flax.linen.Dense".
    args: every Haiku argument by name -> Arg. An argument that is not listed makes the call
        inexpressible (helper) unless the source leaves it out or gives its default literally.
    positional: how many leading arguments may stay positional (same order on both sides).
    always: linen arguments written out in both modes when not set through `args`
        (where linen would silently default differently).
    exact: the same, but only under --prefer exact (initialisers). A text that starts with "@"
        names a definition in `catalog.definitions`, written once per file. Converted text may
        hold such names too ("w_init or @default_kernel_init"); `definitions.expand` resolves them.
    call: arguments of the layer's __call__ that are named differently, by Haiku name -> Arg;
        empty when both calls agree. `call_positional` as `positional`.
    leaves: the layer's leaves; empty when it has none.
    combine: for linen arguments that follow from several Haiku arguments (qkv_features is
        num_heads * key_size): from all arguments that the source gives, by Haiku name, to the
        linen arguments it sets, as text; None where plain linen cannot express them. It is called
        even when none of `combined` is given.
    combined: the Haiku arguments that `combine` takes care of; those of them that are not in
        `args` too count as expressed when it returns a mapping.
    dropped: Haiku leaves without a place in linen (paths as in `Leaf.haiku`).
    attributes: what may be read from the layer object, Haiku attribute -> linen attribute.
    min_rank: for initialisers, the smallest rank that the plain form accepts. Fan-based ones raise
        on vectors where Haiku does not: the rewriter uses the helper inside VECTOR_INITIALISERS.
    only_float32: True for a function whose results have another dtype or more rounding in other
        precisions than float32 (layers with leaves have no need to say so).
    only_real: True where the Flax form refuses complex numbers.
    hides_modules: True for an object that is no module: linen does not see a module that is given
        to it in a constructor, so that place needs the helper.
    is_exact: False where linen differs from Haiku in more than rounding order whatever the
        arguments (BatchNorm's zero-debias): used under --prefer linen only.
    differs: what differs, and by how much, for the report (required when not is_exact).
    """

    target: str
    args: Mapping[str, Arg]
    positional: int = 0
    always: Mapping[str, str] = field(default_factory=dict)
    exact: Mapping[str, str] = field(default_factory=dict)
    call: Mapping[str, Arg] = field(default_factory=dict)
    call_positional: int = 1
    leaves: tuple[Leaf, ...] = ()
    combine: Combine | None = None
    combined: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    min_rank: int = 0
    only_float32: bool = False
    only_real: bool = False
    hides_modules: bool = False
    is_exact: bool = True
    differs: str = ""


@dataclass(frozen=True)
class Symbol:
    """One public Haiku name.

    name: dotted public name, "haiku.Linear", "haiku.nets.MLP", "haiku.initializers.Constant".
    kind: "layer" (an hk.Module class), "function", "initializer" (a factory of initialisers),
        "type" (used in annotations and isinstance), "transform", "framework" (rewritten by code of
        its own in rewrite/), "module" (a submodule such as haiku.initializers).
    signature: Haiku's parameters as source text without self: "output_size, with_bias=True, ...".
        Defaults are expressions over jax, jnp and np; `...` stands for a private default object.
        A class that is not called has none.
    call_signature: the same for __call__ (layers and initialisers).
    native: the plain Flax form, or None where linen has nothing equal.
    helper: name in hk2flax.linen that has Haiku's own signature, or None. A dot leads into a class
        that gathers functions ("data_structures.map").
    manual: why no Flax program can express it and what to write instead (only when neither
        native nor helper exists).
    plain: the plain Flax that `rewrite` writes by code of its own, in words for the reference page;
        the helper is for what it cannot see to be the same.
    note: what to watch for, for the reference page.
    source: where the facts come from (Haiku symbol, Flax documentation, paper).
    rng: True when calling it (of an initialiser: what it makes) draws a random key.
    gives_array: True when calling it (of a layer: the instance) returns one array, never a tuple.
    steers_haiku: True when calling it changes nothing that a Flax program computes: a statement
        that does only that is taken out.
    """

    name: str
    kind: str
    signature: str = ""
    call_signature: str = ""
    native: Native | None = None
    helper: str | None = None
    manual: str = ""
    plain: str = ""
    note: str = ""
    source: str = ""
    rng: bool = False
    gives_array: bool = False
    steers_haiku: bool = False
