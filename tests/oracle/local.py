"""Both programs in the test's own process: what runs in workers, without starting any."""

from pathlib import Path

from hk2flax.oracle.align import align
from hk2flax.oracle.build import symbols
from hk2flax.oracle.errors import OracleError
from hk2flax.oracle.importing import where
from hk2flax.oracle.inputs import Inputs
from hk2flax.oracle.session import Session
from hk2flax.oracle.verify import compare_loaded


class LocalWorker:
    """Answers like `process.Worker`."""

    def __init__(self, side):
        self.side, self.root, self.session, self.request = side, Path("."), Session(), None

    def send(self, command, *args):
        self.request = (command, args)

    def receive(self):
        command, args = self.request
        try:
            return getattr(self.session, command)(*args)
        except OracleError:
            raise
        except Exception as error:
            raise OracleError(f"{command}: {where(error)}") from error

    def ask(self, command, *args):
        self.send(command, *args)
        return self.receive()


def pair(haiku, flax, *args, **kwargs):
    workers = (LocalWorker("source"), LocalWorker("target"))
    inputs = Inputs(args, kwargs)
    values = (haiku, flax)
    loaded = tuple(
        worker.session.adopt(worker.side, value, inputs)
        for worker, value in zip(workers, values, strict=True)
    )
    return workers, loaded


def build(haiku, flax, *args, **kwargs):
    workers, _ = pair(haiku, flax, *args, **kwargs)
    return align(workers[0].ask("trace"), workers[1].ask("trace"), symbols())


def names(mapping):
    """{"module name": "collection/path"}; dropped leaves give ""."""
    return {
        f"{entry.module} {entry.name}": " ".join(target.label for target in entry.targets)
        for entry in mapping.entries
    }


def verify(haiku, flax, *args, **kwargs):
    return compare_loaded(*pair(haiku, flax, *args, **kwargs), "local:test")


def statuses(report):
    return {check.name: check.status for check in report.checks}
