"""The helper module: what is used and nothing else, without Haiku and without hk2flax."""

import ast
import builtins
import sys
from pathlib import Path

import pytest

import hk2flax.linen
from hk2flax.rewrite.helper_module import _library, exists, helper_module, helper_names
from tests.sources import rewrite_files, texts

NAMES = sorted(_library()[0])
# The package tabulate is imported by the helper of that name when another layout is asked for.
ALLOWED = {"jax", "flax", "numpy", "tabulate", *sys.stdlib_module_names}


def imported(text: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level
            found.add((node.module or "").split(".")[0])
    return found


def defined(text: str) -> set[str]:
    imports = (ast.Import, ast.ImportFrom)
    body = [node for node in ast.parse(text).body if not isinstance(node, imports)]
    return {name for node in body for name in _bound(node)}


@pytest.mark.parametrize("name", NAMES)
def test_every_helper_stands_on_its_own(name):
    text = helper_module({name})
    compile(text, name, "exec", dont_inherit=True)
    assert imported(text) <= ALLOWED
    assert name in defined(text)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_defined(name):
    tree = ast.parse(helper_module({name}))
    bound = {n for node in tree.body for n in _bound(node)} | set(dir(__builtins__)) | {"__name__"}
    for node in tree.body:
        inner = {
            n.id if isinstance(n, ast.Name) else n.arg
            for n in ast.walk(node)
            if isinstance(n, ast.arg) or (isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
        }
        inner |= {n.asname for n in ast.walk(node) if isinstance(n, ast.alias) and n.asname}
        inner |= {
            n.name
            for n in ast.walk(node)
            if isinstance(n, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler) and n.name
        }
        used = {
            n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
        }
        missing = {n for n in used - inner - bound if not hasattr(__import__("builtins"), n)}
        assert not missing, f"{name}: {missing}"


def _bound(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [a.asname or a.name.split(".")[0] for a in node.names]
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    return [
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    ]


def test_only_what_is_used():
    text = helper_module({"Linear"})
    assert "class Linear" in text
    assert "class BatchNorm" not in text
    assert "class LSTM" not in text


def test_a_local_variable_is_no_helper():
    # `lift = Lift(...)` in these has nothing to do with `hk.lift`.
    assert "def lift(" not in helper_module({"remat", "vmap", "scan"})
    assert "def lift(" in helper_module({"lift"})


@pytest.mark.parametrize("path", sorted(Path(hk2flax.linen.__file__).parent.glob("*.py")), ids=str)
def test_no_builtin_function_is_taken_for_a_helper(path):
    builtin = [name for name in NAMES if hasattr(builtins, name)]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    known = {name for node in tree.body for name in _bound(node)}
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    assert not {name for name in builtin if name in used and name not in known}


def test_it_never_imports_haiku_or_hk2flax():
    text = helper_module(NAMES)
    assert not imported(text) & {"haiku", "hk2flax"}
    compile(text, "all", "exec", dont_inherit=True)


def test_definitions_come_before_their_use_at_import_time():
    text = helper_module(NAMES)
    seen: set[str] = set()
    every = defined(text)
    for node in ast.parse(text).body:
        eager = []
        if isinstance(node, ast.ClassDef):
            eager = [*node.bases, *node.decorator_list]
        elif isinstance(node, ast.FunctionDef):
            eager = [*node.decorator_list, *node.args.defaults]
        elif isinstance(node, ast.Assign):
            eager = [] if isinstance(node.value, ast.Lambda) else [node.value]
        for part in eager:
            for name in ast.walk(part):
                if isinstance(name, ast.Name) and name.id in every:
                    assert name.id in seen, name.id
        seen |= {n for n in [getattr(node, "name", "")] if n}
        if isinstance(node, ast.Assign):
            seen |= {t.id for t in node.targets if isinstance(t, ast.Name)}


def test_the_same_names_give_the_same_text():
    assert helper_module(["Linear", "BatchNorm"]) == helper_module(["BatchNorm", "Linear"])


def test_what_is_there_is_found_again():
    text = helper_module({"BatchNorm"})
    assert "BatchNorm" in helper_names(text)
    assert helper_module(helper_names(text)) == text


def test_a_later_run_extends_it():
    first = rewrite_files({"a.py": "import haiku as hk\nx = hk.BatchNorm(True, True, 0.9)\n"})
    done = texts(first) | {"b.py": "import haiku as hk\nx = hk.EMAParamsTree(0.9)\n"}
    second = rewrite_files(done)
    module = dict(second.new_files)["flax_helpers.py"]
    assert "class BatchNorm" in module
    assert "class EMAParamsTree" in module


def test_exists():
    assert exists("Linear")
    assert not exists("NoSuchThing")
