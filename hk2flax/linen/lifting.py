"""How code that uses bound modules gets through jax transformations.

linen lifts a function of a module: ``nn.scan`` wants the module as an argument, and what the body
reaches in another way (``self``, a local module, a bound method, a list of layers) bypasses the
lift, silently: updates of state are lost or leak, parameters leak at init, every iteration draws
the same random numbers. Haiku's transformations take any function, and programs rely on it.

The helpers do what Haiku does. All scopes of one init or apply are views of the same nested
dicts, which hang on the root scope. `Lift.run` puts the values that a transformation passes in
into those dicts, runs the function, reads the values that are there now, and puts the old ones
back. The modules stay the same objects, so it does not matter how the function gets at them.

Three things are not in the dicts. Random keys are exchanged by `streams`. Names given in the
function are forgotten before it is traced again. What ``setup`` stores on a module would be values
of the trace that happens to run it first, so modules that the function can reach are set up before
(Haiku runs ``__init__`` before, too).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax

from .live_variables import merge_nested, read_variables, without_values, write_variables
from .reachable import reachable_modules
from .rng import PRNGSequence, push_rng_sequence, pushed_sequence
from .scope import restore_names, running_module, save_names
from .streams import stream_keys, streams

SOWN = "intermediates"


class Lift:
    """Runs functions over bound modules as pure functions of the variables.

    Args:
        symbol: the helper, for error messages.
        *used: what will be run, and what it will be run on.
        params: whether to pass parameters in and out as well while initialising, so that the
            functions may create some. At apply parameters are constants.

    Raises:
        ValueError: no module is being run.
    """

    def __init__(self, symbol: str, *used: Any, params: bool = True) -> None:
        """Look at the module that is being run."""
        self.module = running_module(symbol)
        self.symbol = symbol
        self.root = self.module.scope.root
        self.params = params
        self.reachable = reachable_modules(self.module, used)
        self.names = save_names(self.module)
        self.keys = stream_keys(self.module)
        sequence = pushed_sequence(self.module)
        self.sequence_key = None if sequence is None else next(sequence)

    @property
    def initializing(self) -> bool:
        """Whether variables are being created."""
        return self.module.is_initializing()

    def read(self) -> dict[str, Any]:
        """Return the variables to pass through a transformation."""
        kept = {SOWN} if self.params else {SOWN, "params"}
        return {name: tree for name, tree in read_variables(self.root).items() if name not in kept}

    def write(self, variables: Mapping[str, Any]) -> None:
        """Set variables to what came out of a transformation."""
        write_variables(self.root, {**read_variables(self.root), **variables})

    def run(
        self,
        variables: Mapping[str, Any],
        function: Callable[..., Any],
        *args: Any,
        step: Any = None,
        **kwargs: Any,
    ) -> tuple[Any, dict[str, Any]]:
        """Return ``function(*args, **kwargs)`` and the variables after it, given those before.

        What the function sows into ``intermediates`` is replaced by empty tuples.

        Args:
            variables: as returned by `read`.
            function: what to run.
            *args: its arguments.
            step: number of the iteration, for random keys of its own; None to go on drawing.
            **kwargs: its keyword arguments.
        """
        before = read_variables(self.root)
        write_variables(self.root, {**before, **variables})
        restore_names(self.module, self.names)
        try:
            with self.random_keys(step):
                out = function(*args, **kwargs)
            after = self.read()
            if not self.params:
                self.check_no_new_parameters(before)
            return out, after
        finally:
            sown = without_values(read_variables(self.root).get(SOWN, {}))
            # linen thinks that the place of what was sown is taken, so something has to be there.
            write_variables(self.root, {**before, SOWN: merge_nested(sown, before.get(SOWN, {}))})

    def forget_names(self) -> None:
        """Free the names that the functions used, as Haiku does after most transformations."""
        restore_names(self.module, self.names)

    @contextlib.contextmanager
    def random_keys(self, step: Any) -> Iterator[None]:
        """Derive random keys from the number of the iteration."""

        def derive(key: jax.Array) -> jax.Array:
            return key if step is None else jax.random.fold_in(key, step)

        known = () if self.sequence_key is None else (PRNGSequence(derive(self.sequence_key)),)
        with contextlib.ExitStack() as stack:
            stack.enter_context(push_rng_sequence(*known))
            if step is not None:
                keys = {name: derive(key) for name, key in self.keys.items()}
                stack.enter_context(streams(keys, self.reachable))
            yield

    def check_no_new_parameters(self, before: Mapping[str, Any]) -> None:
        """Raise ValueError if the function created parameters that are not in ``before``."""
        after = read_variables(self.root)
        if len(jax.tree.leaves(after.get("params"))) > len(jax.tree.leaves(before.get("params"))):
            raise ValueError(
                f"The body of `{self.symbol}` creates parameters that its first run did not create."
            )
