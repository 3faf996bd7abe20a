"""What can go wrong before there is anything to compare."""

from __future__ import annotations


class OracleError(Exception):
    """A program could not be imported, run or traced; the message is one readable line or two."""


class AlignmentError(OracleError):
    """The leaves of the two programs do not pair up; the message names those of both sides."""
