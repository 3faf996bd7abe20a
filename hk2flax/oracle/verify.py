"""Run both programs on the same weights and compare everything that should agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .build import load, traced
from .checks import Check, VerifyReport
from .comparison import Comparison
from .divergence import first_divergence
from .errors import OracleError
from .exchange import Case
from .initial_checks import initial_checks, produced_checks
from .process import Worker, both
from .weights import carried, randomised


def verify(
    source: Path, target: Path, entry: str, inputs: str | None = None, device: str | None = None
) -> VerifyReport:
    """Compare the Haiku program in `source` with the Flax program in `target`.

    device: "cpu" or "gpu", or None for what JAX picks. Raises OracleError when either program
    cannot be imported, run or aligned, or when there is no such device.
    """
    with Worker("source", source, device) as haiku, Worker("target", target, device) as flax:
        workers = (haiku, flax)
        loaded = load(workers, entry, inputs)
        platform = str(loaded[0]["platform"])
        if device is not None and device != platform:
            raise OracleError(f"JAX sees no {device} here, only {platform}")
        return compare_loaded(workers, loaded, entry)


def compare_loaded(
    workers: tuple[Worker, Worker], loaded: tuple[dict[str, Any], dict[str, Any]], entry: str
) -> VerifyReport:
    """All comparisons of two loaded programs; `loaded` is what `Session.load` returned."""
    haiku, flax = workers
    ours, theirs = loaded
    platform = str(ours["platform"])
    flax.ask("use_arrays", haiku.ask("arrays"))
    mapping = traced(workers, entry)
    leaves = sum(len(e.targets) for e in mapping.entries)
    checks = [Check("names", "equal", detail=f"{leaves} leaves pair up, each used once")]
    if not (ours["runs"] and theirs["runs"]):
        return VerifyReport(entry, platform, (*checks, *produced_checks(workers, mapping)))
    if len(ours["applies"]) != len(theirs["applies"]):
        detail = f"{len(ours['applies'])} and {len(theirs['applies'])}"
        checks.append(Check("apply functions", "differs", detail=detail))
    fresh = both(workers, "fresh")
    values = randomised(fresh[0])
    haiku.ask("use_weights", values)
    flax.ask("use_weights", carried(mapping, values))
    compared = Comparison(workers, mapping)
    variants = compared.prepare()
    checks += initial_checks(workers, mapping, fresh, values)
    diverges = ""
    for name, other in zip(ours["applies"], theirs["applies"], strict=False):
        if not haiku.ask("fits", Case(name)):
            checks.append(Check(f"outputs{name}", "skipped", detail="the inputs do not fit"))
            continue
        found = compared.apply(name, other, variants)
        checks += found
        if not diverges and any(check.status == "differs" for check in found):
            diverges = first_divergence(workers, mapping, compared.cases(name, other))
    return VerifyReport(entry, platform, tuple(checks), compared.describe_keys(), diverges)
