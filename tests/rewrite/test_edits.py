"""Edits as spans: positions, nesting, arguments, line endings."""

import ast

import pytest

from hk2flax.rewrite.edits import Text, append_arguments, remove_slot


def call_of(source: str) -> tuple[Text, ast.Call]:
    """The text, and the first call named `f` in it."""
    calls = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call)]
    return Text(source), next(c for c in calls if ast.unparse(c.func) == "f")


def slots(source: str) -> list[str]:
    text, call = call_of(source)
    return [text.data[s.start : s.end].decode() for s in text.arguments(call)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("f()", []),
        ("f(a)", ["a"]),
        ("f(a, b=1)", ["a", "b=1"]),
        ("f(a,)", ["a"]),
        ("f((a), (b),)", ["(a)", "(b)"]),
        ("f(((a)))", ["((a))"]),
        ("f((a, b), c)", ["(a, b)", "c"]),
        ("f(*a, **b)", ["*a", "**b"]),
        ("f(*(a), x=(1))", ["*(a)", "x=(1)"]),
        ("f(x for x in y)", ["x for x in y"]),
        ("f((x for x in y))", ["(x for x in y)"]),
        ("f((x for x in y), 1)", ["(x for x in y)", "1"]),
        ("f(lambda x, y: (x, y), z)", ["lambda x, y: (x, y)", "z"]),
        ("f(a if b else c, d)", ["a if b else c", "d"]),
        ("f('a,b', \"c)\")", ["'a,b'", '"c)"']),
        ("f('a' 'b', c)", ["'a' 'b'", "c"]),
        ("f(\n    a,  # one, two)\n    # (three\n    b,  # four\n)", ["a", "b"]),
        ("f(a  # x, y\n  , b)", ["a", "b"]),
        ("f((  # (\n  a  # )\n), b)", ["(  # (\n  a  # )\n)", "b"]),
        ("f(\\\n  a, \\\n  b)", ["a", "b"]),
        ("f (a)", ["a"]),
        ("(f)(a)", ["a"]),
        ("f(é, 'ü', b)", ["é", "'ü'", "b"]),
        ("f(f'{a}, {b}', c)", ["f'{a}, {b}'", "c"]),
        ("f(x := 3, y)", ["x := 3", "y"]),
        ("f(a[1, 2], b)", ["a[1, 2]", "b"]),
        ("f(b=1, *a)", ["b=1", "*a"]),
    ],
)
def test_arguments(source, expected):
    assert slots(source) == expected


@pytest.mark.parametrize(
    ("source", "index", "expected"),
    [
        ("f(a)", 0, "f()"),
        ("f(a,)", 0, "f()"),
        ("f(a, b)", 0, "f(b)"),
        ("f(a, b)", 1, "f(a)"),
        ("f(a, b, c)", 1, "f(a, c)"),
        ("f(a, b,)", 1, "f(a,)"),
        ("f(\n    a,\n    b,\n)", 1, "f(\n    a,\n)"),
        ("f(\n    a,\n    b,\n)", 0, "f(\n    b,\n)"),
        ("f((a), (b))", 0, "f((b))"),
        ("f(ä, b)", 0, "f(b)"),
    ],
)
def test_remove_slot(source, index, expected):
    text, call = call_of(source)
    remove_slot(text, text.arguments(call), index)
    assert text.result() == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("f()", "f(k=1)"),
        ("f( )", "f( k=1)"),
        ("f(a)", "f(a, k=1)"),
        ("f(a,)", "f(a, k=1,)"),
        ("f(a, b)", "f(a, b, k=1)"),
        ("f(\n    a,\n    b,\n)", "f(\n    a,\n    b,\n    k=1,\n)"),
        ("f(\n    a,\n    b)", "f(\n    a,\n    b,\n    k=1)"),
        ("f(\n    a,\n    b,  # the b\n)", "f(\n    a,\n    b,  # the b\n    k=1,\n)"),
        ("f(\n    a,\n    b  # the b\n)", "f(\n    a,\n    b,  # the b\n    k=1\n)"),
        ("f(\r\n    a,\r\n)", "f(\r\n    a,\r\n    k=1,\r\n)"),
        ("f(\n\ta,\n)", "f(\n\ta,\n\tk=1,\n)"),
        ("f(a,\n  b)", "f(a,\n  b,\n  k=1)"),
    ],
)
def test_append_arguments(source, expected):
    text, call = call_of(source)
    append_arguments(text, call, text.arguments(call), ["k=1"])
    assert text.result() == expected
    ast.parse(text.result())


def test_an_outer_edit_takes_up_the_inner_ones():
    text = Text("f(g(x), y)")
    outer = ast.parse("f(g(x), y)").body[0].value
    inner = outer.args[0]
    text.set(inner.args[0], "z")
    assert text.of(inner) == "g(z)"
    text.set(inner, f"h[{text.of(inner)}]")
    assert text.of(outer) == "f(h[g(z)], y)"
    assert text.result() == "f(h[g(z)], y)"


def test_insertions_keep_their_order_and_stay_outside():
    text = Text("a = b")
    text.insert(4, "1")
    text.insert(4, "2")
    text.replace(4, 5, "c")
    assert text.result() == "a = 12c"
    assert text.get(4, 5) == "c"


def test_positions_are_bytes():
    source = "é = 'üöä'; x = ñ\n"
    tree = ast.parse(source)
    text = Text(source)
    last = tree.body[1].value
    assert text.original(last) == "ñ"
    text.set(last, "Ω")
    assert text.result() == "é = 'üöä'; x = Ω\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_endings_stay(newline):
    source = f"a = 1{newline}b = x{newline}# c{newline}"
    text = Text(source)
    text.set(ast.parse(source).body[1].value, "y")
    assert text.result() == source.replace("x", "y")


def test_form_feeds_and_unicode_separators_are_no_line_ends():
    source = "x = 'a\u2028b\x0c'\ny = 1\n"
    text = Text(source)
    text.set(ast.parse(source).body[1].value, "2")
    assert text.result() == source.replace("1", "2")


def test_whole_lines():
    text = Text("a\n    b  # c\nd; e\n")
    assert text.whole_lines(6, 7) == (2, 13)
    assert text.whole_lines(13, 14) == (13, 14)


def test_indent():
    text = Text("if x:\n\t  y\n")
    assert text.indent(10) == "\t  "


def test_a_text_without_edits_is_itself():
    source = "\ufeffx = 1\r\n\r\ny = 2\n\n\n"
    text = Text(source)
    assert not text.changed
    assert text.result() == source
