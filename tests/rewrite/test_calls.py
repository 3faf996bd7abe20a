"""Calls of layers: arguments, layout, and the ways to name a layer without calling it."""

import pytest

from tests.sources import codes, rewrite


def exact(expression: str) -> str:
    """The last line of a file with this expression."""
    return rewrite(f"import haiku as hk\n\nx = 1\n\n{expression}\n").splitlines()[-1]


def linen(expression: str) -> str:
    found = rewrite(f"import haiku as hk\n\nx = 1\n\n{expression}\n", "linen")
    return found.partition("x = 1\n\n")[2].removesuffix("\n")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("hk.Linear(3)", "nn.Dense(3)"),
        ("hk.Linear(output_size=3)", "nn.Dense(features=3)"),
        ("hk.Linear(3, with_bias=True)", "nn.Dense(3, use_bias=True)"),
        ("hk.Linear(3, with_bias=False)", "nn.Dense(3, use_bias=False)"),
        ("hk.Linear(3, False)", "nn.Dense(3, use_bias=False)"),
        ("hk.Linear(3, True)", "nn.Dense(3, use_bias=True)"),
        ("hk.Linear(3, with_bias=x)", "nn.Dense(3, use_bias=x)"),
        ("hk.Linear(with_bias=False, output_size=3)", "nn.Dense(use_bias=False, features=3)"),
        ("hk.Linear(3, name='out')", "nn.Dense(3, name='out')"),
        ("hk.Linear(3, w_init=None)", "nn.Dense(3)"),
        ("hk.Linear(3,)", "nn.Dense(3,)"),
        ("hk.Linear(3, True,)", "nn.Dense(3, use_bias=True,)"),
        ("hk.Linear((3))", "nn.Dense((3))"),
        ("hk.Linear(3)(x)", "nn.Dense(3)(x)"),
        ("hk.Linear(3)((x))", "nn.Dense(3)((x))"),
        ("hk.Linear( 3 )", "nn.Dense( 3 )"),
        ("hk.Linear(\n    3,\n    w_init=None,\n)", "nn.Dense(\n    3,\n)"),
        (
            "hk.Linear(\n    3,  # out\n    with_bias=False,  # none\n)",
            "nn.Dense(\n    3,  # out\n    use_bias=False,  # none\n)",
        ),
        (
            "hk.Linear(\n    # the size\n    output_size=3,\n    # no bias\n    with_bias=False,\n)",
            "nn.Dense(\n    # the size\n    features=3,\n    # no bias\n    use_bias=False,\n)",
        ),
        ("hk.Linear(hk.Linear(3)(x).shape[0])", "nn.Dense(nn.Dense(3)(x).shape[0])"),
        ("f'{hk.Linear(3)}'", "f'{nn.Dense(3)}'"),
        ("[hk.Linear(n) for n in (1, 2)]", "[nn.Dense(n) for n in (1, 2)]"),
        ("hk.Conv2D(3, 3)", "nn.Conv(3, (3, 3))"),
        ("hk.Conv1D(3, 3, padding='VALID')", "nn.Conv(3, (3,), padding='VALID')"),
        ("hk.Conv2D(3, kernel_shape=(3, 1), stride=2)", "nn.Conv(3, kernel_size=(3, 1), strides=(2, 2))"),
        ("hk.Flatten()(x)", "Flatten()(x)"),
        ("(hk.Linear)(3)", "(nn.Dense)(3)"),
        ("hk.Linear (3)", "nn.Dense (3)"),
    ],
)  # fmt: skip
def test_plain_linen(source, expected):
    assert linen(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("hk.Linear(3)", "nn.Dense(3, kernel_init=default_kernel_init)"),
        ("hk.Linear(3,)", "nn.Dense(3, kernel_init=default_kernel_init,)"),
        (
            "hk.Linear(3, w_init=hk.initializers.Constant(1))",
            "nn.Dense(3, kernel_init=nn.initializers.constant(1))",
        ),
        ("hk.Linear(3, b_init=hk.initializers.Constant(1))", "nn.Dense(3, bias_init=nn.initializers.constant(1), kernel_init=default_kernel_init)"),
        (
            "hk.LayerNorm(-1, True, True)",
            "nn.LayerNorm(epsilon=1e-5, use_fast_variance=False)",
        ),
        ("hk.BatchNorm(True, True, 0.9)", "BatchNorm(True, True, 0.9)"),
    ],
)  # fmt: skip
def test_exact(source, expected):
    assert exact(source) == expected


