"""What must not change: other files, other libraries, and every byte outside an edit."""

import difflib

import pytest

from tests.sources import codes, rewrite, rewrite_files, texts


@pytest.mark.parametrize(
    "source",
    [
        "",
        "\n",
        "# haiku\n",
        '"""Speaks of haiku and hk.Linear."""\n',
        "x = 'import haiku as hk'\n",
        "poem = 'haiku'\nhaiku = poem\n",
        "import haiku_geometric\nhaiku_geometric.Linear(3)\n",
        "from .haiku import thing\n",
        "from . import haiku\nhaiku.Linear(3)\n",
        "import mylib.haiku as hk\nhk.Linear(3)\n",
        "x = 1 # haiku",
        "if True:\n\tx = 'haiku'\t\n\n\n\n",
        "x = 'haiku'\r\ny = 2\r\n",
        "# -*- coding: utf-8 -*-\nx = 'haiku ü'\n",
    ],
)
def test_files_without_haiku(source):
    result = rewrite_files({"pkg/m.py": source})
    assert result.files[0].text == source
    assert not result.files[0].changed
    assert not result.new_files
    assert not result.files[0].diagnostics


def test_only_the_lines_that_must_change_do():
    source = (
        "import haiku as hk\n"
        "import   os,sys\n"
        "x=  1 ;y =[ 1,2,\n   3 ]\n"
        "def  f( a,b ):\n"
        "\treturn {  'a' : a}   \n"
        "z = 'é' 'b' \"c\"  # commentaire é\n"
        "class  A( hk.Module ) :\n"
        "   'doc'\n"
        "   def __call__(self,x ) :\n"
        "      y = hk.Linear( 3 ) ( x )   # dense é\n"
        "\n"
        "      return y;\n"
        "\n\n\n\n"
        "print( f'{x!r:>{y}}' , os , sys )\n"
        "lambda:(yield)\n"
    )
    found = rewrite(source, "linen")
    changed = [
        line
        for line in difflib.ndiff(source.splitlines(True), found.splitlines(True))
        if line[0] in "+-"
    ]
    assert changed == [
        "- import haiku as hk\n",
        "+ import flax.linen as nn\n",
        "- class  A( hk.Module ) :\n",
        "+ class  A( nn.Module ) :\n",
        "+    @nn.compact\n",
        "-       y = hk.Linear( 3 ) ( x )   # dense é\n",
        "+       y = nn.Dense( 3 ) ( x )   # dense é\n",
    ]


def test_files_of_a_project_that_use_none_of_it():
    files = {"a.py": "import haiku as hk\nx = hk.Linear(3)\n", "b.py": "import os\n\nx=os\n"}
    assert texts(rewrite_files(files))["b.py"] == files["b.py"]


def test_the_last_line_needs_no_newline():
    assert rewrite("import haiku as hk\nx = hk.Linear(3)", "linen").endswith("x = nn.Dense(3)")


def test_tabs_stay_tabs():
    source = "import haiku as hk\nclass A(hk.Module):\n\tdef __init__(self, n):\n\t\tsuper().__init__()\n\t\tself.n = n\n\t\tself.m = n + 1\n\tdef __call__(self, x):\n\t\treturn hk.Linear(self.m)(x)\n"
    found = rewrite(source, "linen")
    assert "\tn: Any\n\n\tdef setup(self):\n\t\tself.m = self.n + 1\n" in found
    assert "    " not in found


def test_crlf_stays_crlf():
    source = "import haiku as hk\r\n\r\n\r\nclass A(hk.Module):\r\n    def __init__(self, n, m=[]):\r\n        '''Doc.\r\n\r\n        More.'''\r\n        super().__init__()\r\n        self.n = n\r\n        self.k = m\r\n        self.l = hk.Linear(3)\r\n"
    found = rewrite(source)
    assert found.count("\n") == found.count("\r\n") > 10


def test_docstrings_and_strings_keep_haiku():
    source = 'import haiku as hk\n\n\ndef f(x):\n    """Uses hk.Linear."""\n    print("hk.Linear")\n    return hk.Linear(3)(x)  # hk.Linear\n'
    found = rewrite(source, "linen")
    assert '"""Uses hk.Linear."""' in found
    assert 'print("hk.Linear")' in found
    assert "# hk.Linear" in found


def test_a_class_that_was_left_over_a_converted_base_stays_as_it_is():
    """`rewrite_files` runs twice: the second run must not convert half of what the first left."""
    text = """
import haiku as hk


class Base(hk.Module):
    def __init__(self, size):
        super().__init__()
        self.size = size

    def __call__(self, x):
        return hk.Linear(self.size)(x)


class Derived(Base):
    def __init__(self, *args, **kwargs):
        super().__init__(*args[:1], **kwargs)
        self.second = hk.Linear(self.size)
"""
    found = rewrite(text)
    assert "class Base(nn.Module)" in found
    assert "self.second = hk.Linear(self.size)" in found
    assert codes(found) == ["HK102"]
