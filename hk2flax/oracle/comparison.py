"""The comparisons of one verification: which runs, in which variants, under which keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from hk2flax.params.map import Map

from .checks import Check
from .compare import Pair, compare, rounding
from .errors import OracleError
from .exchange import EPSILON, LEARNING_RATE, Case, Flat, Key, Mode, Result
from .process import Worker
from .weights import carried

STEPS = 3
LOOSE = 10.0  # gradients sum over many more roundings than outputs

_CONSTANT = "; under constant keys"

Cases = tuple[Case, Case]
Judge = Callable[[str, Result, Result], Check]
Judges = Mapping[str, Judge]


class Comparison:
    """Two loaded programs that hold the same weights."""

    def __init__(self, workers: tuple[Worker, Worker], mapping: Map) -> None:
        """Nothing is run yet."""
        self.workers = workers
        self.mapping = mapping
        self.modes: dict[str, Mode] = {}
        self.drew = False
        self.constant = False

    def prepare(self) -> list[str]:
        """Make the variants of the inputs on both sides; the names of those that both have."""
        ours, theirs = (worker.ask("flips") for worker in self.workers)
        found = [set(worker.ask("prepare", ours or theirs)) for worker in self.workers]
        return sorted(found[0] & found[1])

    def describe_keys(self) -> str:
        """How random keys were made equal, for the report."""
        if not self.drew:
            return "none drawn"
        if "constant" in self.modes.values():
            return "constant"
        return "sequence, constant where that differs" if self.constant else "sequence"

    def cases(self, name: str, other: str, **changes: Any) -> Cases:
        """The same case for both sides, under the keys chosen for this apply function."""
        mode = self.modes.get(name, "sequence")
        return Case(name, keys=mode, **changes), Case(other, keys=mode, **changes)

    def apply(self, name: str, other: str, variants: Sequence[str]) -> list[Check]:
        """Everything that one apply function is compared on."""
        outputs, state = self._outputs, self._state
        case = partial(self.cases, name, other, jit=True)
        checks = [self._first(name, other)]
        compiled = {f"outputs{name} (jit)": outputs, f"state{name} after {STEPS} steps": state}
        checks += self._run("apply", case(), compiled, STEPS)
        checks += self._run("apply", case(leaks=True), {f"leaks{name}": _ran})
        trained = {f"gradients{name}": self._gradients, f"Adam step{name}": self._stepped}
        checks += self._run("train", case(), trained)
        for variant, label in (("flipped", "other mode"), ("doubled", "batch doubled")):
            if variant not in variants:
                reason = "no such flag" if variant == "flipped" else "no common batch axis"
                checks.append(Check(f"outputs{name} ({label})", "skipped", detail=reason))
                continue
            judges: dict[str, Judge] = {f"outputs{name} ({label})": outputs}
            if variant == "flipped":
                judges[f"state{name} ({label})"] = state
            checks += self._run("apply", case(variant=variant), judges)
        if self.drew:
            for variant in ("given", "flipped"):
                if variant in variants:
                    checks.append(self._independence(name, other, variant))
        return checks

    def _first(self, name: str, other: str) -> Check:
        """Compare outputs, and settle on equal sequences of keys or on one constant key."""
        cases, judges = self.cases(name, other), {f"outputs{name}": self._outputs}
        ours, theirs = self._ask("apply", cases)
        check = self._judge((ours, theirs), "apply", cases, judges)[0]
        self.modes[name] = "constant" if check.detail.endswith(_CONSTANT) else "sequence"
        return check

    def _run(self, command: str, cases: Cases, judges: Judges, *args: Any) -> list[Check]:
        """Run both sides once and judge the results."""
        return self._judge(self._ask(command, cases, *args), command, cases, judges, *args)

    def _judge(
        self, answers: tuple[Any, Any], command: str, cases: Cases, judges: Judges, *args: Any
    ) -> list[Check]:
        """What Haiku cannot do is skipped; what differs is tried once more with constant keys."""
        ours, theirs = answers
        if isinstance(ours, OracleError):
            reason = f"the Haiku program refuses: {ours}"
            return [Check(label, "skipped", detail=reason) for label in judges]
        if isinstance(theirs, OracleError):
            reason = f"only the Flax program fails: {theirs}"
            return [Check(label, "differs", detail=reason) for label in judges]
        checks = [judge(label, ours, theirs) for label, judge in judges.items()]
        differ = any(check.status == "differs" for check in checks)
        if differ and (ours.draws or theirs.draws) and cases[0].keys == "sequence":
            constant = (replace(cases[0], keys="constant"), replace(cases[1], keys="constant"))
            again = self._run(command, constant, judges, *args)
            if all(check.status != "differs" for check in again):
                self.constant = True
                return [replace(check, detail=check.detail + _CONSTANT) for check in again]
        return checks

    def _ask(self, command: str, cases: Cases, *args: Any) -> tuple[Any, Any]:
        """Answers or OracleErrors of both sides, which run at the same time."""
        for worker, case in zip(self.workers, cases, strict=True):
            worker.send(command, case, *args)
        answers: list[Any] = []
        for worker in self.workers:
            try:
                answers.append(worker.receive())
            except OracleError as error:
                answers.append(error)
        self.drew = self.drew or any(isinstance(a, Result) and a.draws for a in answers)
        return answers[0], answers[1]

    def _outputs(self, label: str, ours: Result, theirs: Result) -> Check:
        counts = len(ours.outputs), len(theirs.outputs)
        if counts[0] != counts[1]:
            return Check(label, "differs", detail=f"{counts[0]} and {counts[1]} output arrays")
        pairs = zip(ours.outputs, theirs.outputs, strict=True)
        return compare(label, [Pair(f"output {i}", a, b) for i, (a, b) in enumerate(pairs)])

    def _gradients(self, label: str, ours: Result, theirs: Result) -> Check:
        found = carried(self.mapping, ours.leaves, linear=True)
        return compare(label, pairs(found, theirs.leaves), LOOSE)

    def _stepped(self, label: str, ours: Result, theirs: Result) -> Check:
        stepped = pairs(carried(self.mapping, ours.stepped), theirs.stepped)
        # Adam makes lr * noise / eps of a gradient that is zero but for rounding (a bias in front
        # of a BatchNorm): a small part of a step is no difference.
        noise = rounding(ours.leaves.values(), LOOSE) * LEARNING_RATE / EPSILON
        return compare(label, stepped, LOOSE, min(noise, LEARNING_RATE / 20))

    def _state(self, label: str, ours: Result, theirs: Result) -> Check:
        found = carried(self.mapping, ours.leaves)
        return compare(label, pairs(found, theirs.leaves))

    def _independence(self, name: str, other: str, variant: str) -> Check:
        """Draws with the frameworks' own keys: linen repeats them where a lift is missing."""
        label = f"random draws{name}" + (" (other mode)" if variant == "flipped" else "")
        cases = (
            Case(name, variant=variant, keys="natural"),
            Case(other, variant=variant, keys="natural"),
        )
        ours, theirs = self._ask("natural_keys", cases)
        for result in (ours, theirs):
            if isinstance(result, OracleError):
                return Check(label, "skipped", detail=str(result))
        detail = f"{theirs[1]} different keys in {theirs[0]} draws (Haiku: {ours[1]} in {ours[0]})"
        repeats = theirs[1] < theirs[0] and ours[1] == ours[0]
        return Check(label, "differs" if repeats else "equal", detail=detail)


def _ran(label: str, ours: Result, theirs: Result) -> Check:
    """Judges nothing but that both came to an end."""
    return Check(label, "equal", detail="none under jax.checking_leaks")


def pairs(ours: Flat, theirs: Flat) -> list[Pair]:
    """Leaves by target path; a leaf that the Flax side lacks shows as an empty array."""
    return [Pair(_label(key), value, theirs.get(key, _NONE)) for key, value in ours.items()]


def _label(key: Key) -> str:
    return "/".join(key)


_NONE: tuple[float, ...] = ()
