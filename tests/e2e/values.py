"""Values that can be recognised again, and comparing what two programs computed.

Weights are set to values that are distinct within a checkpoint, so a parameter is recognised after
conversion by its values alone, whatever it is now called and however it was reshaped or
transposed. That gives the gradients of both sides a common order without any map of hk2flax.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np


def leaves(tree) -> list[np.ndarray]:
    return [_array(leaf) for leaf in jax.tree_util.tree_leaves(tree)]


def _array(leaf) -> np.ndarray:
    if jnp.issubdtype(getattr(leaf, "dtype", np.float32), jax.dtypes.prng_key):
        leaf = jax.random.key_data(leaf)
    array = np.asarray(leaf)
    if array.dtype == object:
        return np.asarray(repr(leaf))
    return array.astype(np.float32) if array.dtype == jnp.bfloat16 else array


def distinct(flat: dict, seed: int = 0) -> dict:
    """The same tree with float leaves spread over values that occur only once."""
    random = np.random.RandomState(seed)
    out = {}
    for index, (key, value) in enumerate(sorted(flat.items())):
        value = np.asarray(value)
        if not is_float(value):
            out[key] = value
            continue
        wide = value.astype(np.float64)
        spread = max(float(wide.std()) * 1.7 if value.size > 1 else 0.0, 0.05)
        spread *= 1 + 0.0137 * (index + 1) / (len(flat) + 1)
        grid = np.linspace(-1.0, 1.0, value.size) if value.size > 1 else np.asarray([0.731])
        mean = float(wide.mean()) + 0.0071 * (index + 1) / (len(flat) + 1)
        new = mean + spread * random.permutation(grid).reshape(value.shape)
        out[key] = new.astype(value.dtype)
    return out


def is_float(value) -> bool:
    return jnp.issubdtype(value.dtype, jnp.floating)


def paths(tree, prefix=()) -> dict[tuple[str, ...], np.ndarray]:
    if not hasattr(tree, "items"):
        return {prefix: tree}
    return {k: v for key, sub in tree.items() for k, v in paths(sub, (*prefix, str(key))).items()}


def match(haiku: dict, linen: dict):
    """For every linen leaf, which Haiku leaf has its values and in which order.

    Returns {linen path: (haiku key, positions)} with `haiku.ravel()[positions]` the linen leaf.
    """
    left = {key: np.asarray(value) for key, value in haiku.items()}
    found = {}
    for path, value in linen.items():
        value = np.asarray(value)
        flat = value.ravel()
        wanted = np.sort(flat)
        for key, other in left.items():  # noqa: B007 - used below
            if other.size == flat.size and np.array_equal(np.sort(other.ravel()), wanted):
                break
        else:
            return f"no Haiku leaf has the values of {'/'.join(path)} {value.shape}"
        positions = np.empty(flat.size, np.int64)
        positions[np.argsort(flat, kind="stable")] = np.argsort(other.ravel(), kind="stable")
        found[path] = (key, positions)
        del left[key]
    if left:
        return f"no linen leaf has the values of {sorted('/'.join(k) for k in left)}"
    return found


def same_shapes(converted, made) -> list[str]:
    mine = {k: np.shape(v) for k, v in paths(converted).items()}
    theirs = {k: np.shape(v) for k, v in paths(made).items()}
    mine = {k: v for k, v in mine.items() if v != () or k}
    theirs = {k: v for k, v in theirs.items() if v != () or k}
    problems = []
    for path in sorted(set(mine) | set(theirs)):
        if mine.get(path) != theirs.get(path):
            ours, other = mine.get(path), theirs.get(path)
            problems.append(f"{'/'.join(path)}: converted {ours}, the program's init {other}")
    return problems


def same_distribution(record: dict, order: dict, made: dict) -> list[str]:
    """Fresh parameters have Haiku's mean and standard deviation; constants are equal."""
    problems = []
    for path, (key, _) in order.items():
        if path not in made:
            continue
        mine = np.asarray(record["init_params"][key], np.float64)
        theirs = np.asarray(made[path], np.float64)
        name = "/".join(path)
        if np.asarray(made[path]).dtype != np.asarray(record["init_params"][key]).dtype:
            problems.append(
                f"init {name}: dtype {np.asarray(made[path]).dtype}, "
                f"Haiku {np.asarray(record['init_params'][key]).dtype}"
            )
        if mine.size == 1 and mine.ravel()[0] not in (0, 1):
            continue  # one number does not tell a constant from a random draw
        if mine.size and mine.std() == 0:
            if not np.allclose(theirs, mine.ravel()[0], atol=1e-6):
                problems.append(f"init {name}: Haiku gives the constant {mine.ravel()[0]:.4g}")
        elif mine.size >= 100:
            slack = 6 / np.sqrt(2 * mine.size)
            if not abs(theirs.std() / mine.std() - 1) < max(0.03, slack):
                problems.append(f"init {name}: std {theirs.std():.4g}, Haiku {mine.std():.4g}")
            if abs(theirs.mean() - mine.mean()) > 8 * mine.std() / np.sqrt(mine.size):
                problems.append(f"init {name}: mean {theirs.mean():.4g}, Haiku {mine.mean():.4g}")
    return problems


