"""Names that linen's Module keeps for itself (measured with flax 0.12.8)."""

from __future__ import annotations

# A field, method or attribute of this name breaks the module or hides what its users need.
RESERVED = frozenset(
    [
        "name",
        "parent",
        "scope",
        "param",
        "variable",
        "variables",
        "path",
        "apply",
        "clone",
        "setup",
        "init",
        "init_with_output",
        "is_initializing",
        "make_rng",
        "has_rng",
        "put_variable",
        "get_variable",
        "has_variable",
        "bind",
        "unbind",
        "sow",
        "perturb",
        "is_mutable_collection",
        "lazy_init",
    ]
)
# Keyword arguments that Module.init and Module.apply take for themselves.
CALL_ARGUMENTS = frozenset({"rngs", "method", "mutable", "capture_intermediates", "variables"})


def free_name(name: str, taken: set[str]) -> str:
    """A name close to `name` that is not in `taken`."""
    candidate = f"{name}_"
    while candidate in taken:
        candidate += "_"
    return candidate
