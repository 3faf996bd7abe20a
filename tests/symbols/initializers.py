"""Initialisers: as arguments of layers and of get_parameter, for all ranks, with their own draws.

The first values of everything are compared under equal keys; large samples under keys of their
own are compared in `test_initial_distributions.py`.
"""

from __future__ import annotations

from tests.symbols.proof import Proof

INIT = "hk.initializers."


def kernels(*texts: str) -> tuple[str, ...]:
    """Kernels of two ranks, in layers that are plain linen where the initialiser is."""
    return tuple(
        f"hk.Linear(5, w_init={INIT}{text})(rows), hk.Conv2D(4, 3, w_init={INIT}{text})(image)"
        for text in texts
    )


def parameters(*texts: str, shapes: tuple = ((4, 3), (5,), (), (2, 3, 4))) -> tuple[str, ...]:
    """Parameters of all ranks, in the precision of the input."""
    return tuple(
        "[" + ", ".join(parameter(text, shape, "row.dtype") for shape in shapes) + "]"
        for text in texts
    )


def parameter(text: str, shape: tuple[int, ...], dtype: str) -> str:
    """One parameter; its name says what it is, because names are unique in a program."""
    name = "".join(c if c.isalnum() else "_" for c in f"{text}{shape}{dtype}")
    return f"hk.get_parameter('{name}', {shape}, {dtype}, {INIT}{text})"


def complex_parameter(text: str) -> str:
    """Without a gradient: what is complex is no sum to be made small."""
    return f"jnp.abs(jax.lax.stop_gradient({parameter(text, (4, 3), 'jnp.complex64')}))"


def called(text: str) -> tuple[str, ...]:
    """By hand, where Haiku draws the key itself."""
    return (
        f"{INIT}{text}((3, 2), jnp.float32)",
        f"""
        init = {INIT}{text}
        return init(shape=(2, 3), dtype=row.dtype)
        """,
    )


# A project of complex numbers has programs of its own: some initialisers of jax refuse them.
COMPLEX_NORMAL = Proof(
    real_draws=True,
    half=None,
    native=(complex_parameter("RandomNormal(2.0)"),),
    helper=(complex_parameter("RandomNormal(0.3, 1.0 + 2.0j)"),),
)
COMPLEX_TRUNCATED = Proof(
    real_draws=True,
    half=None,
    helper=(
        complex_parameter("TruncatedNormal(0.3, 1.0 + 2.0j)"),
        complex_parameter("TruncatedNormal(2.0)"),
    ),
)
COMPLEX_SCALED = Proof(
    real_draws=True,
    half=None,
    helper=(
        complex_parameter("VarianceScaling(distribution='normal')"),
        complex_parameter("VarianceScaling(2.0)"),
        "jnp.abs(hk.Linear(4, w_init=hk.initializers.VarianceScaling(2.0))"
        "(rows.astype(jnp.complex64)))",
    ),
)
MODES = ("fan_in", "fan_out", "fan_avg")
LAWS = ("truncated_normal", "normal", "uniform")

PROOFS = {
    "haiku.initializers.Constant": Proof(
        real_draws=True,
        native=kernels("Constant(2.5)", "Constant(constant=0)")
        + parameters(
            "Constant(-1)",
            "Constant(constant=True)",
            "Constant(np.arange(3.0))",
            shapes=((4, 3), (3,)),
        )
        + called("Constant(3.0)"),
    ),
    "haiku.initializers.Identity": Proof(
        real_draws=True,
        helper=(
            *kernels("Identity()"),
            *parameters("Identity(gain=0.5)", "Identity(2)", shapes=((3, 3), (2, 4, 3))),
            *called("Identity()"),
        ),
    ),
    "haiku.initializers.Orthogonal": Proof(
        real_draws=True,
        native=kernels("Orthogonal()", "Orthogonal(2.0)", "Orthogonal(scale=0.5, axis=0)"),
        helper=(
            *parameters("Orthogonal(axis=-2)", shapes=((3, 3), (3, 5), (5, 3), (2, 3, 4))),
            *called("Orthogonal()"),
        ),
        half=None,  # there is no QR decomposition of bfloat16
    ),
    "haiku.initializers.RandomNormal": Proof(
        more=(COMPLEX_NORMAL,),
        real_draws=True,
        native=kernels("RandomNormal()", "RandomNormal(stddev=0.02)", "RandomNormal(2, 0)")
        + parameters("RandomNormal(0.5)")
        + called("RandomNormal()"),
        helper=(
            *kernels("RandomNormal(0.1, mean=1.5)"),
            *parameters("RandomNormal(mean=-1)"),
            *parameters("RandomNormal(np.array([0.1, 2.0]), np.arange(2.0))", shapes=((4, 2),)),
        ),
    ),
    "haiku.initializers.RandomUniform": Proof(
        real_draws=True,
        native=kernels("RandomUniform()", "RandomUniform(maxval=3.0)", "RandomUniform(0, 0.5)")
        + called("RandomUniform()"),
        helper=(
            *kernels("RandomUniform(-0.3, 0.3)"),
            *parameters("RandomUniform(minval=1.0, maxval=2.0)"),
            *parameters(
                "RandomUniform(np.array([-1.0, 0.0]), np.array([1.0, 0.5]))", shapes=((4, 2),)
            ),
        ),
    ),
    "haiku.initializers.TruncatedNormal": Proof(
        real_draws=True,
        native=kernels(
            "TruncatedNormal()",
            "TruncatedNormal(stddev=0.02)",
            "TruncatedNormal(0.3, lower=-1.0, upper=1.5)",
        )
        + parameters("TruncatedNormal(0.3, 0.0)")
        + parameters(
            "TruncatedNormal(lower=np.array([-1.0, 0.0, 0.5]), upper=np.array([0.0, 2.0, 0.6]))",
            shapes=((4, 3),),
        )
        + called("TruncatedNormal()"),
        helper=(
            *kernels("TruncatedNormal(0.3, mean=1.0)"),
            *parameters("TruncatedNormal(mean=-0.5, lower=0.0, upper=3.0)"),
        ),
        more=(COMPLEX_TRUNCATED,),
    ),
    "haiku.initializers.UniformScaling": Proof(
        real_draws=True,
        native=kernels("UniformScaling()", "UniformScaling(scale=1.3)"),
        helper=(
            *parameters("UniformScaling()", shapes=((4, 3), (5,), (2, 3, 4))),
            *called("UniformScaling(2.0)"),
        ),
    ),
    "haiku.initializers.VarianceScaling": Proof(
        more=(COMPLEX_SCALED,),
        native=kernels(
            "VarianceScaling()",
            "VarianceScaling(2.0)",
            "VarianceScaling(scale=0.5, mode='fan_avg', distribution='uniform')",
            "VarianceScaling(1.0, 'fan_out', 'normal', None)",
        ),
        helper=(
            *kernels("VarianceScaling(fan_in_axes=(0,))"),
            *parameters(*(f"VarianceScaling(1.7, '{m}', '{d}')" for m in MODES for d in LAWS)),
            *parameters("VarianceScaling(fan_in_axes=[0, 2])", shapes=((2, 3), (2, 3, 4))),
            *called("VarianceScaling()"),
        ),
    ),
}
