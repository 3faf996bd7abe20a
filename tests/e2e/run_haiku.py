"""The Haiku side: initialise a program, save checkpoints, record what it computes."""

from __future__ import annotations

import contextlib
import pickle
from pathlib import Path

import jax
import numpy as np

from tests.e2e.programs import (
    cases,
    haiku_call,
    init_apply,
    initialise,
    key,
    leading,
    load,
    run_case,
)
from tests.e2e.values import distinct, is_float, leaves


@contextlib.contextmanager
def constant_keys_haiku():
    from haiku._src import base

    original = base.PRNGSequence.__next__

    def constant(self):
        if base.frame_stack and base.current_frame().rng_stack.peek() is self:
            return key()
        return original(self)

    base.PRNGSequence.__next__ = constant
    base.PRNGSequence.next = constant
    try:
        yield
    finally:
        base.PRNGSequence.__next__ = original
        base.PRNGSequence.next = original


def flatten(two_level) -> dict[tuple[str, str], np.ndarray]:
    return {
        (module, name): value
        for module, entries in (two_level or {}).items()
        for name, value in entries.items()
    }


def unflatten(flat: dict) -> dict:
    out: dict = {}
    for (module, name), value in flat.items():
        out.setdefault(module, {})[name] = value
    return out


def do_haiku(request: dict) -> dict:
    """Initialise, save checkpoints, and record outputs, gradients and state."""
    out = Path(request["out"])
    driver = load(request["dir"], request.get("module", "driver"))
    entry = getattr(driver, request.get("build", "build"))()
    pair = init_apply(entry)
    record = {"kind": type(entry).__name__}
    if pair is None:
        record |= _values(entry)
    else:
        record |= _runs(driver, *pair)
    state = record["state"] if "state" in (record["signature"] or ()) else None
    state = record["state"] if record["signature"] is None else state
    checkpoint = _write_checkpoint(out, record["params"], state)
    record = jax.tree_util.tree_map(_tidy, record)
    (out / "haiku.pkl").write_bytes(pickle.dumps(record))
    return {
        "kind": record["kind"],
        "checkpoint": checkpoint,
        "leaves": len(record["params"]),
        "state": len(leaves(record["state"])),
        "cases": {name: case["mode"] for name, case in record["cases"].items()},
        "check": "check" in record,
    }


def _values(entry) -> dict:
    """`build()` ran init itself."""
    params, state = entry if isinstance(entry, tuple) else (entry, None)
    flat = {k: np.asarray(v) for k, v in flatten(params).items()}
    return {"signature": None, "cases": {}, "params": flat, "init_params": flat, "state": state}


def _runs(driver, init, apply) -> dict:
    """`build()` returned a transform: run it in every way the driver names."""
    applies = jax.tree_util.tree_leaves(apply)
    multi = not callable(apply)
    signature = leading(applies[0])
    stateful = "state" in signature
    every = cases(driver)
    args, kwargs = every["inputs"]
    real = initialise(init, jax.random.PRNGKey(5), args, kwargs)
    params, state = real if stateful else (real, {})
    made = {k: np.asarray(v) for k, v in flatten(params).items()}
    values, state_values = distinct(made), _distinct_state(flatten(state))
    tree, state_tree = unflatten(values), unflatten(state_values)
    record = {
        "signature": signature,
        "multi": multi,
        "init_params": made,
        "init_state": leaves(state),
        "params": values,
        "state": state_tree,
        "cases": {},
    }
    with constant_keys_haiku():
        for name, (args, kwargs) in every.items():
            for index, function in enumerate(applies):
                result = _attempt(haiku_call(function, signature, args, kwargs), tree, state_tree)
                if isinstance(result, str):
                    if multi:
                        continue  # these inputs are not for this method
                    raise RuntimeError(f"{name}: {result}")
                if result["grads"] is not None:
                    result["grads"] = flatten(result["grads"])
                record["cases"][f"{name}[{index}]" if multi else name] = result
        if hasattr(driver, "check"):
            record["check"] = leaves(driver.check(*((tree, state_tree) if stateful else (tree,))))
    return record


def _distinct_state(flat: dict) -> dict:
    """Distinct positive floats (variances stay variances); integers and trees as they are."""
    arrays = {key: value for key, value in flat.items() if _is_array(value)}
    changed = {k: np.abs(v) if is_float(v) else v for k, v in distinct(arrays, 1).items()}
    return {k: jax.tree_util.tree_map(np.asarray, v) for k, v in (flat | changed).items()}


def _is_array(value) -> bool:
    return len(jax.tree_util.tree_leaves(value)) == 1 and hasattr(value, "dtype")


def _tidy(leaf):
    return np.asarray(leaf) if isinstance(leaf, jax.Array) else leaf


def _attempt(call, params, state):
    """Run a case under jit with gradients; without either where the Haiku program cannot."""
    errors = []
    for jit, grad in ((True, True), (True, False), (False, True), (False, False)):
        try:
            result = run_case(call, params, state, jit, grad)
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
            continue
        return {**result, "mode": ("jit" if jit else "eager") + (" grad" if grad else "")}
    return errors[0]


def _write_checkpoint(out: Path, params: dict, state) -> str:
    """An npz of the parameters; a pickle of (params, state) where there is state."""
    arrays = {f"{module}//{name}": np.asarray(value) for (module, name), value in params.items()}
    if state is None and all(a.dtype.kind in "fiub" for a in arrays.values()):
        np.savez(out / "ckpt.npz", **arrays)
        return "ckpt.npz"
    tree = jax.tree_util.tree_map(np.asarray, unflatten(params))
    if state is not None:
        tree = (tree, jax.tree_util.tree_map(np.asarray, dict(state)))
    (out / "ckpt.pkl").write_bytes(pickle.dumps(tree))
    return "ckpt.pkl"
