"""Arguments that the table of proofs leaves out, and why."""

from hk2flax.catalog import SYMBOLS
from hk2flax.catalog.signatures import parse_signature

# Arguments that no case gives, in the words of `tests.symbols.arguments.missing`.
DEEP = "the class is that of ResNet18 but for its table of sizes; see there"
ABSTRACT = "a base class: nobody calls it, its subclasses are called"
ARGUMENTS: dict[str, dict[str, str]] = {
    "haiku.RNNCore": {
        line: ABSTRACT
        for line in (
            "name at its default",
            "name at another value",
            "__call__: inputs at 1 values",
            "__call__: prev_state at 1 values",
        )
    },
    "haiku.BatchNorm": {
        "cross_replica_axis_index_groups at another value": "jax.vmap has no index groups, and "
        "pmap needs several devices: tests/linen/test_layer_state.py compares the programs",
    },
    "haiku.Module": {
        "name at its default": "a base class: subclasses hand the name on",
        "name at another value": "a base class: subclasses hand the name on",
    },
    **{
        f"haiku.{name}": {
            f"{field} at 1 values": "the framework makes it; nobody else does"
            for field in parse_signature(SYMBOLS[f"haiku.{name}"].signature).positional
        }
        for name in ("MethodContext", "GetterContext", "SetterContext", "LiftWithStateUpdater")
    },
    "haiku.transform": {"apply_rng at another value": "Haiku raises for it"},
    "haiku.transparent": {"method at 1 values": "a decorator: it is given the method below it"},
    "haiku.remat": {"concrete at another value": "jax raises for it"},
    **{
        f"haiku.nets.ResNet{depth}": {
            "num_classes at 2 values": DEEP,
            "__call__: test_local_stats at another value": DEEP,
            **{
                f"{argument} at another value": DEEP
                for argument in (
                    "bn_config",
                    "resnet_v2",
                    "logits_config",
                    "name",
                    "initial_conv_config",
                    "strides",
                )
            },
        }
        for depth in (34, 50, 101, 152, 200)
    },
}
