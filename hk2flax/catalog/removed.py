"""Names that older versions of Haiku had: projects that pin an old version still use them."""

from __future__ import annotations

from .build import framework
from .model import Arg, Native, Symbol

SYMBOLS = (
    framework(
        "jit",
        "fun, *args, **kwargs",
        "Not in Haiku 0.0.7 and later. `jax.jit` around apply is nearly always enough; linen's "
        "`nn.jit` takes a module class or a method.",
        "haiku/_src/stateful.py",
    ),
    Symbol(
        "haiku.experimental.named_call",
        "function",
        "fun, *, name=None",
        native=Native(
            "jax.named_call", args={"fun": Arg("fun"), "name": Arg("name")}, positional=1
        ),
        note="Not in Haiku 0.0.10 and later. linen labels its modules in profiles by itself.",
        source="haiku/_src/stateful.py",
    ),
    framework(
        "experimental.profiler_name_scopes",
        "enabled=True",
        "Not in Haiku 0.0.10 and later. linen labels its modules in profiles by itself.",
        "haiku/_src/config.py",
        steers_haiku=True,
    ),
)
