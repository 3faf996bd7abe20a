"""Which leaf becomes which: real programs, traced in this process."""

import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from local import build, names

from hk2flax.linen.batch_norm import BatchNorm
from hk2flax.oracle import AlignmentError

X = np.zeros((2, 4), np.float32)


def test_inline_modules_pair_in_order_of_execution():
    """Evaluation order numbers the outer module first, but it runs last (semantics.md A12)."""

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.Dense(4)(x)
            return nn.Dense(4)(x)

    found = names(build(hk.transform(lambda x: hk.Linear(4)(hk.Linear(4)(x))), Net(), X))
    assert found["linear_1 w"] == "params/Dense_0/kernel"
    assert found["linear w"] == "params/Dense_1/kernel"


def test_a_module_used_twice_is_one():
    def forward(x):
        linear = hk.Linear(4)
        return linear(linear(x))

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            dense = nn.Dense(4)
            return dense(dense(x))

    assert len(build(hk.transform(forward), Net(), X).entries) == 2


class HkScale(hk.Module):
    def __init__(self, size, name=None):
        super().__init__(name=name)
        self.w = hk.get_parameter("w", [size], init=jnp.ones)

    def __call__(self, x):
        return x * self.w


class Scale(nn.Module):
    size: int

    def setup(self):
        self.w = self.param("w", nn.initializers.ones, (self.size,))

    def __call__(self, x):
        return x * self.w


def test_parameters_of_a_constructor_count_at_first_use():
    """Haiku creates `first` first, linen's setup the one that is used first."""

    def forward(x):
        first, second = HkScale(4), HkScale(4)
        return first(second(x))

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            used_first, used_last = Scale(4), Scale(4)
            return used_last(used_first(x))

    found = names(build(hk.transform(forward), Net(), X))
    assert found["hk_scale_1 w"] == "params/Scale_0/w"
    assert found["hk_scale w"] == "params/Scale_1/w"


def test_a_name_used_twice_is_numbered():
    def forward(x):
        return hk.Linear(4, name="a")(hk.Linear(4, name="a")(x))

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            last = nn.Dense(4, name="a")
            return last(nn.Dense(4, name="a_1")(x))

    found = names(build(hk.transform(forward), Net(), X))
    assert found == {
        "a w": "params/a/kernel",
        "a b": "params/a/bias",
        "a_1 w": "params/a_1/kernel",
        "a_1 b": "params/a_1/bias",
    }


def test_native_batch_norm_takes_averages_and_drops_the_rest():
    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.BatchNorm(use_running_average=False, name="norm")(x)

    source = hk.transform_with_state(lambda x: hk.BatchNorm(True, True, 0.9)(x, True))
    mapping = build(source, Net(), X)
    found = names(mapping)
    assert found["batch_norm/~/mean_ema average"] == "batch_stats/norm/mean"
    assert found["batch_norm/~/var_ema average"] == "batch_stats/norm/var"
    assert found["batch_norm/~/mean_ema hidden"] == ""
    assert "keeps no counter" in {e.name: e.reason for e in mapping.entries}["counter"]
    scale = next(entry for entry in mapping.entries if entry.name == "scale")
    assert (scale.shape, scale.targets[0].shape) == ((1, 4), (4,))
    assert mapping.problems() == []


def test_helper_batch_norm_keeps_haikus_names():
    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            return BatchNorm(True, True, 0.9)(x, True)

    source = hk.transform_with_state(lambda x: hk.BatchNorm(True, True, 0.9)(x, True))
    found = names(build(source, Net(), X))
    hidden = found["batch_norm/~/var_ema hidden"]
    assert hidden == "batch_stats/BatchNorm_0/var_ema/hidden"


def test_attention_projections_are_reshaped():
    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.MultiHeadDotProductAttention(2, qkv_features=6, out_features=5)(x, x)

    def forward(x):
        return hk.MultiHeadAttention(2, 3, w_init=hk.initializers.Constant(1.0), model_size=5)(
            x, x, x
        )

    mapping = build(hk.transform(forward), Net(), np.zeros((1, 7, 4), np.float32))
    target = {e.module: e for e in mapping.entries if e.name == "w"}
    query = target["multi_head_attention/query"].targets[0]
    assert query.path[-2:] == ("query", "kernel")
    assert query.shape == (4, 2, 3)
    assert target["multi_head_attention/linear"].targets[0].shape == (2, 3, 5)
    assert mapping.problems() == []


class Layer(nn.Module):
    @nn.compact
    def __call__(self, x, _):
        return nn.ConvTranspose(4, (3,))(nn.Dense(4)(x)), None


