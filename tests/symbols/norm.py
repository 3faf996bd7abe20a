"""Normalisation."""

import numpy as np

from tests.symbols.inputs import normal
from tests.symbols.proof import Proof

X = normal(3, 4, 2, 6) * 2 + np.float32(0.7)
INPUTS = {
    "x": X,
    "first": np.moveaxis(X, -1, 1),
    "scale": normal(6, seed=1),
    "offset": normal(6, seed=2),
    "shifted": normal(3, 4, 2, 6, seed=3) + 30,
}
BOTH = "create_scale=True, create_offset=True"
ORDER = (
    "linen multiplies the inverse deviation by the scale before the input, Haiku the input "
    "first: two roundings in another order"
)
TRAINING = ({"is_training": True}, {"is_training": True}, {"is_training": False})

PROOFS = {
    "haiku.LayerNorm": Proof(
        native=(
            "hk.LayerNorm(-1, True, True)(x)",
            f"hk.LayerNorm(axis=-1, {BOTH}, name='norm')(x)",
            "hk.LayerNorm(-1, True, False, eps=1e-2)(x)",
            "hk.LayerNorm(-1, False, True, param_axis=-1, offset_init=jnp.ones)(x)",
            "hk.LayerNorm(1, False, False)(x)",
            f"hk.LayerNorm((1, 2), {BOTH}, param_axis=-1)(x)",
            f"hk.LayerNorm([-2, -1], {BOTH}, scale_init=hk.initializers.Constant(2.0),"
            " param_axis=(-1,))(x)",
            "hk.LayerNorm(-1, True, True, use_fast_variance=True)(x)",
            "hk.LayerNorm(-1, True, True)(shifted)",
            "hk.LayerNorm(-1, True, True)(row)",
        ),
        helper=(
            "hk.LayerNorm(slice(1, None), True, True)(x)",
            "hk.LayerNorm(slice(-2, None), True, True, param_axis=-1)(x)",
            "hk.LayerNorm((1, 2), True, True, param_axis=(1, 2))(x)",
            "hk.LayerNorm(2, True, True, param_axis=1)(x)",
            "hk.LayerNorm([-1, -3], True, True, param_axis=[-1, 1])(x)",
            "hk.LayerNorm(slice(1, None), True, True, param_axis=slice(1, None))(x)",
            "hk.LayerNorm(-1, False, False)(x, scale, offset)",
            "hk.LayerNorm(-1, False, True)(x, scale=2.0)",
            "hk.LayerNorm(0, True, False)(x, offset=offset)",
            """
            axis, last = (1, 2), -1
            return hk.LayerNorm(axis, True, True, param_axis=last)(x)
            """,
        ),
        inputs=INPUTS,
        tolerance=2e-6,
        gradient=2e-5,
        why=ORDER,
    ),
    "haiku.InstanceNorm": Proof(
        native=(
            "hk.InstanceNorm(True, True)(x)",
            f"hk.InstanceNorm({BOTH}, eps=1e-2, name='norm')(x)",
            "hk.InstanceNorm(False, False)(sequence)",
            "hk.InstanceNorm(True, True, scale_init=jnp.ones, data_format='NHWC')(x)",
            "hk.InstanceNorm(False, True, offset_init=jnp.ones, data_format='NCHW')(first)",
            "hk.InstanceNorm(True, True, data_format='channels_first')(first)",
            "hk.InstanceNorm(True, True)(shifted)",
        ),
        helper=(
            "hk.InstanceNorm(False, False)(x, scale, offset)",
            "hk.InstanceNorm(False, True)(x, scale=scale)",
            "hk.InstanceNorm(True, False)(x, offset=1.0)",
        ),
        inputs=INPUTS,
        tolerance=2e-6,
        gradient=2e-5,
        why=ORDER,
    ),
    "haiku.GroupNorm": Proof(
        native=(
            "hk.GroupNorm(3)(x)",
            "hk.GroupNorm(groups=2, create_scale=False, eps=1e-2, name='norm')(x)",
            "hk.GroupNorm(6, create_offset=False, scale_init=jnp.zeros)(sequence)",
            "hk.GroupNorm(1, offset_init=hk.initializers.RandomNormal(), data_format='NHWC')(x)",
            "hk.GroupNorm(3)(shifted)",
            "hk.GroupNorm(2)(rows)",
        ),
        helper=(
            "hk.GroupNorm(3, axis=(1, 2))(x)",
            "hk.GroupNorm(3, slice(2, None))(x)",
            """
            axis = (1, 2)
            return hk.GroupNorm(3, axis=axis)(x)
            """,
            "hk.GroupNorm(3, axis=3)(x)",
            "hk.GroupNorm(3, axis=[1, -2])(x)",
            "hk.GroupNorm(3, data_format='NCHW')(first)",
            "hk.GroupNorm(2, data_format='channels_first', create_scale=False)(first)",
            "hk.GroupNorm(2, create_scale=False, create_offset=False)(x, scale, offset)",
            "hk.GroupNorm(2, create_offset=False)(x, offset=offset)",
        ),
        inputs=INPUTS,
        tolerance=2e-6,
        gradient=2e-5,
        why=ORDER,
    ),
    "haiku.RMSNorm": Proof(
        native=(
            "hk.RMSNorm(-1)(x)",
            "hk.RMSNorm(axis=(1, 2), eps=1e-2, param_axis=-1, name='norm')(x)",
            "hk.RMSNorm([-1], create_scale=False)(x)",
            "hk.RMSNorm(-1, scale_init=hk.initializers.Constant(3.0))(shifted)",
        ),
        helper=(
            "hk.RMSNorm((1, 2), param_axis=(1, 2))(x)",
            "hk.RMSNorm(slice(1, None))(x)",
            "hk.RMSNorm([-1, -2], param_axis=1)(x)",
            "hk.RMSNorm(slice(-1, None), param_axis=slice(2, None))(x)",
        ),
        inputs=INPUTS,
        tolerance=2e-6,
        gradient=2e-5,
        why=ORDER,
    ),
    "haiku.BatchNorm": Proof(
        helper=(
            "hk.BatchNorm(True, True, 0.9)(x, is_training)",
            f"hk.BatchNorm({BOTH}, decay_rate=0.99, eps=1e-2, name='norm')(x, is_training)",
            "hk.BatchNorm(False, True, 0.9, offset_init=jnp.ones)(x, is_training)",
            "hk.BatchNorm(True, False, 0.9, scale_init=jnp.zeros)(rows, is_training)",
            "hk.BatchNorm(True, True, 0.9, data_format='NCHW')(first, is_training)",
            "hk.BatchNorm(True, True, 0.9, data_format='channels_first')(first, is_training)",
            "hk.BatchNorm(True, True, 0.9, axis=[0])(x, is_training)",
            "hk.BatchNorm(True, True, 0.9, axis=(0, 1))(x, is_training)",
            "hk.BatchNorm(True, True, 0.9, axis=[0, -2])(x, is_training)",
            "hk.BatchNorm(False, False, 0.9)(x, is_training, scale=scale, offset=offset)",
            "hk.BatchNorm(True, True, 0.9)(x, is_training, test_local_stats=True)",
            "hk.BatchNorm(True, True, 0.9)(x, is_training=is_training, test_local_stats=False)",
            "hk.BatchNorm(True, True, 0.9)(0 * x + 12345.6, is_training)",
            """
            norm = hk.BatchNorm(True, True, 0.5)
            return norm(x, is_training), norm(shifted, is_training)
            """,
            """
            norm = hk.BatchNorm(True, True, 0.9, cross_replica_axis='i')
            return hk.vmap(lambda row: norm(row, is_training), axis_name='i', split_rng=False)(x)
            """,
            """
            norm = hk.BatchNorm(True, True, 0.9, cross_replica_axis=('i', 'j'))
            def run(row):
                return norm(row, is_training)
            inner = hk.vmap(run, axis_name='j', split_rng=False)
            return hk.vmap(inner, axis_name='i', split_rng=False)(x)
            """,
        ),
        inputs=INPUTS,
        modes=TRAINING,
    ),
}
