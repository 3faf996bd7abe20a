"""Compare what the two inits return."""

from __future__ import annotations

from typing import Any

from hk2flax.params.map import Map

from .checks import Check
from .compare import compare
from .comparison import pairs
from .distribution import compare_samples
from .exchange import Flat
from .process import Worker, both
from .weights import carried

Workers = tuple[Worker, Worker]


def initial_checks(
    workers: Workers, mapping: Map, fresh: tuple[Flat, Flat], values: Flat
) -> list[Check]:
    """State and parameters that init returns, and init under jit.

    fresh: what both inits return under equal keys. values: the Haiku leaves that the runs use.
    """
    expected, found = carried(mapping, fresh[0]), fresh[1]
    return [
        _leaks(workers),
        _parameters(workers, mapping, expected, found),
        _state(workers, mapping, values, (expected, found)),
    ]


def produced_checks(workers: Workers, mapping: Map) -> list[Check]:
    """For entries that run init themselves: their keys are their own, so distributions only."""
    ours, theirs = both(workers, "fresh")
    expected = carried(mapping, ours)
    samples = [
        _params({key: value[None] for key, value in each.items()}) for each in (expected, theirs)
    ]
    return [compare_samples("initial distributions", *samples)]


def _leaks(workers: Workers) -> Check:
    ours, theirs = both(workers, "init_leaks")
    if ours:
        return Check("init (leak check)", "skipped", detail=f"the Haiku program refuses: {ours}")
    return Check("init (leak check)", "differs" if theirs else "equal", detail=theirs)


def _parameters(workers: Workers, mapping: Map, expected: Flat, found: Flat) -> Check:
    """Equal values under equal keys; where they draw otherwise, equal distributions."""
    exact = compare("initial parameters", pairs(_params(expected), found))
    if exact.status != "differs":
        return exact
    ours, theirs = both(workers, "samples")
    stacked = {key: [] for key in carried(mapping, _first(ours))}  # type: ignore[var-annotated]
    for i in range(max(len(value) for value in ours.values())):
        layer = {key: value[i] for key, value in ours.items() if i < len(value)}
        for key, value in carried(mapping, layer).items():
            stacked[key].append(value)
    return compare_samples("initial distributions", stacked, theirs)


def _state(workers: Workers, mapping: Map, values: Flat, fresh: tuple[Flat, Flat]) -> Check:
    """State under the same parameters.

    Layers of a stack cannot be given parameters; where those come out different, and the state
    with them, equal keys are tried.
    """
    label = "initial state"
    if not any(entry.kind == "state" and entry.targets for entry in mapping.entries):
        return Check(label, "skipped", detail="there is no state")
    weights: tuple[Flat, Flat] = (values, carried(mapping, values))
    for worker, given in zip(workers, weights, strict=True):
        worker.send("initial_with", given)
    ours, found = (worker.receive() for worker in workers)
    expected = carried(mapping, ours)
    check = compare(label, pairs(_other(expected), found))
    if check.status == "equal" or _agree(expected, found):
        return check
    if _agree(*fresh):
        return compare(label, pairs(_other(fresh[0]), fresh[1]))
    return Check(label, "skipped", detail="it depends on parameters that are initialised otherwise")


def _agree(expected: Flat, found: Flat) -> bool:
    return compare("", pairs(_params(expected), found)).status != "differs"


def _params(leaves: Flat) -> Flat:
    return {key: value for key, value in leaves.items() if key[0] == "params"}


def _other(leaves: Flat) -> Flat:
    return {key: value for key, value in leaves.items() if key[0] != "params"}


def _first(samples: dict[Any, Any]) -> Flat:
    return {key: value[0] for key, value in samples.items()}
