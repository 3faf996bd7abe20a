"""Equal programs are called equal, wrong ones are not; both run in this process."""

import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from local import statuses, verify

from hk2flax.linen.batch_norm import BatchNorm
from hk2flax.linen.rng import next_rng_key, next_rng_keys
from hk2flax.linen.transform import (
    multi_transform,
    transform,
    transform_with_state,
    without_apply_rng,
)
from hk2flax.linen.variables import get_parameter, get_state, set_state

X = np.random.RandomState(0).randn(4, 4).astype(np.float32)


def kernel_init(key, shape, dtype=jnp.float32):
    return jax.random.truncated_normal(key, -2.0, 2.0, shape, dtype) / np.sqrt(shape[0])


def dense(size, **kwargs):
    return nn.Dense(size, kernel_init=kernel_init, **kwargs)


class HkBlock(hk.Module):
    def __call__(self, x):
        return jax.nn.relu(hk.Linear(4)(x))


def hk_net(x):
    return hk.Linear(2)(HkBlock()(HkBlock()(x)))


hk_net = hk.transform(hk_net)


def flax_net(act):
    class HkBlock(nn.Module):
        last: bool

        @nn.compact
        def __call__(self, x):
            return (act if self.last else jax.nn.relu)(dense(4)(x))

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            head = dense(2)
            return head(HkBlock(True)(HkBlock(False)(x)))

    return Net()


def test_equal_programs():
    report = verify(hk_net, flax_net(jax.nn.relu), X)
    found = statuses(report)
    assert report.ok and report.exit_code == 0 and report.keys == "none drawn"
    assert found["outputs"] == found["gradients"] == found["Adam step"] == "equal"
    assert found["outputs (batch doubled)"] == found["initial parameters"] == "equal"
    assert found["outputs (other mode)"] == found["initial state"] == "skipped"
    assert {check.detail for check in report.checks if check.name == "outputs"} == {"bitwise"}


def test_a_wrong_module_is_named():
    report = verify(hk_net, flax_net(jax.nn.elu), X)
    assert report.exit_code == 1
    assert statuses(report)["outputs"] == statuses(report)["gradients"] == "differs"
    assert report.diverges.startswith("hk_block (Flax: HkBlock_0)")


def test_another_initial_distribution_is_seen():
    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(64)(x)

    report = verify(hk.transform(lambda x: hk.Linear(64)(x)), Net(), X)
    assert [c.name for c in report.checks if c.status == "differs"] == ["initial distributions"]


def test_state_mode_and_initial_state():
    def forward(x, is_training=True):
        steps = hk.get_state("steps", [], init=jnp.zeros)
        hk.set_state("steps", steps + 1)
        return hk.BatchNorm(True, True, 0.9)(x, is_training) + steps

    def rewritten(x, is_training=True):
        steps = get_state("steps", [], init=lambda key, shape, dtype: jnp.zeros(shape, dtype))
        set_state("steps", steps + 1)
        return BatchNorm(True, True, 0.9)(x, is_training) + steps

    report = verify(hk.transform_with_state(forward), transform_with_state(rewritten), X)
    found = statuses(report)
    assert report.ok, report
    assert found["state after 3 steps"] == found["initial state"] == "equal"
    assert found["outputs (other mode)"] == found["state (other mode)"] == "equal"


def test_native_batch_norm_differs_in_state_only():
    class Net(nn.Module):
        @nn.compact
        def __call__(self, x, is_training):
            return nn.BatchNorm(not is_training, momentum=0.9, epsilon=1e-5)(x)

    source = hk.transform_with_state(
        lambda x, is_training: hk.BatchNorm(True, True, 0.9)(x, is_training)
    )
    found = statuses(verify(source, Net(), X, True))
    assert found["outputs"] == found["outputs (other mode)"] == "equal"
    assert found["initial state"] == found["state after 3 steps"] == "differs"


