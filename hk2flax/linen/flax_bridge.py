"""``hk.experimental.flax``: Flax modules in Haiku programs and the other way round."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import flax
import flax.linen as nn
import jax

from .introspection import running_init
from .lift import lift_with_state, put_trees
from .rng import maybe_next_rng_key
from .transform import Transformed, TransformedWithState, transform_with_state, with_empty_state


class flax_bridge:
    """The names of ``hk.experimental.flax``, called in the same way."""

    class Module(nn.Module):
        """A module that runs a transformed function.

        Parameters are in ``params`` and all state is in the one collection ``state``, so that
        ``mutable=["state"]`` is enough, as in Haiku. Random keys come from the stream ``apply``.

        Attributes:
            transformed: the pair of a `transform` or a `transform_with_state`.
        """

        transformed: Transformed | TransformedWithState

        @classmethod
        def create(cls, hk_cls: Callable[..., Any], *init_args: Any, **init_kwargs: Any) -> Any:
            """Return a module that runs ``hk_cls(*init_args, **init_kwargs)``."""

            def run(*args: Any, **kwargs: Any) -> Any:
                return hk_cls(*init_args, **init_kwargs)(*args, **kwargs)

            return cls(transform_with_state(run))

        @nn.compact
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            """Run the function."""
            pair = self.transformed
            if isinstance(pair, Transformed):
                pair = with_empty_state(pair)
            if self.is_initializing():
                params, state = pair.init(self.make_rng("params"), *args, **kwargs)
                put_trees(self.scope, {"params": params, "state": state})
            else:
                variables = flax.core.unfreeze(dict(self.variables))
                params, state = variables.get("params", {}), variables.get("state", {})
            rng = self.make_rng("apply") if self.has_rng("apply") else None
            out, updated = pair.apply(params, state, rng, *args, **kwargs)
            if not self.is_initializing() and not same_objects(state, updated):
                put_trees(self.scope, {"state": updated})
            return out

    @staticmethod
    def lift(mod: nn.Module, *, name: str) -> Callable[..., Any]:
        """Return a function that runs a module and keeps its variables under a name.

        The module gets no random keys but those given to the function as ``rngs``. A module that
        is made where it is called needs none of this: give it the name.

        Args:
            mod: the module.
            name: the level below the current module at which its variables are; numbered if taken.
        """
        mod = mod.clone(parent=None)

        def init(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
            variables = dict(mod.init(*args, **kwargs))
            return variables.pop("params", {}), variables

        init_fn, updater = lift_with_state(init, name=name, allow_reuse=True)

        def run(*args: Any, **kwargs: Any) -> Any:
            keys, init_kwargs = None, dict(kwargs)
            if running_init():
                keys = lifted_keys(init_kwargs.pop("rngs", None))
            params, state = init_fn(keys, *args, **init_kwargs)
            variables = {"params": params, **state}
            out, state = mod.apply(variables, *args, mutable=list(state), **kwargs)
            updater.update(state)
            return out

        return run

    @staticmethod
    def flatten_flax_to_haiku(collection: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Return leaves by the path of their module with slashes (``~`` at the top) and name."""
        return flat_modules(collection, ())


def same_objects(a: Any, b: Any) -> bool:
    """Say whether two trees hold the same objects: state that was not written is not put back."""
    structures: tuple[Any, Any] = jax.tree.structure(a), jax.tree.structure(b)
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=False)
    return structures[0] == structures[1] and all(x is y for x, y in pairs)


def lifted_keys(rngs: Any) -> Any:
    """Return what to initialise a lifted module with; a key is drawn where none is given."""
    if rngs is None:
        return maybe_next_rng_key()
    if not isinstance(rngs, Mapping):
        raise flax.errors.InvalidRngError("`rngs` has to be a dict of keys by name.")
    drawn = None if "params" in rngs else maybe_next_rng_key()
    return dict(rngs) if drawn is None else {**rngs, "params": drawn}


def flat_modules(tree: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Return the leaves of a nested dict by path of the dict and name."""
    flat: dict[str, dict[str, Any]] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            for module, leaves in flat_modules(value, (*path, name)).items():
                flat.setdefault(module, {}).update(leaves)
        else:
            flat.setdefault("/".join(path) or "~", {})[name] = value
    return flat
