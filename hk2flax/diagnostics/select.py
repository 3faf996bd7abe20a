"""Which diagnostics are wanted: --select and --ignore by code prefix."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from hk2flax.diagnostics.codes import CODES
from hk2flax.diagnostics.model import Diagnostic

# A file that could not be processed is always named: leaving it out is what --exclude is for.
_ALWAYS = "HK0"


class UnknownCode(ValueError):
    """A code or prefix that no code has; the message suggests one."""


def check_prefixes(prefixes: Iterable[str]) -> tuple[str, ...]:
    """The prefixes in upper case, comma-separated ones taken apart; raises UnknownCode."""
    found = [part.strip().upper() for prefix in prefixes for part in prefix.rstrip(",").split(",")]
    for prefix in found:
        if prefix != "ALL" and not any(prefix and code.startswith(prefix) for code in CODES):
            raise UnknownCode(f"no diagnostic code is or starts with {prefix!r}{_near(prefix)}")
    return tuple("HK" if prefix == "ALL" else prefix for prefix in found)


def _near(text: str) -> str:
    close = difflib.get_close_matches(text, CODES, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(CODES)}"


def wanted(
    diagnostics: Iterable[Diagnostic], select: tuple[str, ...], ignore: tuple[str, ...]
) -> tuple[Diagnostic, ...]:
    """Those that are selected (all, where nothing is) and not ignored, and every HK0xx.

    Where both match, the longer prefix decides, so `--select HK101 --ignore HK1` keeps HK101.
    """

    def keep(code: str) -> bool:
        chosen = max((len(p) for p in select if code.startswith(p)), default=-1 if select else 0)
        dropped = max((len(p) for p in ignore if code.startswith(p)), default=-1)
        return code.startswith(_ALWAYS) or (chosen >= 0 and chosen > dropped)

    return tuple(diagnostic for diagnostic in diagnostics if keep(diagnostic.code))
