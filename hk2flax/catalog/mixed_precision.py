"""haiku.mixed_precision: policies attached to classes, which linen has no place for."""

from __future__ import annotations

from .build import framework
from .model import Symbol

_SOURCE = "haiku/_src/mixed_precision.py"
_INSTEAD = (
    "linen attaches precision to instances (`dtype=`, `param_dtype=`), and has no policies that "
    "children inherit. The helper takes jmp's policies, or anything like them."
)


def _policy(name: str, signature: str, note: str) -> Symbol:
    return framework(f"mixed_precision.{name}", signature, f"{note} {_INSTEAD}".strip(), _SOURCE)


SYMBOLS = (
    _policy(
        "set_policy",
        "cls, policy",
        "Reaches every instance of the class, old and new, in this thread, and what it calls.",
    ),
    _policy("get_policy", "cls", "The policy of a class."),
    _policy("clear_policy", "cls", "Takes the policy of a class away."),
    _policy("push_policy", "cls, policy", "A context in which the class has the policy."),
    _policy("current_policy", "", "The policy of the module that is running."),
)
