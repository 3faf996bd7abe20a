"""Where the helper module goes, and how files import it."""

from hk2flax.project.files import discover
from hk2flax.rewrite import rewrite_project
from tests.sources import rewrite_files, texts

NORM = "import haiku as hk\n\nx = hk.BatchNorm(True, True, 0.9)\n"


def written(files: dict[str, str]) -> dict[str, str]:
    """The rewritten files; new ones by path."""
    return texts(rewrite_files(files))


def test_beside_a_script():
    found = written({"run.py": NORM})
    assert "flax_helpers.py" in found
    assert "from flax_helpers import BatchNorm\n" in found["run.py"]


def test_beside_a_script_in_a_folder():
    found = written({"examples/run.py": NORM})
    assert "examples/flax_helpers.py" in found
    assert "from flax_helpers import BatchNorm\n" in found["examples/run.py"]


def test_at_the_top_of_a_package():
    files = {
        "pkg/__init__.py": "",
        "pkg/sub/__init__.py": "",
        "pkg/sub/m.py": NORM,
        "pkg/n.py": NORM,
    }
    found = written(files)
    assert "pkg/flax_helpers.py" in found
    assert sum(rel.endswith("flax_helpers.py") for rel in found) == 1
    for rel in ("pkg/sub/m.py", "pkg/n.py"):
        assert "from pkg.flax_helpers import BatchNorm\n" in found[rel]


def test_in_a_src_layout():
    found = written({"src/pkg/__init__.py": "", "src/pkg/m.py": NORM})
    assert "src/pkg/flax_helpers.py" in found
    assert "from pkg.flax_helpers import BatchNorm\n" in found["src/pkg/m.py"]


def test_a_namespace_package_that_is_imported_by_its_full_name():
    files = {
        "models/net.py": NORM,
        "main.py": "import haiku as hk\nfrom models.net import x\nprint(x, hk.Linear(3))\n",
    }
    found = written(files)
    helper = next(rel for rel in found if rel.endswith("flax_helpers.py"))
    line = next(s for s in found["models/net.py"].splitlines() if "flax_helpers" in s)
    module = line.split()[1]
    assert helper == module.replace(".", "/") + ".py"


def test_a_script_that_imports_its_neighbours_by_the_full_name():
    files = {"models/net.py": NORM, "models/train.py": f"from models.net import x\n{NORM}"}
    found = written(files)
    assert "flax_helpers.py" in found
    assert "from flax_helpers import BatchNorm\n" in found["models/train.py"]


def test_below_a_namespace_package(tmp_path):
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "net.py").write_text(NORM)
    (folder / "train.py").write_text(f"from src.net import x\n{NORM}")
    done = rewrite_project(discover([folder]))
    assert list(done.new_files) == ["src/flax_helpers.py"]
    for file in done.files:
        assert file.text is not None
        assert "from src.flax_helpers import BatchNorm\n" in file.text


def test_a_name_that_is_taken():
    found = written({"run.py": NORM, "flax_helpers.py": "x = 1\n"})
    assert found["flax_helpers.py"] == "x = 1\n"
    assert "from flax_helpers_ import BatchNorm\n" in found["run.py"]


def test_many_names_go_over_several_lines():
    uses = "".join(
        f"x = hk.{n}\n"
        for n in ("BatchNorm", "ExponentialMovingAverage", "EMAParamsTree", "SpectralNorm", "LSTM")
    )
    found = written({"run.py": f"import haiku as hk\n\n{uses}"})["run.py"]
    assert "from flax_helpers import (\n    BatchNorm,\n" in found


def test_a_helper_whose_name_is_taken_in_the_file():
    source = "import haiku as hk\n\n\nclass BatchNorm:\n    pass\n\n\nx = hk.BatchNorm(True, True, 0.9)\n"
    found = written({"run.py": source})["run.py"]
    assert "from flax_helpers import BatchNorm as HkBatchNorm\n" in found
    assert "x = HkBatchNorm(True, True, 0.9)" in found


def test_no_helper_no_module():
    found = written({"run.py": "import haiku as hk\nx = hk.Linear(3)\n"})
    assert set(found) == {"run.py"}
