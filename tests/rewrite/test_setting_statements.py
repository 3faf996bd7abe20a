"""Settings of Haiku's own machinery: what goes, what is remembered, what is left."""

import pytest

from tests.sources import codes, rewrite


@pytest.mark.parametrize(
    "statement",
    [
        "hk.config.set(check_jax_usage=True)",
        "hk.config.set(module_auto_repr=flag, restore_flatmap=flag)  # why",
        "hk.config.set()",
        "hk.experimental.check_jax_usage()",
        "hk.experimental.module_auto_repr(False)",
        "hk.experimental.module_auto_repr(enabled=flag)",
        "hk.experimental.profiler_name_scopes(True)",
    ],
)
def test_statements_that_go(statement):
    source = f"import haiku as hk\n\nflag = 1\n\n{statement}\n\nx = 2\n"
    assert rewrite(source).lstrip() == "flag = 1\n\nx = 2\n"
    assert codes(source) == ["HK303"]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("hk.config.set(rng_reserve_size=2)", "config.set(rng_reserve_size=2)"),
        ("hk.config.set(check_usage=True)", "config.set(check_usage=True)"),
        ("hk.config.set(True)", "config.set(True)"),
        ("hk.config.set(**flags)", "config.set(**flags)"),
        ("hk.config.set(check_jax_usage=f())", "config.set(check_jax_usage=f())"),
        ("hk.experimental.module_auto_repr()", "module_auto_repr()"),
        ("hk.experimental.rng_reserve_size(2)", "rng_reserve_size(2)"),
        ("old = hk.experimental.check_jax_usage(True)", "old = check_jax_usage(True)"),
        ("f(hk.experimental.module_auto_repr)", "f(module_auto_repr)"),
        ("with hk.config.context(check_jax_usage=True): f()",
         "with config.context(check_jax_usage=True): f()"),
    ],
)  # fmt: skip
def test_what_has_an_effect_takes_the_helper(statement, expected):
    source = f"import haiku as hk\n\nx = 1\n\n{statement}\n"
    assert rewrite(source).splitlines()[-1] == expected
    assert codes(source) == []


def test_nothing_goes_where_a_former_setting_is_read():
    other = "import haiku as hk\n\n\ndef f():\n    return hk.experimental.check_jax_usage(False)\n"
    source = "import haiku as hk\n\nhk.experimental.check_jax_usage(True)\n"
    assert "check_jax_usage(True)" in rewrite(source, other=other)
    assert "check_jax_usage(True)" not in rewrite(source)


def test_blocks_and_shared_lines():
    source = """
    import haiku as hk

    def f(x):
        if x:
            hk.config.set(check_jax_usage=True)
        else:
            hk.config.set(check_jax_usage=False); print(x)
        try:
            print(x); hk.config.set(module_auto_repr=False)
        finally:
            hk.config.set(module_auto_repr=True)
    """
    expected = """
def f(x):
    if x:
        pass
    else:
        print(x)
    try:
        print(x)
    finally:
        pass
"""
    assert rewrite(source).lstrip("\n") == expected.lstrip("\n")


OPTIMISED = """
import haiku as hk

@hk.experimental.optimize_rng_use
def f(x):
    return hk.Flatten()(x)

g = hk.experimental.optimize_rng_use(f)
h = map(hk.experimental.optimize_rng_use, [f])
"""


def test_functions_that_draw_keys_stay_by_themselves():
    new = rewrite(OPTIMISED)
    assert "\n\ndef f(x):" in new
    assert new.endswith("g = f\nh = map(optimize_rng_use, [f])\n")
    assert codes(OPTIMISED) == []


@pytest.mark.parametrize(
    "use", ["with hk.with_rng(1): pass", "state = hk.maybe_get_rng_sequence_state()"]
)
def test_keys_of_a_sequence_depend_on_how_they_are_split(use):
    source = f"{OPTIMISED}{use}\n"
    assert "@hk.experimental.optimize_rng_use" in rewrite(source)
    assert codes(source) == ["HK101"] * 3
