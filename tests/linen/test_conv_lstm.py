import jax
import jax.numpy as jnp
import pytest
from haiku_reference import check, ours, randomize, rnd

SPACE = {1: (4,), 2: (3, 2), 3: (2, 2, 2)}


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_step(n, dtype):
    def build(lib):
        return getattr(lib, f"Conv{n}DLSTM")(SPACE[n], 3, 2)

    state = jax.tree.map(lambda leaf: leaf.astype(dtype), build(ours).initial_state(2))
    check(build, rnd(2, *SPACE[n], 2, dtype=dtype), randomize(state), grads=n == 1)


def test_without_batch():
    core = ours.Conv2DLSTM(SPACE[2], 3, (2, 1))

    def build(lib):
        return lib.Conv2DLSTM(SPACE[2], 3, (2, 1))

    check(build, rnd(*SPACE[2], 2), core.initial_state(None), grads=False)
