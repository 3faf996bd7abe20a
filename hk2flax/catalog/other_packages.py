"""Names of other packages that need Haiku: their arguments or their bases are Haiku's.

A part called `haiku` in a dotted name says so by itself (`e3nn_jax.haiku.Linear`).
"""

from __future__ import annotations

_FLAX_KIN = {
    "numpyro.contrib.module.haiku_module": "numpyro.contrib.module.flax_module, which takes a "
    "linen module",
    "numpyro.contrib.module.random_haiku_module": "numpyro.contrib.module.random_flax_module, "
    "which takes a linen module",
    "e3nn_jax.haiku": "e3nn_jax.flax, whose modules have the same arguments",
}


def needs_haiku(name: str) -> str:
    """Why a dotted name of another package cannot stay, and what to use instead, or ""."""
    known = next((n for n in _FLAX_KIN if name == n or name.startswith(f"{n}.")), "")
    if known:
        return f"{name} works with Haiku only; use {_FLAX_KIN[known]}"
    if "haiku" in name.split(".")[1:]:
        return f"{name} is made of Haiku modules, which cannot run inside of linen modules"
    return ""
