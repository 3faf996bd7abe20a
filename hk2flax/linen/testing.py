"""``hk.testing``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax

from .transform import transform_with_state


def transform_and_run(
    f: Callable[..., Any] | None = None,
    seed: int | None = 42,
    run_apply: bool = True,
    jax_transform: Callable[..., Any] | None = None,
    *,
    map_rng: Callable[[Any], Any] | None = None,
) -> Callable[..., Any]:
    """Return a function that runs init and then apply of ``f``: ``hk.testing.transform_and_run``.

    Args:
        f: what to run; leave out to use the function as a decorator with arguments.
        seed: seed of the key for init; apply gets the next one. None for no keys.
        run_apply: whether to run apply, and return what it returns, or init only.
        jax_transform: applied to init and apply, such as ``jax.jit``.
        map_rng: applied to the keys.
    """
    if f is None:
        return functools.partial(
            transform_and_run,
            seed=seed,
            run_apply=run_apply,
            jax_transform=jax_transform,
            map_rng=map_rng,
        )

    @functools.wraps(f, updated=())
    def run(*args: Any, **kwargs: Any) -> Any:
        rngs: list[Any] = [None, None]
        if seed is not None:
            rngs = [jax.random.PRNGKey(seed), jax.random.PRNGKey(seed + 1)]
            rngs = [map_rng(rng) for rng in rngs] if map_rng else rngs
        pair = transform_with_state(lambda: f(*args, **kwargs))
        init, apply = (jax_transform(each) if jax_transform else each for each in pair)
        params, state = init(rngs[0])
        return apply(params, state, rngs[1])[0] if run_apply else None

    return run
