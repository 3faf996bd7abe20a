"""The converters one by one, `expand`, and that importing the catalog stays light."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from hk2flax.catalog import lookup
from hk2flax.catalog.convert import (
    conv_padding,
    init_or,
    negated,
    omit_if,
    only,
    parenthesised,
    sizes,
    sizes_or_text,
    squared,
    transpose_padding,
)
from hk2flax.catalog.definitions import expand
from hk2flax.catalog.model import OMIT, Value
from hk2flax.catalog.signatures import literal


def value(text: str) -> Value:
    return Value(text, literal(ast.parse(f"({text}\n)", mode="eval").body))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("None", OMIT),
        ("init", "init or D"),
        ("self.init", "self.init or D"),
        ("a or b", "a or b or D"),
        ("a if c else b", "(a if c else b) or D"),
        ("make(1)", "make(1)"),
        ("nn.initializers.zeros", "nn.initializers.zeros"),
        ("jax.nn.initializers.ones", "jax.nn.initializers.ones"),
        ("lambda key, shape, dtype: 0", "lambda key, shape, dtype: 0"),
        ("jnp.zeros", "nn.initializers.zeros"),
        ("np.ones", "nn.initializers.ones"),
        ("make(\n    1,\n)", "make(\n    1,\n)"),
    ],
)
def test_init_or(text, expected):
    assert init_or("D")(value(text)) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("True", "False"),
        ("False", "True"),
        ("training", "not training"),
        ("mode == 'train'", "not mode == 'train'"),
        ("not test", "test"),
        ("not (a or b)", "(a or b)"),
        ("a and b", "not (a and b)"),
        ("a if b else c", "not (a if b else c)"),
    ],
)
def test_negated(text, expected):
    assert negated(value(text)) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("3", "(3, 3)"),
        ("(3, 5)", "(3, 5)"),
        ("[3, 5]", "(3, 5)"),
        ("[3]", "(3, 3)"),
        ("(k, 1)", "(k, 1)"),
        ("[k, k]", "[k, k]"),
        ("(1, 2, 3)", None),
        ("(*k, 1)", None),
        ("k", None),
        ("None", None),
        ("True", None),
        ("3.0", None),
        ("'3'", None),
        ("()", None),
    ],
)
def test_sizes(text, expected):
    assert sizes(2)(value(text)) == expected


def test_sizes_of_one_dimension():
    assert sizes(1)(value("3")) == "(3,)"
    assert sizes(1)(value("(3,)")) == "(3,)"


@pytest.mark.parametrize("text, expected", [("2", "(2, 2)"), ("s", "s"), ("s * 2", "s * 2")])
def test_sizes_or_text(text, expected):
    assert sizes_or_text(2)(value(text)) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("'SAME'", "'SAME'"),
        ("'valid'", '"VALID"'),
        ("'causal'", None),
        ("(1, 2)", "((1, 2), (1, 2))"),
        ("[(1, 2)]", "((1, 2), (1, 2))"),
        ("[[1, 2], (3, 4)]", "((1, 2), (3, 4))"),
        ("((1, 2), (3, 4), (5, 6))", None),
        ("[[1, 2, 3]]", None),
        ("()", None),
        ("0", None),
        ("hk.pad.causal", None),
        ("p", None),
    ],
)
def test_conv_padding(text, expected):
    assert conv_padding(2)(value(text)) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("'same'", "'same'"),
        ("[(1, 2), (3, 4)]", "((1, 2), (3, 4))"),
        ("(1, 2)", None),
        ("[(1, 2)]", None),
        ("p", None),
    ],
)
def test_transpose_padding(text, expected):
    assert transpose_padding(2)(value(text)) == expected


def test_only_tells_one_from_true():
    assert only(None, -1)(value("-1")) == OMIT
    assert only(None, -1)(value("None")) == OMIT
    assert only(1)(value("True")) is None
    assert only(None)(value("x")) is None


def test_omit_if():
    assert omit_if(True)(value("True")) == OMIT
    assert omit_if(True)(value("1")) == "1"
    assert omit_if(True)(value("flag")) == "flag"


@pytest.mark.parametrize("text", ["x", "x.y", "f(x)", "x[0]", "2", "(a, b)"])
def test_atoms_need_no_parentheses(text):
    assert parenthesised(text) == text


@pytest.mark.parametrize("text", ["a + b", "-a", "a if b else c", "not a", "lambda: 0"])
def test_everything_else_does(text):
    assert parenthesised(text) == f"({text})"


def test_squared():
    assert squared(value("s")) == "s**2"
    assert squared(value("a + b")) == "(a + b)**2"
    assert squared(value("-1.0")) == "(-1.0)**2"


@pytest.mark.parametrize(
    "given, expected",
    [
        ({"num_heads": "8", "key_size": "64"}, ("512", "512")),
        ({"num_heads": "h", "key_size": "d // h"}, ("h * (d // h)", "h * (d // h)")),
        ({"num_heads": "2", "key_size": "4", "model_size": "16"}, ("8", "16")),
        ({"num_heads": "2", "key_size": "4", "model_size": "None"}, ("8", "8")),
        ({"num_heads": "2", "key_size": "4", "model_size": "m"}, ("8", "m or 8")),
        ({"num_heads": "h", "key_size": "k", "model_size": "2 * m"}, ("h * k", "2 * m")),
        ({"num_heads": "h", "key_size": "k", "value_size": "k"}, ("h * k", "h * k")),
    ],
)
def test_attention_widths(given, expected):
    combine = lookup("haiku.MultiHeadAttention").native.combine
    texts = combine({name: value(text) for name, text in given.items()})
    assert (texts["qkv_features"], texts["out_features"]) == expected


@pytest.mark.parametrize(
    "window, strides, expected",
    [
        ("(1, 2, 2, 1)", "(1, 2, 2, 1)", ("(2, 2)", "(2, 2)")),
        ("(2, 2, 1)", "1", ("(2, 2)", "(1, 1)")),
        ("[3, 1]", "[2, 1]", ("(3,)", "(2,)")),
        ("(2, 1)", "(2, 1, 1)", ("(1, 2)", "(2, 1)")),
    ],
)
def test_pool_window(window, strides, expected):
    combine = lookup("haiku.max_pool").native.combine
    given = {"window_shape": window, "strides": strides, "padding": "'VALID'"}
    texts = combine({name: value(text) for name, text in given.items()})
    assert (texts["window_shape"], texts["strides"]) == expected
    assert "padding" not in texts


def test_average_over_what_exists():
    combine = lookup("haiku.avg_pool").native.combine
    given = {"window_shape": "(2, 1)", "strides": "(2, 1)", "padding": "'SAME'"}
    texts = combine({name: value(text) for name, text in given.items()})
    assert texts["count_include_pad"] == "False"


def test_expand():
    assert expand("w or @default_kernel_init") == (
        "w or default_kernel_init",
        {"default_kernel_init"},
    )
    assert expand("a @b") == ("a @b", set())


def test_the_import_is_light():
    code = (
        "import sys, ast, dataclasses, typing, re, time; t = time.perf_counter();"
        "import hk2flax.catalog; t = time.perf_counter() - t;"
        "heavy = {'jax', 'flax', 'haiku', 'numpy', 'click', 'rich'} & set(sys.modules);"
        "print(sorted(heavy), t < 0.25)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] True"
