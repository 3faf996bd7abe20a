"""haiku.mixed_precision: policies attached to classes, which linen has no place for."""

from __future__ import annotations

from .model import Symbol

_SOURCE = "haiku/_src/mixed_precision.py"
_MANUAL = (
    "linen attaches precision to instances: give each layer `dtype=policy.compute_dtype` and "
    "`param_dtype=policy.param_dtype`, and cast what the module returns to policy.output_dtype."
)


def _policy(name: str, signature: str, note: str) -> Symbol:
    return Symbol(
        f"haiku.mixed_precision.{name}",
        "framework",
        signature,
        manual=_MANUAL,
        note=note,
        source=_SOURCE,
    )


SYMBOLS = (
    _policy("set_policy", "cls, policy", "Reaches every instance of the class, old and new."),
    _policy("get_policy", "cls", "The policy of a class."),
    _policy("clear_policy", "cls", "Takes the policy of a class away."),
    _policy("push_policy", "cls, policy", "A context in which the class has the policy."),
    _policy("current_policy", "", "The policy of the module that is running."),
)
