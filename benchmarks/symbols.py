"""What becomes of Haiku's public names, by section of the catalog.

    python -m benchmarks.symbols [--all]

native: plain Flax where the arguments allow it. inexact: plain Flax under --prefer linen only, the
helper otherwise. helper: a class or function with Haiku's own signature. manual: left in place with
a diagnostic; the catalog says why, and so does this. A name that Haiku has in several places counts
at each. With --all every name is listed, with its Flax form and the test that proves it.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator

from hk2flax.catalog import SECTIONS, removed
from hk2flax.catalog.aliases import ALIASES
from hk2flax.catalog.model import Symbol
from hk2flax.catalog.proofs import proofs
from hk2flax.catalog.reference import level

LEVELS = ("native", "native (inexact)", "helper", "manual", "module")
HEADS = ("native", "inexact", "helper", "manual", "submodules")


def names(symbol: Symbol) -> list[str]:
    """Every public name of a symbol."""
    return [symbol.name, *(alias for alias, name in ALIASES.items() if name == symbol.name)]


def counted() -> dict[str, Counter[str]]:
    """How many public names of each section have each level."""
    return {
        title: Counter(level(symbol) for symbol in section.SYMBOLS for _ in names(symbol))
        for title, section in SECTIONS.items()
    }


def table() -> Iterator[str]:
    """One line a section, and the sum of those that the installed Haiku still has."""
    yield f"{'section':40}{'names':>7}" + "".join(f"{head:>11}" for head in HEADS)
    total: Counter[str] = Counter()
    for title, counts in counted().items():
        yield row(title, counts)
        if SECTIONS[title] is not removed:
            total += counts
    yield row("all but those of older versions", total)
    known = [name for section in SECTIONS.values() for s in section.SYMBOLS for name in names(s)]
    typing = sum(name.startswith("haiku.typing.") for name in known)
    reached = total.total() - total["module"] - typing
    rest = f"{typing} more are in haiku.typing, {total['module']} are submodules"
    yield f"`import haiku` reaches {reached} of them; {rest}."


def row(title: str, counts: Counter[str]) -> str:
    """A line of the table."""
    cells = "".join(f"{counts[each] or '-':>11}" for each in LEVELS)
    return f"{title:40}{counts.total():7}{cells}"


def listed() -> Iterator[str]:
    """Every name with its level, its Flax form and its proof."""
    proven = proofs()
    for title, section in SECTIONS.items():
        yield f"\n{title}"
        for symbol in section.SYMBOLS:
            forms = [symbol.native.target] if symbol.native else []
            forms += [f"helper {symbol.helper}"] if symbol.helper else []
            shown = " or ".join(forms) or symbol.manual or symbol.note
            paths = " ".join(proven.get(symbol.name, ()))
            for name in names(symbol):
                yield f"  {name:56}{level(symbol):18}{shown}  {paths}".rstrip()


def manual() -> Iterator[str]:
    """Why names are left in place."""
    for section in SECTIONS.values():
        for symbol in section.SYMBOLS:
            if level(symbol) == "manual":
                yield f"{symbol.name}: {symbol.manual}"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--all", action="store_true", help="list every name")
    options = parser.parse_args()
    lines = [*table(), *(listed() if options.all else ())]
    reasons = list(manual())
    lines += ["", *(reasons or ["No name is left in place."])]
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
