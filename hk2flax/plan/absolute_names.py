"""Names that `hk.force_name` makes absolute, and whether they may be those of other modules."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from hk2flax.catalog import SYMBOLS, lookup
from hk2flax.plan.class_plan import ClassPlan
from hk2flax.project.index import File, Project

FORCE = "haiku.force_name"


@dataclass(frozen=True)
class AbsoluteNames:
    """Names that modules of the project have, or may have, without being forced."""

    taken: frozenset[str]

    def is_own(self, path: str) -> bool:
        """True when only forced names begin like this path.

        Other modules change their names: what is forced to share with them would be alone.
        """
        first = path.replace("~/", "").split("/")[0]
        plain = re.sub(r"_\d+$", "", first).replace("_", "").lower()
        return bool(first) and first not in self.taken and plain not in self.taken


def plan_absolute_names(project: Project, classes: dict[str, ClassPlan]) -> AbsoluteNames:
    """Collects strings, attributes and names of classes: all that modules may be called."""
    taken = {s.name.rpartition(".")[2].lower() for s in SYMBOLS.values() if s.kind == "layer"}
    taken |= {plan.cls.node.name.replace("_", "").lower() for plan in classes.values()}
    for file in project.files.values():
        stored = (n for n in file.names.of(ast.Attribute) if isinstance(n.ctx, ast.Store))
        taken.update(node.attr for node in stored)
        for constant in file.names.of(ast.Constant):
            if isinstance(constant.value, str) and not _is_forced(project, file, constant):
                taken.add(constant.value)
    return AbsoluteNames(frozenset(taken))


def _is_forced(project: Project, file: File, name: ast.Constant) -> bool:
    """True for the argument of `hk.force_name`."""
    call = file.names.parent.get(name)
    if isinstance(call, ast.keyword):
        call = file.names.parent.get(call)
    symbol = lookup(project.name(file, call.func)) if isinstance(call, ast.Call) else None
    return symbol is not None and symbol.name == FORCE
