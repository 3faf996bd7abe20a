"""What real packages taught: each test is the smallest program with the same trouble."""

import textwrap

import pytest

from hk2flax.project.files import discover
from hk2flax.rewrite import rewrite_project


@pytest.fixture
def rewrite(tmp_path):
    """Rewrites files given by path; returns the texts by path and the diagnostics' codes."""

    def run(files):
        for name, text in files.items():
            path = tmp_path / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text).lstrip("\n"))
        result = rewrite_project(discover([tmp_path]))
        texts = {f.source.rel.removesuffix(".py"): f.text for f in result.files}
        for text in texts.values():
            compile(text, "x.py", "exec")
        texts["codes"] = [d.code for f in result.files for d in f.diagnostics]
        return texts

    return run


BLOCK = """
    import haiku as hk


    class Block(hk.Module):
        def __init__(self, size, name=None, scale=3):
            super().__init__(name=name)
            self.size = size
            self.scale = scale

        def __call__(self, x):
            return hk.Linear(self.size * self.scale)(x)
"""


def test_a_file_that_only_hands_names_on_does_not_end_the_search(rewrite):
    out = rewrite(
        {
            "impl": BLOCK,
            "layers": "from impl import Block as B\n",
            "use": "from layers import B\nb = B(3, 'b', 4)\n",
        }
    )
    assert "B(3, name='b', scale=4)" in out["use"]


def test_a_starred_package_hands_names_on(rewrite):
    out = rewrite(
        {
            "pkg/impl": BLOCK,
            "pkg/__init__": "from .impl import *\n",
            "use": "from pkg import Block\nb = Block(3, 'b', 4)\n",
        }
    )
    assert "Block(3, name='b', scale=4)" in out["use"]


def test_a_package_attribute_named_like_an_unseen_module(rewrite):
    """`from .ext import ext`, where ext is compiled or has nothing to do with Haiku."""
    out = rewrite(
        {
            "pkg/__init__": "from .ext import ext\nfrom .plain import plain\n",
            "pkg/plain": "def plain(x):\n    return x\n",
            "pkg/net": """
                import haiku as hk
                from pkg import ext, plain


                def f(x):
                    return ext(plain(hk.Flatten()(x)))
            """,
        }
    )
    assert "ext(plain(Flatten()(x)))" in out["pkg/net"]


def test_a_function_hides_the_module_it_was_imported_from(rewrite):
    out = rewrite(
        {
            "pkg/__init__": "from .block import block\n",
            "pkg/block": """
                import haiku as hk


                def block(x):
                    return hk.Linear(3)(x)
            """,
            "pkg/net": """
                import haiku as hk
                from pkg import block


                class Net(hk.Module):
                    def __call__(self, x):
                        return block(x)
            """,
        }
    )
    assert "@nn.compact\n    def __call__" in out["pkg/net"]
