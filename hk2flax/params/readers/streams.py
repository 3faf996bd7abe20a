"""Compressed files: gzip, bzip2, xz, zlib (joblib), expanded with a bound."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from pathlib import Path

_FREE = 4 << 30
_RATIO = 100
_CHUNK = 1 << 22

GZIP, BZIP2, XZ, ZSTD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"
ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")


def check_expansion(expanded: int, stored: int) -> None:
    """Refuse what expands absurdly: more than 4 GiB and more than 100 times the file's size.

    Raises:
        ValueError: it does.
    """
    if expanded > _FREE and expanded > _RATIO * stored:
        raise ValueError(
            f"{stored:,} bytes that expand to {expanded:,} or more: refused as a decompression "
            "bomb; expand it yourself if it is genuine"
        )


def is_compressed(head: bytes) -> bool:
    """True for the compressions that `expand` knows."""
    return head.startswith((GZIP, BZIP2, XZ, *ZLIB))


def expand(path: Path, head: bytes) -> bytes:
    """Return the expanded contents of a compressed file.

    Raises:
        ValueError: it expands absurdly.
        EOFError, OSError, zlib.error, lzma.LZMAError: it is broken or truncated.
    """
    stored = path.stat().st_size
    if head.startswith(ZLIB):
        return _expand_zlib(path, stored)
    opener = gzip.open if head.startswith(GZIP) else bz2.open
    with lzma.open(path) if head.startswith(XZ) else opener(path) as stream:
        out = io.BytesIO()
        while chunk := stream.read(_CHUNK):
            out.write(chunk)
            check_expansion(out.tell(), stored)
    return out.getvalue()


def _expand_zlib(path: Path, stored: int) -> bytes:
    machine, out = zlib.decompressobj(), io.BytesIO()
    with path.open("rb") as stream:
        while not machine.eof:
            data = machine.unconsumed_tail or stream.read(_CHUNK)
            if not data:
                raise EOFError("truncated zlib stream")
            out.write(machine.decompress(data, _CHUNK))
            check_expansion(out.tell(), stored)
    return out.getvalue()
