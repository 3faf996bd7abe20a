"""How often a name is given in one linen scope, counted over the functions that run in it.

Plain functions make their modules in the scope of their caller: `encoder(x)` and `decoder(x)`
that both have a `hk.Linear(8, name="out")` give the name twice to the module that calls them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_GAP = "\0"  # stands for what is filled in: "layer_\0" is f"layer_{i}"


@dataclass
class NamePools:
    """Names given by place (a class, a function), and the functions that each place runs.

    Places are compared by identity or name. A name with gaps counts as one, and meets the literal
    names that fit it.
    """

    given: dict[object, dict[str, int]] = field(default_factory=dict)
    runs: dict[object, dict[object, int]] = field(default_factory=dict)
    _run_by: dict[object, set[object]] = field(default_factory=dict)
    _totals: dict[object, dict[str, int]] = field(default_factory=dict)
    _open: set[object] = field(default_factory=set)
    _recursive: set[object] = field(default_factory=set)

    def give(self, place: object, name: str) -> None:
        """Notes that a module or variable made in a place has this name."""
        names = self.given.setdefault(place, {})
        names[name] = names.get(name, 0) + 1

    def run(self, place: object, function: object, often: bool) -> None:
        """Notes that a place calls a function, `often` when in a loop."""
        called = self.runs.setdefault(place, {})
        called[function] = called.get(function, 0) + 1 + often
        self._run_by.setdefault(function, set()).add(place)

    def count(self, place: object, name: str) -> int:
        """How often a name is given in the scope where that happens most, of those of a place."""
        return max(
            sum(n for other, n in self._total(root).items() if _may_be(other, name))
            for root in self.around(place)
        )

    def around(self, place: object) -> set[object]:
        """The place, and all that run it."""
        found, work = {place}, [place]
        while work:
            for other in self._run_by.get(work.pop(), ()):
                if other not in found and not isinstance(other, ast.Module):
                    found.add(other)
                    work.append(other)
        return found

    def _total(self, place: object) -> dict[str, int]:
        if place in self._open:
            self._recursive.add(place)
            return {}
        if place not in self._totals:
            self._open.add(place)
            total = dict(self.given.get(place, {}))
            for function, times in self.runs.get(place, {}).items():
                for name, n in self._total(function).items():
                    total[name] = min(2, total.get(name, 0) + n * times)
            self._open.discard(place)
            self._totals[place] = dict.fromkeys(total, 2) if place in self._recursive else total
        return self._totals[place]


def pattern(value: ast.expr, known: Mapping[str, str]) -> str | None:
    """A name with gaps for what is filled in, or None where nothing is known of it.

    `known` are the values of local names.
    """
    text: str | None = None
    match value:
        case ast.Constant(value=str(literal)):
            return literal
        case ast.Name(id=name):
            return known.get(name)
        case ast.JoinedStr(values=parts):
            text = "".join(pattern(p, known) or _GAP for p in parts)
        case ast.FormattedValue(value=inner, conversion=-1, format_spec=None):
            return pattern(inner, known)
        case ast.BinOp(left=ast.Constant(value=str(literal)), op=ast.Mod()):
            text = re.sub(r"%[-#0 +]*\d*(\.\d+)?[a-z]", _GAP, literal)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            text = "".join(pattern(part, known) or _GAP for part in (left, right))
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(literal)), attr="format")):
            text = re.sub(r"\{[^}]*\}", _GAP, literal)
    return text if text is not None and text.strip(_GAP) else None


def _may_be(one: str, other: str) -> bool:
    if one == other:
        return True
    if (_GAP in one) == (_GAP in other):
        return False
    gaps, literal = (one, other) if _GAP in one else (other, one)
    return re.fullmatch(".*".join(map(re.escape, gaps.split(_GAP))), literal) is not None
