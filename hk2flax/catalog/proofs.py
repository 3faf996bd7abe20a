"""Where the tests prove what the catalog says: read from their tables, which nothing here imports.

`PROOFS` in the files of tests/symbols: cases of a name, rewritten and run on both sides.
`DIRECT` in tests/symbols/direct.py: tests that compare a helper, or whole programs, with Haiku.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def proofs(root: Path = ROOT) -> dict[str, list[str]]:
    """By public name, the files that prove it, as paths from the repository's root."""
    found: dict[str, list[str]] = {}
    folder = root / "tests" / "symbols"
    tables = [(path, *each) for path in sorted(folder.glob("*.py")) for each in _tables(path)]
    for path, table, keys, values in sorted(tables, key=lambda row: row[1] == "DIRECT"):
        for key, value in zip(keys, values, strict=True):
            if table == "PROOFS":
                found.setdefault(key, []).append(path.relative_to(root).as_posix())
                continue
            for name in ast.literal_eval(value):
                found.setdefault(name, []).append(key)
    return found


def _tables(path: Path) -> Iterator[tuple[str, list[str], list[ast.expr]]]:
    """(name, keys, values) of the tables that a file writes out."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        name = getattr(target, "id", "")
        if name in ("PROOFS", "DIRECT") and isinstance(value, ast.Dict):
            pairs = [(k, v) for k, v in zip(value.keys, value.values, strict=True) if k is not None]
            yield name, [ast.literal_eval(key) for key, _ in pairs], [v for _, v in pairs]
