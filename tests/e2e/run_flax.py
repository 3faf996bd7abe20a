"""The Flax side: run a rewritten program on converted variables and compare with Haiku's record."""

from __future__ import annotations

import contextlib
import pickle
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from tests.e2e.programs import (
    cases,
    haiku_call,
    init_apply,
    initialise,
    key,
    last_lines,
    load,
    run_case,
)
from tests.e2e.values import (
    compare_case,
    leaves,
    match,
    paths,
    same_distribution,
    same_initial_state,
    same_shapes,
    same_values,
)


@contextlib.contextmanager
def constant_keys_flax():
    from flax.core import scope
    from flax.errors import InvalidRngError

    original = scope.Scope.make_rng

    def constant(self, name="params"):
        if not (self.has_rng(name) or self.has_rng("params")):
            raise InvalidRngError(f"{self.name} needs PRNG for {name!r}")
        return key()

    scope.Scope.make_rng = constant
    try:
        yield
    finally:
        scope.Scope.make_rng = original


def read_variables(path: str) -> dict:
    """The nested variables of an npz whose keys are paths joined by '/'."""
    tree: dict = {}
    with np.load(path) as data:
        for key in data.files:
            *parents, last = key.split("/")
            node = tree
            for part in parents:
                node = node.setdefault(part, {})
            array = data[key]
            # numpy's own format has no name for bfloat16 and gives two bytes back.
            node[last] = array.view(jnp.bfloat16) if array.dtype.kind == "V" else array
    return tree


def do_flax(request: dict) -> dict:
    """Compare the rewritten program with Haiku's record; `problems` is empty when all agrees."""
    import flax.linen as nn

    record = pickle.loads((Path(request["out"]) / "haiku.pkl").read_bytes())
    driver = load(request["dir"], request.get("module", "driver"))
    entry = getattr(driver, request.get("build", "build"))()
    variables = read_variables(request["variables"])
    params = variables.get("params", {})
    rest = {name: tree for name, tree in variables.items() if name != "params"}
    order = {} if request.get("only_tree") else match(record["params"], paths(params))
    problems = [f"parameters: {order}"] if isinstance(order, str) else []
    tree = {"/".join(k): list(np.shape(v)) for k, v in paths(params).items()}
    module = isinstance(entry, nn.Module)
    pair = None if module else init_apply(entry)
    if record["signature"] is None:
        problems += same_shapes(params, _produced_params(entry))
    elif not module and pair is None:
        problems.append(f"build() returned {type(entry)}")
    else:
        made_params, made_rest = _init(entry, pair, record, cases(driver)["inputs"])
        problems += same_shapes(params, made_params)
        if request.get("only_tree"):
            return {"problems": problems, "entry": type(entry).__name__, "tree": tree}
        if "state" in record["signature"]:
            problems += [f"state: {p}" for p in same_shapes(rest, made_rest)]
        if not isinstance(order, str):
            problems += same_distribution(record, order, paths(made_params))
        problems += same_initial_state(record["init_state"], leaves(made_rest))
        with constant_keys_flax():
            problems += _compare_cases(driver, entry, pair, record, params, rest, order)
            problems += _compare_check(driver, record, params, rest)
    return {"problems": problems, "entry": type(entry).__name__, "tree": tree}


def _produced_params(entry):
    tree = entry[0] if isinstance(entry, tuple) else entry
    return tree.get("params", tree) if hasattr(tree, "get") else tree


def _init(entry, pair, record, inputs):
    """(params, other collections) of the rewritten program's own init."""
    import flax.core

    args, kwargs = inputs
    rng = jax.random.PRNGKey(6)
    if pair is None:
        rng = {"params": rng, "dropout": rng}
        made = flax.core.unfreeze(initialise(entry.init, rng, args, kwargs))
        return made.get("params", {}), {k: v for k, v in made.items() if k != "params"}
    made = initialise(pair[0], rng, args, kwargs)
    return made if "state" in record["signature"] else (made, {})


def _compare_cases(driver, entry, pair, record, params, rest, order) -> list[str]:
    every = cases(driver)
    problems = []
    for label, expected in record["cases"].items():
        name, _, index = label.partition("[")
        args, kwargs = every[name]
        if pair is None:
            if index:
                continue  # several apply functions became methods; check() calls them
            call = _linen_call(entry, record["signature"], args, kwargs)
        else:
            function = pair[1]
            if index:
                function = jax.tree_util.tree_leaves(function)[int(index.rstrip("]"))]
            call = haiku_call(function, record["signature"], args, kwargs)
        mode = expected["mode"]
        try:
            got = run_case(call, params, rest, "jit" in mode, "grad" in mode)
        except Exception as error:
            problems.append(f"{label}: {last_lines(error)}")
            continue
        problems += compare_case(label, expected, got, order)
    return problems


def _compare_check(driver, record, params, rest) -> list[str]:
    if "check" not in record:
        return []
    try:
        got = leaves(
            driver.check(*((params, rest) if "state" in record["signature"] else (params,)))
        )
    except Exception as error:
        return [f"check: {last_lines(error)}"]
    return same_values("check", record["check"], got)


def _linen_call(entry, signature, args, kwargs):
    from flax.core import DenyList

    def call(params, state):
        variables = {"params": params, **state} if params else dict(state)
        rngs = {"dropout": key()} if "rng" in signature else None
        if "state" not in signature:
            return entry.apply(variables, *args, rngs=rngs, **kwargs), state
        result, new = entry.apply(
            variables, *args, rngs=rngs, mutable=DenyList(("params",)), **kwargs
        )
        return result, {**state, **new}

    return call
