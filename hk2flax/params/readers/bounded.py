"""A stream that knows its end, so that lengths in hostile files allocate nothing."""

from __future__ import annotations

from typing import Any, BinaryIO


class Bounded:
    """A binary stream of known length that never hands out, or allocates, more than it has."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        """`size`: bytes from the stream's present position to its end."""
        self._stream = stream
        self.left = size

    def read(self, count: int = -1) -> bytes:
        """Return exactly `count` bytes.

        Raises:
            EOFError: the stream is shorter: truncated.
        """
        if count < 0 or count > self.left:
            raise EOFError(f"truncated: {count:,} bytes wanted where {self.left:,} are left")
        data = self._stream.read(count)
        self.left -= len(data)
        if len(data) != count:
            raise EOFError("truncated")
        return data

    def readline(self) -> bytes:
        """Return one line, as text opcodes need."""
        line = self._stream.readline()
        self.left -= len(line)
        return line

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer`."""
        data = self.read(len(buffer))
        buffer[:] = data
        return len(data)