def test_layer_stack_pairs_with_scan_and_keeps_the_layer_axis():
    def forward(x):
        return hk.experimental.layer_stack(3)(lambda x: hk.Conv1DTranspose(4, 3)(hk.Linear(4)(x)))(
            x
        )

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            stack = nn.scan(
                Layer, variable_axes={"params": 0}, split_rngs={"params": True}, length=3
            )
            return stack()(x, None)[0]

    mapping = build(hk.transform(forward), Net(), np.zeros((1, 5, 4), np.float32))
    assert [entry.shape[0] for entry in mapping.entries] == [3] * 4
    assert mapping.problems() == []
    assert all("ScanLayer_0" in entry.targets[0].path for entry in mapping.entries)


def test_transparent_layer_stack_pairs_with_a_loop():
    class Names(hk.LayerStackTransparencyMapping):
        def stacked_to_flat(self, stacked_module_name, scan_idx):
            return f"layer_{scan_idx}/{stacked_module_name}"

        def flat_to_stacked(self, unstacked_module_name):
            head, _, rest = unstacked_module_name.partition("/")
            return rest, int(head.rsplit("_", 1)[1])

    def body(x):
        return hk.Linear(4, name="down")(hk.Linear(4, name="up")(x))

    def forward(x):
        return hk.layer_stack(2, transparent=True, transparency_map=Names())(body)(x)

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            for _ in range(2):
                x = nn.Dense(4)(nn.Dense(4)(x))
            return x

    found = names(build(hk.transform(forward), Net(), X))
    # Dense(4)(Dense(4)(x)) constructs the outer one first.
    assert found["layer_0/up w"] == "params/Dense_1/kernel"
    assert found["layer_0/down w"] == "params/Dense_0/kernel"
    assert found["layer_1/down w"] == "params/Dense_2/kernel"


def test_a_library_class_name_of_the_users_own_is_not_the_helper():
    class HkBatchNorm(hk.Module):
        def __call__(self, x):
            return x * hk.get_parameter("scale", [4], init=jnp.ones)

    HkBatchNorm.__qualname__ = HkBatchNorm.__name__ = "BatchNorm"

    class OwnBatchNorm(nn.Module):
        @nn.compact
        def __call__(self, x):
            return x * self.param("scale", nn.initializers.ones, (4,))

    found = names(build(hk.transform(lambda x: HkBatchNorm()(x)), OwnBatchNorm(), X))
    assert found == {"hk_batch_norm scale": "params/scale"} or len(found) == 1


def test_root_parameters_and_state():
    def forward(x):
        hk.set_state("last", x.mean())
        return x * hk.get_parameter("scale", [4], init=jnp.ones)

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            self.variable("state", "last", lambda: x.mean())
            return x * self.param("scale", nn.initializers.ones, (4,))

    found = names(build(hk.transform_with_state(forward), Net(), X))
    assert found == {"~ last": "state/last", "~ scale": "params/scale"}


@pytest.mark.parametrize("size, count", [(5, 1), (4, 2)])
def test_what_does_not_fit_is_an_error_that_names_both_sides(size, count):
    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            for _ in range(count):
                x = nn.Dense(size)(x)
            return x

    with pytest.raises(AlignmentError) as caught:
        build(hk.transform(lambda x: hk.Linear(4)(x)), Net(), X)
    assert "linear/w (4, 4)" in str(caught.value)
    assert f"Dense_0/kernel (4, {size})" in str(caught.value)


def test_nothing_is_allocated():
    """A matrix of 4 PB pairs up."""
    huge = 2**25

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(huge)(nn.Dense(huge)(x))

    source = hk.transform(lambda x: hk.Linear(huge)(hk.Linear(huge)(x)))
    assert len(build(source, Net(), X).entries) == 4


def test_an_inner_init_that_is_put_as_a_whole_keeps_its_order_and_classes():
    """What the helper for hk.layer_stack does; dicts that come out of a scan are sorted by name."""

    def body(x):
        return hk.Linear(4, name="a")(jax.nn.relu(hk.Linear(4, name="z")(x)))

    class Inner(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.Dense(4, name="z")(x)
            return nn.Dense(4, name="a")(jax.nn.relu(x))

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            def layer(x, key):
                variables = Inner(parent=None).init(key, x)
                return x, variables["params"]

            if self.is_initializing():
                keys = jax.random.split(self.make_rng("params"), 3)
                _, stacked = jax.lax.scan(layer, x, keys)
                scope = self.scope.push("stack")
                for name in sorted(stacked):
                    scope.put_variable("params", name, stacked[name])
            return x

    source = hk.transform(lambda x: hk.experimental.layer_stack(3, name="stack")(body)(x))
    found = names(build(source, Net(), X))
    assert found["stack/z w"] == "params/stack/z/kernel"
    assert found["stack/a b"] == "params/stack/a/bias"
