"""Moving averages and spectral normalisation, of values and of whole trees."""

from tests.symbols.inputs import normal
from tests.symbols.proof import Proof

STEPS = ({"update": True}, {"update": True}, {"update": False}, {"update": True})
# A module's name and the names of its parameters; they are all that a regular expression sees.
TREE = "{'lin': {'w': w, 'b': b}, 'out': {'w': cube}}"
INPUTS = {"w": normal(4, 3), "cube": normal(2, 3, 3, seed=1), "b": normal(3, seed=2)}

PROOFS = {
    "haiku.ExponentialMovingAverage": Proof(
        helper=(
            "hk.ExponentialMovingAverage(0.9)(w)",
            "hk.ExponentialMovingAverage(0.9, name='mean')(number, update_stats=update)",
            "hk.ExponentialMovingAverage(decay=0.5, zero_debias=False)(cube)",
            "hk.ExponentialMovingAverage(jnp.asarray(0.9), True, 0)(w)",
            """
            average = hk.ExponentialMovingAverage(0.9)
            average.initialize((3,), jnp.float32)
            before = average.average
            return before, average(b), average.average
            """,
            """
            average = hk.ExponentialMovingAverage(0.9)
            return average(b), average(b + 1)
            """,
        ),
        single=("hk.ExponentialMovingAverage(0.5, False, warmup_length=2)(b, update)",),
        inputs=INPUTS,
        modes=STEPS,
    ),
    "haiku.EMAParamsTree": Proof(
        helper=(
            f"hk.EMAParamsTree(0.9)({TREE})",
            f"hk.EMAParamsTree(0.9, ignore_regex='.*/b$', name='mean')({TREE}, update)",
            f"hk.EMAParamsTree(decay=0.5, zero_debias=False)({TREE}, update_stats=update)",
        ),
        single=(f"hk.EMAParamsTree(0.5, False, warmup_length=2, ignore_regex='lin')({TREE})",),
        inputs=INPUTS,
        modes=STEPS,
    ),
    "haiku.SpectralNorm": Proof(
        helper=(
            "hk.SpectralNorm()(w)",
            "hk.SpectralNorm(eps=1e-2, n_steps=3, name='norm')(w, update_stats=update)",
            "hk.SpectralNorm(n_steps=2)(cube, update)",
            "hk.SpectralNorm()(w, error_on_non_matrix=True)",
            """
            norm = hk.SpectralNorm()
            return norm(w), norm.u0, norm.sigma
            """,
        ),
        inputs=INPUTS,
        modes=STEPS,
    ),
    "haiku.SNParamsTree": Proof(
        helper=(
            f"hk.SNParamsTree(ignore_regex='.*/b$')({TREE})",
            f"hk.SNParamsTree(1e-2, 2, '.*b', name='norms')({TREE}, update)",
            f"hk.SNParamsTree(n_steps=3, ignore_regex='lin/b')({TREE}, update_stats=update)",
            "hk.SNParamsTree(eps=0.1)({'out': {'w': w}})",
        ),
        inputs=INPUTS,
        modes=STEPS,
    ),
}
