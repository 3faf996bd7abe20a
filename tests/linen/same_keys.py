"""Both frameworks draw the same random keys, so that stochastic programs can be compared."""

import contextlib

import haiku as hk
import jax
from flax import errors
from flax.core.scope import Scope
from haiku._src import base


@contextlib.contextmanager
def constant_keys(key):
    """Every draw of either framework returns ``key``: exact through loops and stacks."""
    make_rng, advance = Scope.make_rng, base.PRNGSequence.__next__
    Scope.make_rng = lambda self, name="params": key
    base.PRNGSequence.__next__ = lambda self: key
    try:
        yield
    finally:
        Scope.make_rng, base.PRNGSequence.__next__ = make_rng, advance


@contextlib.contextmanager
def sequence_keys(key):
    """Flax draws the keys that ``hk.next_rng_key`` would return one after the other."""
    make_rng, param = Scope.make_rng, Scope.param
    sequence = hk.PRNGSequence(key)

    def draw(self, name="params"):
        if not (self.has_rng(name) or self.has_rng("params")):
            raise errors.InvalidRngError(name)
        with jax.ensure_compile_time_eval():
            return next(sequence)

    def create(self, name, init, *args, **kwargs):
        if self.has_variable("params", name):
            return param(self, name, init, *args, **kwargs)
        Scope.make_rng = lambda self, name="params": None
        try:
            return param(self, name, lambda _, *a: initial(self, init, a), *args, **kwargs)
        finally:
            Scope.make_rng = draw

    def initial(scope, init, args):
        # Haiku draws for the initialisers that ask for a key only.
        try:
            return init(None, *args)
        except Exception:
            return init(draw(scope), *args)

    Scope.make_rng, Scope.param = draw, create
    try:
        yield
    finally:
        Scope.make_rng, Scope.param = make_rng, param