def same_initial_state(mine: list, theirs: list) -> list[str]:
    """Integers and constants of the initial state; the rest depends on random weights."""
    fixed = [v for v in mine if not np.issubdtype(v.dtype, np.floating)]
    other = [v for v in theirs if not np.issubdtype(v.dtype, np.floating)]
    if len(mine) != len(theirs):
        return [f"initial state has {len(theirs)} leaves, Haiku {len(mine)}"]
    return unordered("initial state", fixed, other)


def compare_case(label, expected, got, order) -> list[str]:
    problems = same_values(f"{label} outputs", expected["outputs"], got["outputs"])
    for step, (mine, theirs) in enumerate(zip(expected["states"], got["states"], strict=True)):
        problems += unordered(f"{label} state after step {step + 1}", mine, theirs)
    if expected["grads"] is not None and not isinstance(order, str):
        theirs = paths(got["grads"])
        for path, (key, positions) in order.items():
            gradient = np.asarray(theirs[path])
            if gradient.dtype == jax.dtypes.float0:
                continue
            want = np.asarray(expected["grads"][key]).ravel()[positions].reshape(gradient.shape)
            problems += same_values(f"{label} gradient of {'/'.join(path)}", [want], [gradient])
    return problems


def same_values(what: str, mine: list, theirs: list) -> list[str]:
    if len(mine) != len(theirs):
        return [f"{what}: {len(theirs)} leaves, Haiku {len(mine)}"]
    for index, (a, b) in enumerate(zip(mine, theirs, strict=True)):
        gap = difference(a, b)
        if gap:
            return [f"{what}{f'[{index}]' if len(mine) > 1 else ''}: {gap}"]
    return []


def unordered(what: str, mine: list, theirs: list) -> list[str]:
    """The same leaves in any order; singleton axes do not count."""
    left = list(theirs)
    for value in mine:
        for index, other in enumerate(left):
            if not difference(value.ravel(), other.ravel()):
                del left[index]
                break
        else:
            near = [b for b in left if b.size == value.size]
            hint = (
                f"; nearest is off by {difference(value.ravel(), near[0].ravel())}" if near else ""
            )
            return [f"{what}: no leaf equals Haiku's {brief(value)}{hint}"]
    return [f"{what}: {len(left)} leaves that Haiku does not have"] if left else []


def brief(value: np.ndarray) -> str:
    return f"{value.dtype}{list(value.shape)} {np.array2string(value.ravel()[:3], precision=4)}"


def difference(a: np.ndarray, b: np.ndarray) -> str:
    """What tells two arrays apart beyond rounding, or ''."""
    if a.shape != b.shape:
        return f"shape {b.shape}, Haiku {a.shape}"
    if a.dtype.kind in "OSU" or b.dtype.kind in "OSU":
        return "" if str(a) == str(b) else f"{b}, Haiku {a}"
    if a.dtype != b.dtype:
        return f"dtype {b.dtype}, Haiku {a.dtype}"
    x, y = a.astype(np.float64), b.astype(np.float64)
    if not np.array_equal(np.isnan(x), np.isnan(y)):
        return f"NaN in {int(np.isnan(y).sum())} places, Haiku {int(np.isnan(x).sum())}"
    x, y = np.nan_to_num(x), np.nan_to_num(y)
    if not x.size:
        return ""
    gap, scale = np.abs(x - y).max(), np.abs(x).max()
    if gap <= 1e-5 + 2e-4 * scale:
        return ""
    return f"max difference {gap:.3g} at scale {scale:.3g}"
