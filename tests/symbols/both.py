"""A Haiku program and what was made of it, side by side on the same weights."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hk2flax.catalog import SYMBOLS
from hk2flax.oracle import trace_flax, trace_haiku
from hk2flax.oracle.align import align
from hk2flax.oracle.entry import Program
from hk2flax.oracle.records import LeafRecord, Record
from hk2flax.oracle.weights import carried
from hk2flax.params.map import Map
from tests.symbols.differences import differences, different_shapes, sorted_values
from tests.symbols.run import Call, Flat, Init, draws, is_float

# Optimising machine code takes longer than everything that is run; the older emitters are three
# times as fast as the ones that are used by default.
QUICK = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
    "xla_cpu_use_fusion_emitters": False,
}


class Both:
    """Both sides, the map between their leaves, and the weights as the steps leave them.

    always_run: also where both sides compile to the same text. In bfloat16 that is enough: the
        results are the same for any numbers.
    rounding: how far initial values may be apart: two units in the last place, because
        jax's initialisers multiply in another order.
    keys: how keys are drawn; "" for programs that draw none, whose initial values are not compared.
    """

    def __init__(
        self,
        sides: tuple[Program, Program],
        arrays: Flat,
        *,
        keys: str,
        always_run: bool,
        gradients: bool,
        rounding: float,
    ) -> None:
        self.sides, self.arrays, self.keys = sides, arrays, keys
        self.always_run, self.gradients, self.rounding = always_run, gradients, rounding

    def compare_initial(self, mode: dict, real_draws: bool) -> list[str]:
        """What init returns with equal keys."""
        records = [self._record(side, mode) for side in self.sides]
        self.map = align(*records, SYMBOLS.values())
        self.orders = map_orders(self.map)
        shapes = [leaves(record) for record in records]
        problems = different_shapes("init", carried(self.map, shapes[0]), shapes[1])
        self.weights = made_up(shapes[0]) if self.keys else shapes[0]
        if self.keys:
            problems += self._compare_init(mode, real_draws)
        return problems

    def _compare_init(self, mode: dict, real_draws: bool) -> list[str]:
        inits = [
            Init(side, self.keys, mode, order, real_draws)
            for side, order in zip(self.sides, self.orders, strict=True)
        ]
        lowered = [init.lower(self.arrays) for init in inits]
        if lowered[0].as_text() == lowered[1].as_text():
            made = [
                init.named(jax.tree.map(shaped, each.out_info))
                for init, each in zip(inits, lowered, strict=True)
            ]
            return different_shapes("init", carried(self.map, made[0]), made[1])
        found = [each.compile(QUICK)(list(self.arrays.values())) for each in lowered]
        theirs, ours = (init.named(values) for init, values in zip(inits, found, strict=True))
        expected = carried(self.map, theirs)
        if differences("init", expected, ours, self.rounding):
            # linen's transposed convolution draws the same numbers for a kernel of another layout.
            return differences("init", sorted_values(expected), sorted_values(ours), self.rounding)
        return []

    def _record(self, side: Program, mode: dict) -> Record:
        trace = trace_haiku if side.side == "source" else trace_flax
        with draws(side.side, self.keys):
            return trace.trace(side, (), {**self.arrays, **mode})

    def compare_steps(self, modes: list[dict], tolerance: float, gradient: float) -> list[str]:
        """Calls one after the other, with other inputs each; Haiku's state is handed on."""
        weights = (self.weights, carried(self.map, self.weights))
        compiled: dict[Any, tuple] = {}
        problems = []
        for step, mode in enumerate(modes):
            key = tuple(mode.items())
            if key not in compiled:
                compiled[key] = self._compiled(mode, weights)
            arrays = {name: shifted(value, step) for name, value in self.arrays.items()}
            weights = (self.weights, carried(self.map, self.weights))
            theirs, ours = (
                call.named(run(*call.arguments(given, arrays)))
                for (call, run), given in zip(compiled[key], weights, strict=True)
            )
            problems += self._compare(
                f"step {step} {mode or ''}", theirs, ours, tolerance, gradient
            )
            self.weights = {**self.weights, **theirs["state"]}
        return problems

    def _compiled(self, mode: dict, weights: tuple[Flat, Flat]) -> list[tuple[Call, Any]]:
        calls = [
            Call(side, self.keys, mode, order, self.gradients)
            for side, order in zip(self.sides, self.orders, strict=True)
        ]
        lowered = [
            call.lower(given, self.arrays) for call, given in zip(calls, weights, strict=True)
        ]
        return list(zip(calls, self._runnable(lowered), strict=True))

    def _runnable(self, lowered):
        """Compiled once where both sides are the same text."""
        if lowered[0].as_text() != lowered[1].as_text():
            if not self.keys:  # so far they are zeros, which take no memory
                self.weights = made_up(self.weights)
            return [each.compile(QUICK) for each in lowered]
        if self.always_run:
            return [lowered[0].compile(QUICK)] * 2
        return [lambda *_, each=each: jax.tree.map(shaped, each.out_info) for each in lowered]

    def _compare(self, what: str, theirs, ours, tolerance: float, gradient: float) -> list[str]:
        theirs = {
            **theirs,
            "state": carried(self.map, theirs["state"]),
            "gradient": carried(self.map, theirs["gradient"], linear=True),
        }
        return [
            problem
            for part, expected in theirs.items()
            for problem in differences(
                f"{what} {part}",
                expected,
                ours[part],
                gradient if "gradient" in part else tolerance,
            )
        ]


def map_orders(mapping: Map) -> tuple[list, list]:
    """The keys of both sides in the same order."""
    return (
        [(entry.kind, entry.module, entry.name) for entry in mapping.entries],
        [(t.collection, *t.path) for entry in mapping.entries for t in entry.targets],
    )


def leaves(record: Record) -> Flat:
    """An array of zeros for every leaf of a record, by the oracle's keys; it takes no memory."""
    kinds = {"param": "params"}
    return {
        (kinds.get(leaf.kind, leaf.kind), *_keys(record, leaf)): shaped(leaf)
        for leaf in record.leaves
    }


def _keys(record: Record, leaf: LeafRecord) -> tuple[str, ...]:
    return (leaf.module, leaf.name) if record.side == "source" else leaf.keys


def shaped(leaf: Any) -> np.ndarray:
    """Zeros of a shape and dtype."""
    return np.broadcast_to(np.zeros((), leaf.dtype), leaf.shape)


def made_up(flat: Flat) -> Flat:
    """Values for every float leaf, so that nothing hides behind zeros and ones.

    State is positive, because some of it is a variance.
    """
    random = np.random.default_rng(7)

    def drawn(key: tuple, leaf: np.ndarray) -> np.ndarray:
        values = random.normal(0.1, 0.5, leaf.shape)
        return (values if key[0] == "params" else np.abs(values)).astype(leaf.dtype)

    return {key: drawn(key, leaf) if is_float(leaf) else leaf for key, leaf in flat.items()}


def shifted(value, step: int):
    """Other inputs for the next step."""
    return jnp.asarray(np.asarray(value) + step, value.dtype) if step and is_float(value) else value
