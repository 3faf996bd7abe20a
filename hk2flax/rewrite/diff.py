"""A unified diff that `git apply` and `patch -p1` accept, byte for byte."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from hk2flax.project.files import SourceFile, repository


def project_diff(
    root: Path, changes: Mapping[SourceFile, bytes], new_files: Mapping[str, bytes]
) -> bytes:
    """The diff of all changed and new files.

    Paths are relative to the top of the git repository, since `git apply` reads them so even in a
    subdirectory; outside of a repository they are relative to the project root.
    """
    inside = os.path.relpath(root, repository(root) or root).replace(os.sep, "/")
    above = "" if inside == "." else f"{inside}/"
    versions: dict[str, tuple[bytes | None, bytes]] = {}
    versions.update((source.rel, (source.data, data)) for source, data in changes.items())
    for rel, data in new_files.items():
        versions[rel] = (current(root / rel), data)
    return b"".join(file_diff(above + rel, *versions[rel]) for rel in sorted(versions))


def current(path: Path) -> bytes | None:
    """What a file holds, or None where there is none."""
    return path.read_bytes() if path.is_file() else None


def file_diff(rel: str, old: bytes | None, new: bytes) -> bytes:
    """The diff of one file; `old` is None for a file that did not exist. Empty when equal."""
    if old == new:
        return b""
    before, after = _quoted("a/" + rel), _quoted("b/" + rel)
    header = b"diff --git %s %s\n" % (before, after)
    if old is None:
        header += b"new file mode 100644\n"
        if not new:
            return header
        before = b"/dev/null"
    body = b"".join(_hunks(old or b"", new))
    return header + b"--- %s\n+++ %s\n" % (_tabbed(before), _tabbed(after)) + body


def _hunks(old: bytes, new: bytes) -> Iterator[bytes]:
    # Only "\n" ends a line for git; difflib compares str, and latin-1 maps bytes to it one to one.
    lines = difflib.unified_diff(_lines(old), _lines(new))
    for number, line in enumerate(lines):
        if number < 2:
            continue  # difflib's own file header
        yield line.encode("latin-1")
        if not line.endswith("\n"):
            yield b"\n\\ No newline at end of file\n"


def _lines(data: bytes) -> list[str]:
    lines = data.decode("latin-1").split("\n")
    whole = [line + "\n" for line in lines[:-1]]
    return whole + lines[-1:] if lines[-1] else whole


def _tabbed(name: bytes) -> bytes:
    """Git marks the end of a name that holds spaces with a tab."""
    return name + b"\t" if b" " in name and not name.startswith(b'"') else name


def _quoted(name: str) -> bytes:
    """The name as git writes it: quoted where it holds control characters or quotes."""
    if name.isprintable() and '"' not in name and "\\" not in name:
        return name.encode("utf-8", "surrogateescape")
    special = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
    return ('"' + "".join(special.get(c, c) for c in name) + '"').encode("utf-8", "surrogateescape")
