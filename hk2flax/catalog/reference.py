"""Writes docs/reference/symbols.md from the catalog.

python -m hk2flax.catalog.reference [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from . import SECTIONS, SYMBOLS
from .aliases import ALIASES
from .definitions import DEFINITIONS
from .model import Arg, Leaf, Native, Symbol
from .proofs import proofs
from .signatures import parse_signature

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "symbols.md"
_ROOT = "https://github.com/google-deepmind/dm-haiku/blob/main/"

_HEAD = """\
# Every Haiku symbol and what becomes of it

<!-- Written by `python -m hk2flax.catalog.reference` from hk2flax/catalog: edit there. -->

*Native* symbols become plain Flax where their arguments allow it. *Helper* symbols become a small
class or function with Haiku's own signature, copied into your project; native symbols fall back on
it unless said otherwise. *Manual* symbols are left in place with a diagnostic that says what to
write. A native form that is marked *inexact* is used under `--prefer linen` only. *Proof* links to
the tests that run Haiku and the Flax form side by side.

What holds for every layer: Haiku's parameters take the dtype of the input, linen's are float32
unless `param_dtype` says otherwise; `precision` is an argument of the call in Haiku and of the
constructor in linen; keys are drawn from a sequence in Haiku and derived from module paths in
linen, so equal seeds give different weights and masks.
"""


def level(symbol: Symbol) -> str:
    """native, native (inexact), helper, manual, or module."""
    if symbol.native:
        return "native" if symbol.native.is_exact else "native (inexact)"
    if symbol.plain or symbol.steers_haiku:
        return "native"
    if symbol.helper:
        return "helper"
    return "manual" if symbol.manual else "module"


def render() -> str:
    """The whole page."""
    counts: dict[str, int] = {}
    for symbol in SYMBOLS.values():
        counts[level(symbol)] = counts.get(level(symbol), 0) + 1
    summary = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    definitions = [f"- `{name}` is `{text}`" for name, text in DEFINITIONS.items()]
    blocks = [_HEAD, f"{len(SYMBOLS)} entries: {summary}.", "\n".join(definitions)]
    proven = proofs()
    for title, section in SECTIONS.items():
        blocks.append(f"## {title}")
        for symbol in section.SYMBOLS:
            blocks.append("\n\n".join(_entry(symbol, proven.get(symbol.name, []))))
    return "\n\n".join(block.strip() for block in blocks) + "\n"


def _entry(symbol: Symbol, proven: Iterable[str]) -> Iterator[str]:
    yield f"### {symbol.name}"
    if symbol.kind == "module":
        yield symbol.note
        return
    call = f"({symbol.call_signature})" if symbol.call_signature else ""
    signed = bool(symbol.signature) or symbol.kind not in ("type", "layer")
    yield f"    {symbol.name}{f'({symbol.signature})' if signed else ''}{call}"
    links = [f"[{path}](../../{path})" for path in proven]
    lines = [*_lines(symbol), *([f"proof: {', '.join(links)}"] if links else [])]
    yield "\n".join(f"- {line}" for line in lines)


def _lines(symbol: Symbol) -> Iterator[str]:
    target = f"`{symbol.native.target}`" if symbol.native else ""
    if symbol.plain:
        target = symbol.plain
    elif symbol.steers_haiku:
        target = "a statement that does only this is taken out"
    otherwise = ", otherwise helper " if target and symbol.helper else ""
    helper = f"`{symbol.helper}`" if symbol.helper else ""
    yield f"{level(symbol)}: {target}{otherwise}{helper}{symbol.manual}"
    also = [f"`{alias}`" for alias, name in ALIASES.items() if name == symbol.name]
    if also:
        yield f"also {', '.join(also)}"
    if symbol.native:
        yield from _native_lines(symbol, symbol.native)
    if symbol.note:
        yield f"watch for: {symbol.note}"
    paths = [part.strip() for part in symbol.source.split(";")]
    yield "source: " + ", ".join(_link(path) for path in paths)


def _native_lines(symbol: Symbol, native: Native) -> Iterator[str]:
    signature = parse_signature(symbol.signature)
    order = (*signature.positional, *signature.keyword_only)
    known = native.args.keys() | set(native.combined)
    others = [name for name in order if name not in known]
    if native.args:
        rest = [name for name in native.args if name not in order]
        in_order = [name for name in order if name in native.args]
        yield f"arguments: {_arguments({n: native.args[n] for n in (*in_order, *rest)})}"
    if native.combine:
        yield f"worked out together: {_code(native.combined)}"
    if others:
        yield f"only with their defaults: {_code(others)}"
    if native.always:
        yield f"always written out: {_settings(native.always)}"
    if native.exact:
        yield f"written out by `--prefer exact`: {_settings(native.exact)}"
    if native.call:
        yield f"call: {_arguments(native.call)}"
    if native.leaves:
        yield f"leaves: {'; '.join(map(_leaf, native.leaves))}"
    if native.dropped:
        yield f"leaves without a place: {_code(native.dropped)}"
    if native.attributes:
        pairs = (f"`{old}` -> `{new}`" for old, new in native.attributes.items() if old != new)
        yield f"attributes: {', '.join(pairs)}"
    if native.differs:
        yield f"differs: {native.differs}"


def _arguments(args: Mapping[str, Arg]) -> str:
    parts = []
    for name, arg in args.items():
        renamed = f" -> `{arg.to}`" if arg.to and arg.to != name else ""
        parts.append(f"`{name}`{renamed}" if arg.to else f"`{name}` (linen needs none)")
    return ", ".join(parts)


def _leaf(leaf: Leaf) -> str:
    place = "" if leaf.collection == "params" else f" in `{leaf.collection}`"
    steps = [f"{op[0]} {', '.join(map(str, op[1:]))}" for op in leaf.ops]
    return f"`{leaf.haiku}` -> `{leaf.flax}`{place}" + (f" ({'; '.join(steps)})" if steps else "")


def _settings(settings: Mapping[str, str]) -> str:
    return ", ".join(f"`{name}={text.lstrip('@')}`" for name, text in settings.items())


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _link(path: str) -> str:
    if path.startswith("haiku/"):
        return f"[{path}]({_ROOT}{path})"
    if path.startswith("arXiv:"):
        return f"[{path}](https://arxiv.org/abs/{path.removeprefix('arXiv:')})"
    return path


def main(arguments: list[str]) -> int:
    """Writes the page, or with --check only says whether it is up to date."""
    text = render()
    if arguments == ["--check"]:
        fresh = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        print("up to date" if fresh else "stale: run python -m hk2flax.catalog.reference")
        return 0 if fresh else 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
