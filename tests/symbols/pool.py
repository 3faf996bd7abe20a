"""Pooling."""

from tests.symbols.inputs import normal
from tests.symbols.proof import Proof

INPUTS = {"x": normal(2, 5, 6, 3)}
AVERAGE = "linen divides by the number of values where Haiku does: a product instead in places"

# Windows, strides, padding (and channel axis) that plain linen can say.
PLAIN = (
    "(1, 3, 2, 1), (1, 2, 1, 1), 'SAME'",
    "(3, 2, 1), (2, 2, 1), 'VALID'",
    "window_shape=(2, 2, 1), strides=(2, 1, 1), padding='SAME', channel_axis=None",
    "(3, 2, 1), 1, 'VALID'",
    "[2, 1], [2, 1], 'SAME'",
    "(2, 2, 1), (1, 1, 2, 1), 'VALID', -1",
)
# The others: numbers stand for every dimension but the first and the channels.
MORE = (
    "3, 2, 'SAME'",
    "2, 2, 'VALID', 1",
    "2, 1, 'SAME', None",
    "2, (2, 1, 1), padding='VALID', channel_axis=3",
    "(3, 2, 1), 2, 'SAME'",
    "(2, 2, 2, 3), (1, 2, 2, 1), 'SAME'",
    "(2, 3), (1, 2), 'SAME', channel_axis=1",
    "tuple([2, 2, 1]), (1, 1, 1), 'SAME'",
    "(2, 2, 1), 1, str('VALID')",
)
UNBATCHED = "x[0], (3, 2, 1), (2, 1, 1), 'SAME'"


def function(name: str, **more) -> Proof:
    return Proof(
        native=(*(f"hk.{name}(x, {each})" for each in PLAIN), f"hk.{name}({UNBATCHED})"),
        helper=(
            *(f"hk.{name}(x, {each})" for each in MORE),
            f"hk.{name}(value=x, window_shape=(2, 2), strides=1, padding='SAME')",
        ),
        inputs=INPUTS,
        **more,
    )


def layer(name: str) -> Proof:
    cases = [f"hk.{name}({each})(x)" for each in (*PLAIN, *MORE)]
    return Proof(helper=(*cases, f"hk.{name}(2, 2, 'SAME', name='pool')(value=x)"), inputs=INPUTS)


PROOFS = {
    "haiku.max_pool": function("max_pool"),
    "haiku.avg_pool": function("avg_pool"),
    "haiku.MaxPool": layer("MaxPool"),
    "haiku.AvgPool": layer("AvgPool"),
}
