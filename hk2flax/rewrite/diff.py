"""A unified diff that `git apply` and `patch -p1` accept, byte for byte."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from hk2flax.project.files import SourceFile


def project_diff(changes: Mapping[SourceFile, bytes], new_files: Mapping[str, bytes]) -> bytes:
    """The diff of all changed and new files, paths relative to the project root."""
    parts = {source.rel: file_diff(source.rel, source.data, new) for source, new in changes.items()}
    parts.update({rel: file_diff(rel, None, data) for rel, data in new_files.items()})
    return b"".join(parts[rel] for rel in sorted(parts))


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
