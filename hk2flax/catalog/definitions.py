"""Values that exact output needs again and again, written once per file under a telling name."""

from __future__ import annotations

import re

# Source text by name; an entry refers to one as "@name". All use only `nn` (flax.linen).
DEFINITIONS: dict[str, str] = {
    # hk.Linear and hk.ConvND draw from a truncated normal of stddev 1/sqrt(fan_in) that is NOT
    # corrected for the truncation; variance_scaling corrects by .87962566103423978, so undo it.
    "default_kernel_init": (
        'nn.initializers.variance_scaling(0.87962566103423978**2, "fan_in", "truncated_normal")'
    ),
}

_REFERENCE = re.compile(r"@([A-Za-z_]\w*)")


def expand(text: str) -> tuple[str, set[str]]:
    """Resolves "@name" in a catalog text: returns the text to write and the definitions it needs.

    Only names in DEFINITIONS count, so that a matrix product `a @b` stays what it is.
    """
    used: set[str] = set()

    def resolve(match: re.Match[str]) -> str:
        name = match[1]
        if name not in DEFINITIONS:
            return match[0]
        used.add(name)
        return name

    return _REFERENCE.sub(resolve, text), used
