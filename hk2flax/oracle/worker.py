"""The process that runs one tree: `python -m hk2flax.oracle.worker DESCRIPTOR`."""

from __future__ import annotations

import sys
from multiprocessing.connection import Connection

from .errors import OracleError
from .importing import where
from .session import Session


def main(descriptor: int) -> None:
    """Answer requests until the other end closes."""
    pipe = Connection(descriptor)
    session = Session()
    while True:
        try:
            command, args = pipe.recv()
        except EOFError:
            return
        try:
            answer = ("ok", getattr(session, command)(*args))
        except OracleError as error:
            answer = ("error", str(error))
        except Exception as error:
            answer = ("error", f"{command}: {where(error, session.root)}")
        pipe.send(answer)


if __name__ == "__main__":
    main(int(sys.argv[1]))
