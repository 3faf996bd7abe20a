"""Haiku's own list of all its modules, rewritten as a file and verified entry by entry.

`python -m tests.e2e.descriptors [NUMBER...]` prints the table. The list is
haiku/_src/integration/descriptors.py of the installed dm-haiku; it is copied when this runs.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e import forking
from tests.e2e.harness import hk2flax

DRIVER = """\
import haiku as hk
import jax
import jax.numpy as jnp

import descriptors


def build_at(number):
    described = descriptors.ALL_MODULES[number]

    def forward(x):
        return described.create()(x)

    return hk.transform_with_state(forward)


def inputs_at(number):
    described = descriptors.ALL_MODULES[number]
    key = jax.random.PRNGKey(number)
    if jnp.issubdtype(described.dtype, jnp.integer):
        return (jax.random.randint(key, described.shape, 0, 6, described.dtype),), {}
    return (jax.random.normal(key, described.shape, described.dtype),), {}
"""
ENTRY = """

def build_{number}():
    return build_at({number})


def inputs_{number}():
    return inputs_at({number})
"""


def listed() -> Path:
    """The file with Haiku's list."""
    haiku = importlib.util.find_spec("haiku")
    return Path(haiku.origin).parent / "_src" / "integration" / "descriptors.py"


def names() -> list[str]:
    """What Haiku calls its modules, in order: "Linear", "Recurrent(LSTM, dynamic_unroll)", ..."""
    spec = importlib.util.spec_from_file_location("haiku_descriptors", listed())
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [described.name for described in module.ALL_MODULES]


def rewritten(work: Path, count: int) -> tuple[Path, Path]:
    """The two trees; the source is the list as it is and a driver with an entry a module.

    Raises RuntimeError when the rewriter leaves anything to do.
    """
    source, target = work / "source", work / "target"
    source.mkdir()
    (source / "descriptors.py").write_text(listed().read_text())
    entries = [ENTRY.format(number=number) for number in range(count)]
    (source / "driver.py").write_text(DRIVER + "".join(entries))
    code, printed = hk2flax("rewrite", source, "--output", target)
    if code:
        raise RuntimeError(f"rewrite: exit code {code}\n{printed}")
    return source, target


def check(source: Path, target: Path, number: int, device: str = "cpu"):
    """The report of one entry."""
    from hk2flax.oracle import verify

    return verify(source, target, f"driver:build_{number}", f"driver:inputs_{number}", device)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("numbers", nargs="*", type=int, help="entries; all of them by default")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    forking.install()
    found, failed = names(), 0
    with tempfile.TemporaryDirectory() as work:
        source, target = rewritten(Path(work), len(found))
        for number in options.numbers or range(len(found)):
            start = time.perf_counter()
            report = check(source, target, number, options.device)
            worst = max((c.max_abs or 0.0 for c in report.checks), default=0.0)
            verdict = "equal" if report.ok else "DIFFERS"
            failed += not report.ok
            print(
                f"{number:3} {found[number]:44} {verdict:8} largest difference {worst:8.1e}"
                f" {time.perf_counter() - start:6.1f} s",
                flush=True,
            )
    print(f"{len(options.numbers or found) - failed} equal, {failed} different")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
