"""Control flow and transformations of jax over modules.

The keys are constant: the two sides draw other numbers of keys in loops.
"""

from __future__ import annotations

import numpy as np

from tests.symbols.inputs import normal
from tests.symbols.proof import Proof

INPUTS = {"x": normal(2, 3), "xs": normal(5, 2, 3, seed=1), "index": np.int32(1)}
# A layer with state and, if wanted, noise; it makes 3 features of any number.
CELL = """
class Cell(hk.Module):
    def __init__(self, noisy=False, name=None):
        super().__init__(name=name)
        self.noisy = noisy

    def __call__(self, x):
        count = hk.get_state('count', [], init=jnp.zeros)
        hk.set_state('count', count + 1)
        x = jnp.tanh(hk.Linear(3)(x)) * (1 + count).astype(x.dtype)
        if self.noisy:
            x = x + jax.random.normal(hk.next_rng_key(), x.shape, x.dtype)
        return x
"""


NAMES = """
class Names(hk.LayerStackTransparencyMapping):
    def stacked_to_flat(self, stacked_module_name, scan_idx):
        return stacked_module_name.replace('flat', f'flat_{scan_idx}')

    def flat_to_stacked(self, unstacked_module_name):
        name, _, number = unstacked_module_name.rpartition('_')
        return (name, int(number)) if name.endswith('flat') else None
"""


def cases(*sources: str, before: str = CELL, **more) -> Proof:
    return Proof(helper=sources, before=before, inputs=INPUTS, keys="constant", **more)


