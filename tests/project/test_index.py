"""Names across files, and the classes and functions of a project."""

from tests.sources import find, index


def meaning(files: dict[str, str], rel: str, expression: str) -> str:
    project = index(files)
    file = project.files[rel]
    return project.name(file, find(file, expression))


BASE = "import haiku as hk\nclass Block(hk.Module):\n    pass\n"


def test_absolute_import_from_a_package():
    files = {
        "pkg/__init__.py": "",
        "pkg/nets.py": BASE,
        "main.py": "# haiku\nfrom pkg import nets\nnets.Block",
    }
    assert meaning(files, "main.py", "nets.Block") == "pkg.nets.Block"


def test_relative_imports():
    files = {
        "pkg/__init__.py": "",
        "pkg/nets.py": BASE,
        "pkg/sub/__init__.py": "",
        "pkg/sub/a.py": "# haiku\nfrom ..nets import Block\nBlock",
        "pkg/sub/b.py": "# haiku\nfrom .. import nets\nnets.Block",
        "pkg/c.py": "# haiku\nfrom .nets import Block as B\nB",
    }
    assert meaning(files, "pkg/sub/a.py", "Block") == "pkg.nets.Block"
    assert meaning(files, "pkg/sub/b.py", "nets.Block") == "pkg.nets.Block"
    assert meaning(files, "pkg/c.py", "B") == "pkg.nets.Block"


def test_relative_imports_in_init_files():
    files = {
        "pkg/__init__.py": "from .nets import Block\nfrom . import nets\n",
        "pkg/nets.py": BASE,
        "main.py": "# haiku\nimport pkg\npkg.Block\npkg.nets.Block",
    }
    assert meaning(files, "main.py", "pkg.Block") == "pkg.nets.Block"
    assert meaning(files, "main.py", "pkg.nets.Block") == "pkg.nets.Block"


def test_re_exports_in_chains():
    files = {
        "pkg/__init__.py": "from pkg.a import Block\n",
        "pkg/a.py": "from pkg.b import Layer as Block\n",
        "pkg/b.py": "from pkg.nets import Block as Layer\n",
        "pkg/nets.py": BASE,
        "main.py": "# haiku\nfrom pkg import Block\nBlock",
    }
    assert meaning(files, "main.py", "Block") == "pkg.nets.Block"


def test_re_exports_by_star():
    files = {
        "pkg/__init__.py": "from .nets import *\n",
        "pkg/nets.py": BASE,
        "main.py": "# haiku\nfrom pkg import Block\nBlock",
    }
    assert meaning(files, "main.py", "Block") == "pkg.nets.Block"


def test_star_imports_of_another_file():
    files = {"nets.py": BASE, "main.py": "# haiku\nfrom nets import *\nBlock"}
    assert meaning(files, "main.py", "Block") == "nets.Block"


def test_a_file_that_hands_haiku_on():
    files = {
        "common.py": "import haiku as hk\nfrom haiku import Linear\n",
        "a.py": "# haiku\nfrom common import hk\nhk.Linear",
        "b.py": "# haiku\nimport common\ncommon.hk.Linear",
        "c.py": "# haiku\nfrom common import *\nLinear",
    }
    assert meaning(files, "a.py", "hk.Linear") == "haiku.Linear"
    assert meaning(files, "b.py", "common.hk.Linear") == "haiku.Linear"
    assert meaning(files, "c.py", "Linear") == "haiku.Linear"


def test_haiku_by_way_of_a_star():
    files = {
        "common.py": "import haiku as hk\n",
        "a.py": "# haiku\nfrom common import *\nhk.Linear",
    }
    assert meaning(files, "a.py", "hk.Linear") == "haiku.Linear"


def test_cycles_of_imports_end():
    files = {
        "a.py": "# haiku\nfrom b import thing\n",
        "b.py": "# haiku\nfrom a import thing\nthing\n",
        "c.py": "# haiku\nfrom c import x\nx\n",
    }
    assert meaning(files, "b.py", "thing").endswith("thing")
    assert meaning(files, "c.py", "x").endswith("x")


