"""Comments that leave a diagnostic out."""

import pytest

from hk2flax.diagnostics import Diagnostic
from hk2flax.diagnostics.suppress import suppress


def at(line, code="HK101"):
    return Diagnostic("a.py", line, 1, code, "m")


def codes(text, *diagnostics):
    return [(d.line, d.code) for d in suppress("a.py", text, diagnostics)]


def test_no_comment():
    assert codes("x = 1\n", at(1)) == [(1, "HK101")]
    assert codes(None, at(1, "HK003")) == [(1, "HK003")]


def test_on_the_line():
    text = "x = 1  # hk2flax: ignore[HK101]\ny = 2\n"
    assert codes(text, at(1), at(2)) == [(2, "HK101")]


def test_after_another_comment_and_with_several_codes():
    text = "x = 1  # noqa: E501  # hk2flax:ignore[hk101, HK2]\n"
    assert codes(text, at(1), at(1, "HK201")) == []


@pytest.mark.parametrize("line", [1, 2, 3])
def test_anywhere_in_the_statement(line):
    lines = ["x = f(", "  1,", ")"]
    lines[line - 1] += "  # hk2flax: ignore[HK101]"
    text = "\n".join([*lines, "y = 2", ""])
    assert codes(text, at(1), at(2), at(3), at(4)) == [(4, "HK101")]


def test_on_a_line_of_its_own_counts_for_the_statement_below():
    text = "def f():\n    # hk2flax: ignore[HK101]\n    # why\n    x = 1\n    y = 2\n"
    assert codes(text, at(4), at(5)) == [(5, "HK101")]


def test_the_head_of_a_class_is_a_statement_and_its_body_is_not():
    text = "class A(B):  # hk2flax: ignore[HK101]\n    x = 1\n"
    assert codes(text, at(1), at(2)) == [(2, "HK101")]


def test_file_level():
    text = "'doc'\n# hk2flax: ignore-file[HK101]\nx = 1\n"
    assert codes(text, at(1), at(3), at(3, "HK201")) == [(3, "HK201")]


def test_a_string_is_no_comment():
    text = "x = '# hk2flax: ignore[HK101]'\n"
    assert codes(text, at(1)) == [(1, "HK101")]


def test_files_that_were_not_processed_cannot_be_hidden():
    text = "# hk2flax: ignore-file[HK0]\nx = (\n"
    assert (2, "HK001") in codes(text, at(2, "HK001"))


@pytest.mark.parametrize(
    ("comment", "words"),
    [
        ("ignore[HK101]", "nothing to hide for HK101"),
        ("ignore[HK101, HK201]", "nothing to hide for HK101, HK201"),
        ("ignore-file[HK101]", "nothing to hide"),
        ("ignore", "names no code"),
        ("ignore[]", "names no code"),
        ("ignore[HK777]", "no hk2flax code"),
    ],
)
def test_idle_comments_are_reported(comment, words):
    (note,) = suppress("a.py", f"y = 1\nx = 1  # hk2flax: {comment}\n", ())
    assert (note.code, note.line, note.column, note.severity) == ("HK901", 2, 8, "note")
    assert words in note.message


def test_a_comment_that_is_half_idle():
    (note,) = suppress("a.py", "x = 1  # hk2flax: ignore[HK101, HK201]\n", [at(1)])
    assert "HK201" in note.message
    assert "HK101" not in note.message


def test_crlf():
    text = "x = 1  # hk2flax: ignore[HK101]\r\ny = 2\r\n"
    assert codes(text, at(1), at(2)) == [(2, "HK101")]
