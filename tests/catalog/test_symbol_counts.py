"""`python -m benchmarks.symbols` counts what the catalog says."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

from hk2flax.catalog import SYMBOLS, removed
from hk2flax.catalog.aliases import ALIASES
from hk2flax.catalog.reference import level

ROOT = Path(__file__).parents[2]


def printed(*arguments: str) -> list[str]:
    command = [sys.executable, "-m", "benchmarks.symbols", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=True
    )
    return done.stdout.splitlines()


def test_the_counts_are_those_of_the_catalog():
    lines = printed()
    heads = ["section", "names", "native", "inexact", "helper", "manual", "submodules"]
    assert lines[0].split() == heads
    rows = {line[:40].strip(): line[40:].split() for line in lines[1:] if line[40:].split()}
    names = [*(SYMBOLS.keys() - {s.name for s in removed.SYMBOLS}), *ALIASES]
    counts = Counter(level(SYMBOLS[ALIASES.get(name, name)]) for name in names)
    levels = ("native", "native (inexact)", "helper", "manual", "module")
    total = [str(counts[each] or "-") for each in levels]
    assert rows["all but those of older versions"] == [str(len(names)), *total]
    assert "`import haiku` reaches 216 of them" in "\n".join(lines)
    manual = [line for line in lines if line.startswith("haiku.") and ": " in line]
    assert len(manual) == counts["manual"] - sum(
        level(SYMBOLS[ALIASES[alias]]) == "manual" for alias in ALIASES
    )


def test_every_name_is_listed():
    lines = [line.split() for line in printed("--all")]
    listed = [words[0] for words in lines if words and words[0].startswith("haiku.")]
    assert sorted(listed) == sorted([*SYMBOLS, *ALIASES])
    linear = next(words for words in lines if words[:1] == ["haiku.Linear"])
    assert linear[1:3] == ["native", "flax.linen.Dense"]
    assert any(word.startswith("tests/") for word in linear)
