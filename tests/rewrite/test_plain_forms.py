"""The plain Flax that the catalog promises for names which the rewriter handles itself."""

import pytest

from hk2flax.catalog import SYMBOLS
from tests.sources import rewrite_files

HEAD = "import haiku as hk\nimport jax\nimport jax.numpy as jnp\n\n\n"
MODULE = HEAD + "class Net(hk.Module):\n    def __call__(self, x):\n        {}\n        return x\n"
TRANSFORM = MODULE.format("x = hk.Linear(3)(x)") + (
    "\n\nnet = hk.{}(lambda x: Net()(x))\n{} = net.init(jax.random.PRNGKey(0), jnp.ones((1, 2)))\n"
)
STACK = (
    "\n\nclass Tower(hk.Module):\n    def __call__(self, x):\n"
    "        @hk.layer_stack(3)\n        def block(x):\n            return Net()(x)\n\n"
    "        return block(x)\n"
)
CELL = (
    "\n\nclass Cell(hk.Module):\n    def __call__(self, carry, x):\n"
    "        carry = jnp.tanh(hk.Linear(3)(carry) + x)\n        return carry, carry\n\n\n"
    "class Steps(hk.Module):\n    def __call__(self, carry, xs):\n"
    "        return hk.scan(Cell(), carry, xs)\n"
)
PROGRAMS = {
    "haiku.get_parameter": MODULE.format("x = x * hk.get_parameter('g', (3,), init=jnp.ones)"),
    "haiku.get_state": MODULE.format(
        "n = hk.get_state('n', (), jnp.int32, init=jnp.zeros)\n        hk.set_state('n', n + 1)"
    ),
    "haiku.next_rng_key": MODULE.format("x = x + jax.random.normal(hk.next_rng_key(), x.shape)"),
    "haiku.dropout": MODULE.format("x = hk.dropout(hk.next_rng_key(), 0.5, x)"),
    "haiku.scan": HEAD + CELL,
    "haiku.layer_stack": MODULE.format("x = x + hk.Linear(3)(x)") + STACK,
    "haiku.transform": TRANSFORM.format("transform", "params"),
    "haiku.transform_with_state": TRANSFORM.format("transform_with_state", "params, state"),
    "haiku.transparent": MODULE.format("x = self.inner(x)")
    + "\n    @hk.transparent\n    def inner(self, x):\n        return hk.Linear(3)(x)\n",
}
PROGRAMS["haiku.set_state"] = PROGRAMS["haiku.get_state"]


def test_every_promise_is_kept_here():
    assert set(PROGRAMS) == {symbol.name for symbol in SYMBOLS.values() if symbol.plain}


@pytest.mark.parametrize("name", PROGRAMS)
def test_plain_form_is_written(name):
    (file,) = (f for f in rewrite_files({"m.py": PROGRAMS[name]}).files if f.changed)
    assert file.counts.get((name, "native")), file.text
    assert not file.counts.get((name, "helper"))
