"""Whole modules, before and after, in fixtures/golden.

`UPDATE_GOLDEN=1 pytest tests/rewrite/test_golden.py` writes the outputs anew; read the difference.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sources import rewrite_files, texts

GOLDEN = Path(__file__).resolve().parents[2] / "fixtures" / "golden"
CASES = sorted(path.name for path in GOLDEN.iterdir() if (path / "in.py").is_file())
OUTPUTS = {"exact": "out.py", "linen": "out_linen.py"}


def results(case: str, prefer: str) -> dict[str, str]:
    """The rewritten module and its helpers; compiled, and stable under a second run."""
    source = (GOLDEN / case / "in.py").read_text(encoding="utf-8")
    return texts(rewrite_files({"m.py": source}, prefer))


@pytest.mark.parametrize("prefer", OUTPUTS)
@pytest.mark.parametrize("case", CASES)
def test_golden(case, prefer):
    found = results(case, prefer)["m.py"]
    path = GOLDEN / case / OUTPUTS[prefer]
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


def test_ruff_finds_nothing_in_the_outputs(tmp_path):
    for case in CASES:
        for prefer in OUTPUTS:
            for rel, text in results(case, prefer).items():
                path = tmp_path / prefer / case / rel
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("case", CASES)
def test_lines_of_the_result_are_as_long_as_people_write_them(case):
    longest = max(map(len, (GOLDEN / case / "in.py").read_text(encoding="utf-8").splitlines()))
    for prefer in OUTPUTS:
        for line in results(case, prefer)["m.py"].splitlines():
            assert len(line) <= max(longest, 88) or "TODO(hk2flax)" in line
