"""Name the first module whose output differs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from hk2flax.params.map import Map

from .compare import Pair, compare
from .errors import OracleError
from .exchange import Call, Case
from .process import Worker


def first_divergence(workers: tuple[Worker, Worker], mapping: Map, cases: tuple[Case, Case]) -> str:
    """A sentence about the first call, in the order in which they finish, that differs; or ""."""
    try:
        for worker, case in zip(workers, cases, strict=True):
            worker.send("calls", case)
        ours, theirs = (worker.receive() for worker in workers)
    except OracleError:
        return ""  # the failure itself is reported by the check that failed
    return compare_calls(ours, theirs, module_pairs(mapping))


def module_pairs(mapping: Map) -> dict[str, str]:
    """Flax module by Haiku module, for modules that own leaves."""
    found: dict[str, str] = {}
    for entry in mapping.entries:
        if entry.targets:
            found.setdefault(entry.module, "/".join(entry.targets[0].path[:-1]))
    return found


def compare_calls(ours: Sequence[Call], theirs: Sequence[Call], modules: dict[str, str]) -> str:
    """The first of `ours` whose counterpart in `theirs` returned something else.

    Calls of modules with leaves correspond through the map, others through their class; both in
    order, and only where there are equally many of them.
    """
    for left, right in matched(ours, theirs, modules):
        if left.outputs is None or right.outputs is None:
            continue
        if len(left.outputs) != len(right.outputs):
            return f"{_named(left, right)}: {len(left.outputs)} and {len(right.outputs)} arrays"
        pairs = zip(left.outputs, right.outputs, strict=True)
        check = compare("", [Pair(f"output {i}", a, b) for i, (a, b) in enumerate(pairs)])
        if check.status == "differs":
            return f"{_named(left, right)}: {check.detail}"
    return ""


def matched(
    ours: Sequence[Call], theirs: Sequence[Call], modules: dict[str, str]
) -> list[tuple[Call, Call]]:
    """Pairs of calls in the order in which the first of each finished."""
    homes: dict[tuple[str, str], list[Call]] = defaultdict(list)
    for call in theirs:
        homes["path", f"{call.module}:{call.method}"].append(call)
        for name in call.classes[:1]:
            homes["class", f"{name}:{call.method}"].append(call)
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for position, call in enumerate(ours):
        if call.module in modules:
            groups["path", f"{modules[call.module]}:{call.method}"].append(position)
        elif call.classes:
            groups["class", f"{call.classes[0]}:{call.method}"].append(position)
    found = []
    for key, positions in groups.items():
        others = homes.get(key, [])
        # A lifted class and the class inside it both report the same call.
        stride = len(others) // len(positions)
        if stride and len(others) == stride * len(positions):
            found += list(zip(positions, others[stride - 1 :: stride], strict=True))
    return [(ours[position], other) for position, other in sorted(found, key=lambda p: p[0])]


def _named(left: Call, right: Call) -> str:
    method = "" if left.method == "__call__" else f".{left.method}"
    return f"{left.module}{method} (Flax: {right.module or 'the root'})"