def test_cycles_of_star_imports_end():
    files = {
        "a.py": "# haiku\nfrom b import *\nthing",
        "b.py": "# haiku\nfrom a import *\nthing\n",
    }
    assert isinstance(meaning(files, "b.py", "thing"), str)


def test_src_layout_and_namespace_packages():
    files = {
        "src/pkg/nets.py": BASE,
        "src/pkg/more.py": "# haiku\nfrom pkg.nets import Block\nBlock",
        "tests/test_nets.py": "# haiku\nfrom pkg import nets\nnets.Block",
    }
    assert meaning(files, "src/pkg/more.py", "Block") == "src.pkg.nets.Block"
    assert meaning(files, "tests/test_nets.py", "nets.Block") == "src.pkg.nets.Block"


def test_scripts_import_their_neighbours():
    files = {
        "examples/a/nets.py": BASE,
        "examples/b/nets.py": BASE,
        "examples/b/run.py": "# haiku\nimport nets\nnets.Block",
    }
    assert meaning(files, "examples/b/run.py", "nets.Block") == "examples.b.nets.Block"


def test_files_that_only_import_a_file_with_haiku_are_read():
    files = {
        "nets.py": BASE,
        "more.py": "from nets import Block\nclass Big(Block):\n    pass\n",
        "other.py": "x = 1\n",
    }
    project = index(files)
    assert set(project.files) == {"nets.py", "more.py"}
    assert project.classes["more.Big"].bases == ["nets.Block"]


def test_indented_relative_imports_are_seen():
    files = {
        "pkg/__init__.py": "",
        "pkg/nets.py": BASE,
        "pkg/use.py": "def f():\n    from . import nets\n    return nets.Block\n",
    }
    assert meaning(files, "pkg/use.py", "nets.Block") == "pkg.nets.Block"


def test_imports_in_parentheses_over_lines_are_seen():
    files = {"nets.py": BASE, "use.py": "from nets import (\n    Block,\n)\nBlock\n"}
    assert meaning(files, "use.py", "Block") == "nets.Block"


def test_relative_imports_in_parentheses_are_seen():
    files = {
        "pkg/__init__.py": "",
        "pkg/nets.py": BASE,
        "pkg/use.py": "from . import (\n    nets,\n)\nnets.Block\n",
    }
    assert meaning(files, "pkg/use.py", "nets.Block") == "pkg.nets.Block"


def test_a_file_that_does_not_parse_is_named_and_the_rest_goes_on():
    project = index({"bad.py": "import haiku\nprint 'x'\n", "good.py": BASE})
    assert project.errors["bad.py"].code == "HK001"
    assert project.errors["bad.py"].line == 2
    assert "good.Block" in project.classes


def test_the_mro_is_followed_across_files():
    files = {
        "base.py": BASE,
        "mid.py": "# haiku\nimport base\nclass Mid(base.Block):\n    pass\n",
        "top.py": "# haiku\nfrom mid import Mid\nclass Top(Mid):\n    pass\n",
    }
    project = index(files)
    assert [c.name for c in project.mro("top.Top")] == ["top.Top", "mid.Mid", "base.Block"]
    assert {c.name for c in project.subclasses("base.Block")} == {"mid.Mid", "top.Top"}


def test_generic_bases_count():
    project = index(
        {
            "m.py": "import haiku as hk\nfrom typing import Generic, TypeVar\nT = TypeVar('T')\nclass A(hk.Module, Generic[T]): pass\nclass B(A[int]): pass\n"
        }
    )
    assert project.classes["m.B"].bases == ["m.A"]


def test_a_diamond_lists_each_class_once():
    project = index(
        {
            "m.py": "import haiku as hk\nclass A(hk.Module): pass\nclass B(A): pass\nclass C(A): pass\nclass D(B, C): pass\n"
        }
    )
    assert sorted(c.name for c in project.mro("m.D")) == ["m.A", "m.B", "m.C", "m.D"]


def test_a_class_alias_is_the_class():
    files = {"m.py": BASE + "Layer = Block\nclass Big(Layer):\n    pass\n"}
    assert index(files).classes["m.Big"].bases == ["m.Block"]
