"""Values that exact output needs again and again, written once per file under a telling name."""

from __future__ import annotations

# Source text by name; an entry refers to one as "@name". All use only `nn` (flax.linen).
DEFINITIONS: dict[str, str] = {
    # hk.Linear and hk.ConvND draw from a truncated normal of stddev 1/sqrt(fan_in) that is NOT
    # corrected for the truncation; variance_scaling corrects by .87962566103423978, so undo it.
    "default_kernel_init": (
        'nn.initializers.variance_scaling(0.87962566103423978**2, "fan_in", "truncated_normal")'
    ),
}
