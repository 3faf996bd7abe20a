"""Projects with hooks on variables, or with policies: which layers, initialisers, diagnostics."""

import pytest

from tests.sources import codes, diagnostics, rewrite

HEAD = "import haiku as hk\nimport jax.numpy as jnp\n\n\n"
GETTER = "def getter(following, value, context):\n    return following({})\n\n\n"
FORWARD = "def forward(x):\n    with hk.custom_getter(getter):\n        return hk.Linear(3)(x)\n"


def creator(body: str, head: str = "next_creator, shape, dtype, init, context") -> str:
    """The body of a creator after the rewrite."""
    source = f"{HEAD}def make({head}):\n{body}\n\n\ndef forward(x):\n"
    source += "    with hk.custom_creator(make):\n        return hk.Linear(3)(x)\n"
    found = rewrite(source)
    return found.partition(f"({head}):\n")[2].partition("\n\n\n")[0]


@pytest.mark.parametrize("prefer", ["exact", "linen"])
def test_layers_are_helpers(prefer):
    found = rewrite(HEAD + GETTER.format("value") + FORWARD, prefer)
    assert "nn.Dense" not in found
    assert "return Linear(3)(x)" in found
    assert "with custom_getter(getter):" in found
    assert codes(HEAD + GETTER.format("value") + FORWARD) == []


@pytest.mark.parametrize(
    "use",
    [
        "hk.mixed_precision.set_policy(Net, p)",
        "with hk.mixed_precision.push_policy(Net, p): pass",
        "from haiku.experimental import custom_getter as cg; cg(f)",
        "hooks = [hk.custom_setter]",
    ],
)
def test_what_makes_them_helpers(use):
    assert "y = Linear(3)" in rewrite(f"{HEAD}y = hk.Linear(3)\n{use}\n")


def test_reading_a_policy_does_not():
    assert "y = nn.Dense(3" in rewrite(f"{HEAD}y = hk.Linear(3)\nz = hk.current_name()\n")


def test_a_stack_of_blocks_keeps_its_helper():
    block = (
        "class Block(hk.Module):\n    def __call__(self, x):\n        return hk.Linear(3)(x)\n\n\n"
    )
    net = (
        "class Net(hk.Module):\n    def __call__(self, x):\n"
        "        @hk.layer_stack(2)\n        def stack(x):\n            return Block()(x)\n"
        "        return stack(x)\n\n\n"
    )
    assert "nn.scan" in rewrite(HEAD + block + net)
    found = rewrite(HEAD + block + net + GETTER.format("value") + FORWARD)
    assert "nn.scan" not in found
    assert "@layer_stack(2)" in found


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        ("init", "init"),
        ("jnp.zeros", "nn.initializers.zeros"),
        ("hk.initializers.Constant(0.5)", "nn.initializers.constant(0.5)"),
        ("context.original_init", "context.original_init"),
        ("None or jnp.ones", "None or nn.initializers.ones"),
    ],
)
def test_what_creators_pass_on(passed, expected):
    body = "    return next_creator(shape, dtype, {})"
    assert creator(body.format(passed)) == body.format(expected)


def test_a_creator_that_wraps_its_initialiser():
    """It is called with a key, which the lambda has to hand on."""
    body = creator("    return next_creator(shape, dtype, lambda s, d: init(s, d) * 2)")
    assert "drawing_initializer(lambda s, d: init(next_rng_key(), s, d) * 2)" in body


def test_a_creator_with_another_name_for_its_initialiser():
    body = "    init = jnp.zeros\n    return next_creator(shape, dtype, init)"
    assert creator(body) == body.replace("jnp.zeros", "nn.initializers.zeros")


def test_a_creator_that_runs_its_initialiser():
    body = "    return init(shape, dtype) + context.original_init(shape, dtype)"
    assert creator(body) == body


def test_a_creator_with_more_parameters():
    body = "    return next_creator(shape, dtype, lambda s, d: jnp.full(s, 0.5, d))"
    head = "self, factor, next_creator, shape, dtype, init, context"
    assert creator(body, head) == body.replace("lambda s", "lambda key, s")


@pytest.mark.parametrize(
    "use", ["context.full_name[:4] * value", "value if 'l' in context.module_name else -value"]
)
def test_paths_are_reported(use):
    (found,) = diagnostics(HEAD + GETTER.format(use) + FORWARD)
    assert found.code == "HK201"
    assert "is a path of the Flax tree" in found.message


def test_modules_are_reported():
    (found,) = diagnostics(HEAD + GETTER.format("value * context.module.size") + FORWARD)
    assert found.code == "HK201"
    assert "is a linen module" in found.message


@pytest.mark.parametrize(
    "use",
    [
        "value * isinstance(context.module, hk.Linear)",
        "value * len(context.name + str(context.original_dtype))",
        "value.reshape(context.original_shape)",
    ],
)
def test_what_is_the_same_is_not(use):
    assert codes(HEAD + GETTER.format(use) + FORWARD) == []


@pytest.mark.parametrize(
    "layer", ["hk.Sequential([f])", "hk.AvgPool(2, 2, 'SAME')", "hk.Flatten()"]
)
def test_a_class_with_a_policy_is_the_class_that_is_used(layer):
    name = layer[3:].partition("(")[0]
    source = f"{HEAD}y = {layer}\nhk.mixed_precision.set_policy(hk.{name}, p)\n"
    found = rewrite(source)
    assert f"y = {layer[3:]}\nset_policy({name}, p)\n" in found


def test_a_transparent_method_is_marked_where_policies_would_reach_it():
    net = (
        "class Net(hk.Module):\n    def __call__(self, x):\n        return self.f(x)\n\n"
        "    @hk.transparent\n    def f(self, x):\n        return hk.Linear(3)(x)\n\n\n"
    )
    assert "transparent" not in rewrite(HEAD + net)
    found = rewrite(HEAD + net + "hk.mixed_precision.set_policy(Net, p)\n")
    assert "    @transparent\n" in found


def test_a_comment_inside_of_a_function_that_becomes_a_class():
    source = f"""{HEAD}def forward(x):
    def getter(following, value, context):
        return following(context.full_name)

    with hk.custom_getter(getter):
        return hk.Linear(3)(x)


net = hk.transform(forward)
params = net.init(key, x)
"""
    lines = rewrite(source).splitlines()
    at = next(n for n, line in enumerate(lines) if "TODO(hk2flax)" in line)
    assert lines[at + 1] == "            return following(context.full_name)"
    assert "class Forward(nn.Module):" in lines


def test_parameters_that_may_all_be_kept_out():
    source = f"""{HEAD}def keep_out(next_creator, shape, dtype, init, context):
    return hk.DO_NOT_STORE


def forward(x):
    with hk.custom_creator(keep_out), hk.custom_getter(lambda g, v, c: jnp.ones(c.original_shape)):
        return hk.Linear(3)(x)


net = hk.transform(forward)
params = net.init(key, x)
"""
    assert 'params = net.init(key, x).get("params", {})' in rewrite(source)
