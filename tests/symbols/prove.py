"""Run a proof: rewrite its program, carry the weights over, and compare what both compute."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np

from hk2flax.catalog import lookup
from hk2flax.oracle.entry import resolve
from tests.sources import rewrite_files, texts
from tests.symbols.both import Both
from tests.symbols.proof import Proof, program


def prove(name: str, proof: Proof, precision: str, directory: Path) -> None:
    """Everything about one name in one precision; raises AssertionError."""
    for number, part in enumerate((proof, *proof.more)):
        if precision == "float32" or part.half is not None:
            below = directory / str(number)
            below.mkdir()
            prove_program(name, part, precision, below)


def prove_program(name: str, proof: Proof, precision: str, directory: Path) -> None:
    """The cases that stand in one program."""
    package = f"{name.replace('.', '_')}_{precision}_{directory.name}"
    text = program(proof, precision)
    result = rewrite_files({f"{package}/__init__.py": "", f"{package}/m.py": text})
    said = [d for file in result.files for d in file.diagnostics if d.code < "HK3"]
    assert {d.code for d in said} == proof.reports, said
    written = texts(result)
    if precision == "float32":
        check_forms(name, proof, written[f"{package}/m.py"])
    sides = (
        resolve(load_text(f"{package}_before", text, directory).build(), "source"),
        resolve(load_tree(package, written, directory).build(), "target"),
    )
    arrays = {key: cast(value, precision) for key, value in proof.arguments().items()}
    both = Both(
        sides,
        arrays,
        keys=proof.keys if proof.run else "",
        gradients=proof.run and proof.gradients,
        always_run=proof.run and precision == "float32",
        rounding=2 * float(jnp.finfo(precision).eps),
    )
    compare(proof, precision, both)


def compare(proof: Proof, precision: str, both: Both) -> None:
    """Initial values, then every mode: outputs, state and gradients."""
    single = precision == "float32"
    tolerance = proof.tolerance if single else proof.half
    gradient = max(proof.gradient, proof.tolerance) if single else proof.half
    modes = [dict(mode) for mode in proof.modes]
    problems = both.compare_initial(modes[0], proof.real_draws)
    problems += both.compare_steps(modes, tolerance, gradient)
    shown = [with_case(proof, problem) for problem in problems[:20]]
    assert not problems, "\n".join([f"{len(problems)} differences", *shown])


def with_case(proof: Proof, problem: str) -> str:
    """A problem with the source of its case, where it names one."""
    number = re.search(r"\['case_(\d+)'\]", problem)
    return f"{problem}   <- {proof.cases[int(number[1])].strip()}" if number else problem


def cast(value, precision: str):
    """float32 arrays in the precision of the run; everything else as it is."""
    if isinstance(value, np.ndarray) and value.dtype == np.float32:
        return jnp.asarray(value, precision)
    return jax.tree.map(jnp.asarray, value)


def load_text(name: str, text: str, directory: Path) -> ModuleType:
    """The Haiku program as a module."""
    path = directory / f"{name}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def load_tree(package: str, files: dict[str, str], directory: Path) -> ModuleType:
    """The rewritten program, with its helpers."""
    for rel, text in files.items():
        (directory / rel).parent.mkdir(exist_ok=True)
        (directory / rel).write_text(text)
    sys.path.insert(0, str(directory))
    try:
        return importlib.import_module(f"{package}.m")
    finally:
        sys.path.remove(str(directory))


def check_forms(name: str, proof: Proof, text: str) -> None:
    """Native cases became plain linen, the others use the helper of the name.

    What belongs to the framework has other forms too, which depend on what stands around it.
    """
    if lookup(name).kind not in ("layer", "function", "initializer"):
        return
    helper = (lookup(name).helper or "").partition(".")[0]
    spellings = {helper, f"hk_{helper}"}  # the second where the file has that name itself
    functions = {f.name: f for f in ast.parse(text).body if isinstance(f, ast.FunctionDef)}
    for number, case in enumerate(proof.cases):
        function = functions[f"case_{number}"]
        names = {n.id for n in ast.walk(function) if isinstance(n, ast.Name)}
        form = "helper" if spellings & names else "native"
        wanted = "native" if number < len(proof.native) else "helper"
        assert form == wanted, f"{case.strip()} is written\n{ast.unparse(function)}"