def test_an_initialiser_that_is_known_to_be_there_needs_no_default():
    source = (
        "import haiku as hk\nINIT = hk.initializers.Constant(3)\nx = hk.Linear(3, w_init=INIT)\n"
    )
    assert "kernel_init=INIT)" in rewrite(source)


def test_an_initialiser_that_may_be_none_gets_the_default():
    source = "import haiku as hk\ndef f(init=None):\n    return hk.Linear(3, w_init=init)\n"
    assert "kernel_init=init or default_kernel_init)" in rewrite(source)


@pytest.mark.parametrize("arguments", ["*x", "3, *x", "**x", "3, **x"])
def test_star_arguments_take_the_helper(arguments):
    assert exact(f"hk.Linear({arguments})") == f"Linear({arguments})"


@pytest.mark.parametrize(
    "use",
    ["layer = hk.Linear", "layer = x or hk.Linear", "layers = [hk.Linear]", "f(layer=hk.Linear)"],
)
def test_bare_references_take_the_helper(use):
    assert exact(use) == use.replace("hk.Linear", "Linear")


def test_partials_take_the_helper():
    source = (
        "import functools\nimport haiku as hk\nD = functools.partial(hk.Linear, with_bias=False)\n"
    )
    assert rewrite(source).endswith("D = functools.partial(Linear, with_bias=False)\n")


def test_isinstance_knows_both_forms():
    assert exact("isinstance(x, hk.Linear)") == "isinstance(x, (nn.Dense, Linear))"
    assert exact("isinstance(x, hk.BatchNorm)") == "isinstance(x, BatchNorm)"
    assert exact("isinstance(x, hk.Module)") == "isinstance(x, nn.Module)"


def test_an_alias_of_a_layer():
    assert rewrite("from haiku import Linear as L\ny = L(3)\n", "linen").endswith(
        "y = nn.Dense(3)\n"
    )


def test_training_flags_are_turned_round():
    source = "hk.BatchNorm(True, True, 0.9)(x, is_training={})"
    assert linen(source.format("t")) == "nn.BatchNorm(momentum=0.9)(x, use_running_average=not t)"
    assert linen(source.format("True")) == (
        "nn.BatchNorm(momentum=0.9)(x, use_running_average=False)"
    )
    assert linen(source.format("not t")) == "nn.BatchNorm(momentum=0.9)(x, use_running_average=t)"
    assert linen(source.format("a and b")) == (
        "nn.BatchNorm(momentum=0.9)(x, use_running_average=not (a and b))"
    )


def test_nested_calls_keep_their_comments():
    source = "y = hk.Linear(\n    3  # out\n)(\n    hk.Linear(4)(x)  # inner\n)"
    expected = "y = nn.Dense(\n    3  # out\n)(\n    nn.Dense(4)(x)  # inner\n)"
    assert linen(source) == expected


def test_layout_of_a_call_over_lines_is_kept():
    source = """
    import haiku as hk

    y = hk.Conv2D(
        output_channels=3,
        kernel_shape=3,
        stride=2,
        padding="SAME",  # as in the paper
    )
    """
    assert rewrite(source).endswith("""
y = nn.Conv(
    features=3,
    kernel_size=(3, 3),
    strides=(2, 2),
    padding="SAME",  # as in the paper
    kernel_init=default_kernel_init,
)
""")


@pytest.mark.parametrize(
    "source",
    [
        "import torch.nn as nn\n# haiku\nx = nn.Linear(3)\n",
        "from other import Linear\nhaiku = 3\nx = Linear(3)\n",
        "import other as hk\nx = hk.Linear(3)  # not haiku\n",
        "def f(hk):\n    return hk.Linear(3)  # haiku\n",
        "class haiku:\n    Linear = 3\nx = haiku.Linear\n",
    ],
)
def test_other_libraries_are_left_alone(source):
    assert rewrite(source) == source


def test_unknown_names_are_said():
    assert codes("import haiku as hk\nhk.no_such_thing(3)\n") == ["HK101"]
    assert codes("import haiku as hk\nx = hk.no_such_thing\n") == ["HK101"]
    assert codes("import haiku as hk\n@hk.no_such_thing\ndef f(): pass\n") == ["HK101"]
    assert codes("import haiku as hk\nx = hk.nets.NoSuchNet([3])\n") == ["HK101"]
