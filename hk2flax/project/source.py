"""One source file: its bytes, and its text exactly as the bytes spell it."""

from __future__ import annotations

import codecs
import io
import tokenize
from dataclasses import dataclass, field
from pathlib import Path

from hk2flax.diagnostics.model import Diagnostic


@dataclass(frozen=True)
class SourceFile:
    """A file of the project, read once.

    `path` is where it is, `rel` the same relative to the project root with forward slashes.
    `text` keeps every newline as it is and leaves the byte order mark out; it is None where the
    file could not be read or decoded, and `error` then says why. `encoding` is what the file
    declares ("utf-8" where it declares nothing).
    """

    path: Path
    rel: str
    data: bytes = field(repr=False)
    text: str | None = field(repr=False)
    encoding: str = "utf-8"
    has_bom: bool = False
    error: Diagnostic | None = None


def read(path: Path, rel: str) -> SourceFile:
    """Read and decode a file; what goes wrong is kept in `error`, never raised."""
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"cannot read the file: {error.strerror or error}"
        return SourceFile(path, rel, b"", None, error=Diagnostic(rel, 1, 1, "HK003", message))
    return decode(path, rel, data)


def decode(path: Path, rel: str, data: bytes) -> SourceFile:
    """Decode the bytes of a file as Python would (PEP 263)."""
    has_bom = data.startswith(codecs.BOM_UTF8)
    body = data[len(codecs.BOM_UTF8) :] if has_bom else data
    if b"\0" in body:
        message = "the file contains NUL bytes: it is binary, or UTF-16, not Python source"
        return _undecodable(path, rel, data, 1 + body.count(b"\n", 0, body.index(b"\0")), message)
    encoding = "utf-8"
    try:
        if b"coding" in b"".join(body.split(b"\n", 2)[:2]):
            # With the mark left in place, so that a coding line that contradicts it is noticed.
            encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
            encoding = "utf-8" if encoding == "utf-8-sig" else encoding
        text = body.decode(encoding)
        if encoding not in _FAITHFUL and text.encode(encoding) != body:
            raise LookupError(f"the bytes do not survive a round trip through {encoding}")
    except UnicodeDecodeError as error:
        line = 1 + body.count(b"\n", 0, error.start)
        message = f"byte {body[error.start]:#04x} does not fit the encoding {encoding}"
        return _undecodable(path, rel, data, line, message)
    except (LookupError, SyntaxError, UnicodeError) as error:
        return _undecodable(path, rel, data, 1, str(error))
    return SourceFile(path, rel, data, text, encoding, has_bom)


def encode(text: str, source: SourceFile) -> bytes:
    """The bytes of a new text in the encoding, and with the byte order mark, of the old one.

    Raises UnicodeEncodeError where the declared encoding has no such character.
    """
    mark = codecs.BOM_UTF8 if source.has_bom else b""
    return mark + text.encode(source.encoding)


# Decoding and encoding again gives the same bytes, whatever they are.
_FAITHFUL = frozenset({"utf-8", "iso-8859-1", "ascii"})


def _undecodable(path: Path, rel: str, data: bytes, line: int, message: str) -> SourceFile:
    error = Diagnostic(rel, line, 1, "HK002", message)
    return SourceFile(path, rel, data, None, error=error)