PROOFS = {
    "haiku.scan": cases(
        """
        cell = Cell()
        return hk.scan(lambda c, x: (cell(c + x), c), x, xs)
        """,
        """
        cell = Cell(noisy=True)
        return hk.scan(f=lambda c, x: (c + cell(x), {'c': c}), init=x, xs=xs, reverse=True)
        """,
        """
        linear = hk.Linear(3)
        def step(carry, _):
            y, n = carry
            return (jnp.tanh(linear(y)), n + 1), y.sum()
        return hk.scan(step, (x, 0), None, length=4, unroll=2)
        """,
        "hk.scan(lambda c, x: (c + x, None), x, xs, 5, False, 5)",
    ),
    "haiku.map": cases(
        """
        cell = Cell()
        return hk.map(cell, xs)
        """,
        "hk.map(f=lambda x: {'y': 2 * x}, xs=xs)",
        "hk.map(jnp.sin, x)",
    ),
    "haiku.fori_loop": cases(
        """
        cell = Cell()
        return hk.fori_loop(0, 3, lambda i, y: cell(y) + jnp.asarray(i, y.dtype), x)
        """,
        """
        linear = hk.Linear(3)
        return hk.fori_loop(lower=index, upper=index + 3, body_fun=lambda i, y: linear(y),
                            init_val=x)
        """,
        "hk.fori_loop(2, 2, lambda i, y: 2 * y, x + 1)",
        gradients=False,
    ),
    "haiku.while_loop": cases(
        """
        linear = hk.Linear(3)
        if hk.running_init():
            return linear(x), jnp.int32(0)
        return hk.while_loop(lambda s: s[1] < 4, lambda s: (linear(s[0]), s[1] + 1), (x, index))
        """,
        """
        cell = Cell()
        if hk.running_init():
            return cell(x)
        return hk.while_loop(cond_fun=lambda y: y.sum() < 100, body_fun=lambda y: y + cell(x) ** 2,
                             init_val=x + 1)
        """,
        gradients=False,
    ),
    "haiku.cond": cases(
        """
        left, right = hk.Linear(3), hk.Linear(3)
        if hk.running_init():
            return left(x) + right(x)
        return hk.cond(index > 0, left, right, x)
        """,
        """
        cell = Cell()
        cell(x)
        return hk.cond(index > 1, lambda y: cell(y), lambda y: cell(cell(y)), x)
        """,
        "hk.cond(index > 0, lambda a, b: a + b, lambda a, b: a - b, x, 2 * x)",
        "hk.cond(index > 0, x, lambda a: a + 1, 2 * x, lambda b: b - 1)",
        "hk.cond(index > 1, lambda a: a + 1, lambda a: a - 1, operand=x)",
        "hk.cond(pred=index < 1, true_fun=lambda: x, false_fun=lambda: 2 * x)",
    ),
    "haiku.switch": cases(
        """
        layers = [hk.Linear(3), hk.Linear(3), jnp.tanh]
        if hk.running_init():
            return layers[0](x) + layers[1](x)
        return hk.switch(index, layers, x), hk.switch(index + 5, layers, x)
        """,
        """
        cell = Cell()
        cell(x)
        return hk.switch(index - 1, (lambda y, k: cell(y) * k, lambda y, k: k * y), x, 2.0)
        """,
        "hk.switch(index - 9, [lambda: x, lambda: 2 * x])",
    ),
    "haiku.grad": cases(
        """
        cell = Cell()
        return hk.grad(lambda y: (cell(y) ** 2).sum())(x)
        """,
        """
        linear = hk.Linear(1)
        def loss(a, b):
            y = linear(a * b)
            return y.sum(), {'y': y}
        return hk.grad(fun=loss, argnums=(0, 1), has_aux=True)(x, x + 1)
        """,
        "hk.grad(lambda a, b: (a * b ** 2).sum(), 1)(x, 3 * x)",
        "jnp.abs(hk.grad(lambda z: z ** 2, holomorphic=True)(jnp.complex64(1 + 2j)))",
    ),
    "haiku.value_and_grad": cases(
        """
        cell = Cell()
        return hk.value_and_grad(lambda y: (cell(y) ** 2).sum())(x)
        """,
        """
        linear = hk.Linear(1)
        def loss(a, b):
            y = linear(a * b)
            return y.sum(), {'y': y}
        return hk.value_and_grad(fun=loss, argnums=1, has_aux=True)(x, x + 1)
        """,
        """
        value, slope = hk.value_and_grad(lambda z: z ** 2, holomorphic=True)(jnp.complex64(1 + 2j))
        return jnp.abs(value), jnp.abs(slope)
        """,
    ),
    "haiku.vmap": cases(
        """
        linear = hk.Linear(3)
        return hk.vmap(linear, split_rng=False)(xs)
        """,
        """
        linear = hk.Linear(3)
        return hk.vmap(fun=lambda a, b: linear(a) + b, in_axes=(0, None), out_axes=1,
                       axis_size=5, split_rng=False)(xs, x)
        """,
        """
        def shared(y):
            return y - jax.lax.pmean(hk.Linear(3)(y), 'batch')
        return hk.vmap(shared, axis_name='batch', split_rng=False)(xs)
        """,
        """
        def noisy(y):
            return y + jax.random.normal(hk.next_rng_key(), y.shape, y.dtype)
        return hk.vmap(noisy, spmd_axis_name='data', split_rng=not hk.running_init())(xs)
        """,
    ),
    "haiku.remat": cases(
        """
        cell = Cell()
        return hk.remat(cell)(x)
        """,
        """
        linear = hk.Linear(3)
        policy = jax.checkpoint_policies.dots_saveable
        return hk.remat(fun=lambda y, k: jnp.sin(linear(y)) * k, policy=policy, prevent_cse=False,
                        static_argnums=(1,))(x, 2)
        """,
    ),
    "haiku.eval_shape": cases(
        """
        linear = hk.Linear(3)
        linear(x)
        shape = hk.eval_shape(linear, x)
        return shape.shape, str(shape.dtype)
        """,
        "hk.eval_shape(jnp.sin, x).shape",
        """
        cell = Cell()
        cell(x)
        return hk.eval_shape(lambda a, *, b: {'y': cell(a) + b}, x, b=x)['y'].shape
        """,
    ),
    "haiku.layer_stack": cases(
        """
        return hk.layer_stack(3)(lambda y: jnp.tanh(hk.Linear(3)(y)))(x)
        """,
        """
        @hk.layer_stack(num_layers=5, with_per_layer_inputs=True, unroll=2, name='stack')
        def block(y, each):
            y = y + hk.Linear(3)(each)
            return y, y.sum()
        return block(x, xs)
        """,
        """
        @hk.layer_stack(3, pass_reverse_to_layer_fn=True, name='both')
        def block(y, reverse=False):
            return hk.Linear(3)(y)
        return block(x), block(x, reverse=True)
        """,
        """
        def block(y):
            return jnp.tanh(hk.Linear(3, name='flat')(y))
        return hk.layer_stack(2, transparent=True, transparency_map=Names())(block)(x)
        """,
        before=NAMES,
    ),
}