def test_dropout_draws_the_same_keys():
    def forward(x):
        x = hk.dropout(hk.next_rng_key(), 0.5, hk.Linear(4)(x))
        a, b = hk.next_rng_keys(2)
        return x + jax.random.normal(a, x.shape) * jax.random.normal(b, x.shape)

    def rewritten(x):
        x = nn.Dropout(0.5, deterministic=False)(dense(4)(x))
        a, b = next_rng_keys(2)
        return x + jax.random.normal(a, x.shape) * jax.random.normal(b, x.shape)

    report = verify(hk.transform(forward), transform(rewritten), X)
    assert report.ok, report
    assert report.keys == "sequence"
    assert statuses(report)["random draws"] == "equal"


class Noisy(nn.Module):
    @nn.compact
    def __call__(self, x, _):
        return x + jax.random.normal(next_rng_key(), x.shape), None


@pytest.mark.parametrize("lifted", [True, False])
def test_a_missing_lift_repeats_its_draws(lifted):
    """Equal under constant keys, yet the keys of a raw scan repeat (semantics.md G11)."""

    def forward(x):
        x = hk.Linear(4)(x)
        return hk.scan(
            lambda c, _: (c + jax.random.normal(hk.next_rng_key(), c.shape), None), x, None, 3
        )[0]

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = dense(4)(x)
            split = {"dropout": lifted, "params": False}
            scan = nn.scan(Noisy, variable_broadcast="params", split_rngs=split, length=3)
            return scan()(x, None)[0]

    report = verify(hk.transform(forward), Net(), X)
    assert report.keys == "constant"
    assert statuses(report)["outputs"] == "equal"
    assert statuses(report)["random draws"] == ("equal" if lifted else "differs")


def test_multi_transform_compares_every_function_that_fits():
    def build(make, multi):
        def f():
            encoder, decoder = make(4), make(2)
            return (lambda x: decoder(encoder(x))), {
                "encode": encoder,
                "both": lambda x: decoder(encoder(x)),
            }

        return multi(f)

    ours = build(hk.Linear, hk.multi_transform)
    theirs = build(lambda size: dense(size, name=f"d{size}"), multi_transform)
    found = statuses(verify(ours, theirs, X))
    assert found["outputs['both']"] == found["outputs['encode']"] == "equal"


@pytest.mark.parametrize("entry", ["pair", "without rng", "function", "parameters"])
def test_forms_of_entries(entry):
    def forward(x):
        return hk.Linear(3)(x) * hk.get_parameter("s", [], init=jnp.ones)

    def rewritten(x):
        return dense(3)(x) * get_parameter("s", [], init=nn.initializers.ones)

    ours, theirs = hk.transform(forward), transform(rewritten)
    if entry == "pair":
        ours, theirs = (ours.init, ours.apply), (theirs.init, theirs.apply)
    elif entry == "without rng":
        ours, theirs = hk.without_apply_rng(ours), without_apply_rng(theirs)
    if entry == "function":
        report = verify(lambda: ours, lambda: theirs, X)
    elif entry == "parameters":
        key = jax.random.PRNGKey(0)
        report = verify(lambda: ours.init(key, X), lambda: theirs.init(key, X))
    else:
        report = verify(ours, theirs, X)
    assert report.ok, report
    assert statuses(report)["names"] == "equal"
    assert ("outputs" in statuses(report)) == (entry != "parameters")


def test_dtypes_count():
    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            return dense(4)(x).astype(jnp.bfloat16)

    report = verify(hk.transform(lambda x: hk.Linear(4)(x)), Net(), X)
    assert "dtype float32 and bfloat16" in {c.name: c.detail for c in report.checks}["outputs"]


def test_a_program_that_only_fails_in_flax_differs():
    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            y = dense(4)(x)
            if not self.is_initializing():
                raise RuntimeError("no luck")
            return y

    report = verify(hk.transform(lambda x: hk.Linear(4)(x)), Net(), X)
    detail = {c.name: c.detail for c in report.checks}["outputs"]
    assert "only the Flax program fails" in detail and "no luck" in detail
