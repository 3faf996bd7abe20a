"""Judge the whole tool on whole programs: rewrite, convert, verify, and compare for ourselves.

`python -m tests.e2e.harness DIR...` prints a table; `judge` does the same for one program in the
tests. A program is a directory as fixtures/README.md describes it.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import json
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e import forking


@dataclass
class Judgement:
    """What happened to one program; it passes when `problems` is empty."""

    name: str
    problems: list[str] = field(default_factory=list)
    exit_code: int | None = None
    native: int = 0
    helper: int = 0
    manual: int = 0
    diagnostics: list[str] = field(default_factory=list)
    convert: str = "-"
    verify: str = "-"
    own: str = "-"
    tree: dict = field(default_factory=dict)
    seconds: dict = field(default_factory=dict)

    def say(self, stage: str, problem: str) -> None:
        self.problems.append(f"{stage}: {problem}")


def judge(
    program: Path,
    work: Path,
    prefer: str = "exact",
    verify: bool = True,
    device: str | None = "cpu",
    name: str | None = None,
    cache: Path | None = None,
) -> Judgement:
    """Take a program through the tool in `work` and say everything that is wrong."""
    result = Judgement(name or program.name)
    source, target = work / "source", work / "target"
    shutil.copytree(program, source, ignore=shutil.ignore_patterns("__pycache__", "*.json"))
    expected = _read(program / "trap.json", {"expect": "equal"})
    haiku = _timed(result, "haiku", lambda: _run_haiku(source, work, cache))
    if "error" in haiku:
        result.say("haiku", haiku["error"])
        return result
    _timed(result, "rewrite", lambda: _rewrite(result, source, target, work, prefer))
    if result.exit_code not in (0, 1) or not target.is_dir():
        return result
    _check_output(result, target, prefer)
    if not _as_expected(result, expected):
        return result
    said = {d.split()[0] for d in result.diagnostics} & set(expected.get("codes", ()))
    if expected["expect"] == "diagnostic" or said:
        return result
    _timed(result, "rest", lambda: _run(result, work, haiku, verify, device, prefer))
    for name in ("expected_tree.json", f"expected_tree.{prefer}.json"):
        shown = _read(program / name, None)
        if result.tree and shown and result.tree != shown:
            result.say("tree", f"expected {shown}, got {result.tree}")
    return result


def _timed(result: Judgement, stage: str, action):
    start = time.perf_counter()
    try:
        return action()
    finally:
        result.seconds[stage] = round(time.perf_counter() - start, 2)


def _read(path: Path, default):
    return json.loads(path.read_text()) if path.exists() else default


def _run_haiku(source: Path, work: Path, cache: Path | None) -> dict:
    """What the Haiku program computes; the same program is only run once where there is a cache."""
    request = {"dir": str(source), "out": str(work)}
    if cache is None:
        return forking.ask("haiku", request)
    kept = cache / _digest(source)
    if not (kept / "answer.json").exists():
        kept.mkdir(parents=True, exist_ok=True)
        answer = forking.ask("haiku", {**request, "out": str(kept)})
        if "error" in answer:
            return answer
        (kept / "answer.json").write_text(json.dumps(answer))
    for file in kept.iterdir():
        shutil.copy(file, work)
    return json.loads((kept / "answer.json").read_text())


def _digest(source: Path) -> str:
    import hashlib

    here = Path(__file__).parent
    own = [here / name for name in ("run_haiku.py", "programs.py", "values.py")]
    total = hashlib.sha256()
    for file in [*own, *sorted(source.rglob("*.py"))]:
        total.update(file.name.encode() + file.read_bytes())
    return total.hexdigest()[:24]


def hk2flax(*arguments: object) -> tuple[int, str]:
    """The command line in this process: exit code and what it printed."""
    from hk2flax.cli import main

    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            code = main([str(a) for a in arguments], standalone_mode=True)
        except SystemExit as stop:
            code = stop.code
    out.flush()
    printed = out.buffer.getvalue().decode()
    return (code if isinstance(code, int) else 0 if code is None else 1), printed


def _rewrite(result: Judgement, source: Path, target: Path, work: Path, prefer: str) -> None:
    report = work / "report.json"
    arguments = ["rewrite", source, "--output", target, "--report", report, "--prefer", prefer]
    try:
        result.exit_code, printed = hk2flax(*arguments)
    except Exception as error:
        import traceback

        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}:{last.lineno}"
        result.say("rewrite", f"crashed at {place}: {type(error).__name__}: {error}")
        return
    if result.exit_code not in (0, 1):
        result.say("rewrite", f"exit code {result.exit_code}: {printed.strip()[-400:]}")
    if report.exists():
        _read_report(result, json.loads(report.read_text()))


def _read_report(result: Judgement, report: dict) -> None:
    for file in report.get("files", ()):
        for counts in (file.get("symbols") or file.get("counts") or {}).values():
            if isinstance(counts, dict):
                result.native += counts.get("native", 0)
                result.helper += counts.get("helper", 0)
                result.manual += counts.get("manual", 0)
        for found in file.get("diagnostics", ()):
            where = f"{found.get('path', file.get('path', ''))}:{found.get('line', 0)}"
            result.diagnostics.append(f"{found['code']} {where} {found.get('message', '')}")


def _check_output(result: Judgement, target: Path, prefer: str) -> None:
    """Everything compiles, a second run changes nothing, no Haiku is left when all was done."""
    for file in sorted(target.rglob("*.py")):
        text = file.read_bytes()
        try:
            tree = ast.parse(text)
            compile(text, str(file), "exec")
        except SyntaxError as error:
            result.say("rewrite", f"{file.name} does not compile: {error}")
            continue
        if result.exit_code == 0 and _imports_haiku(tree):
            result.say("rewrite", f"{file.name} still imports haiku although the exit code is 0")
    try:
        second = changed_by_second_run(target, prefer)
    except Exception as error:
        result.say("second run", f"crashed: {type(error).__name__}: {error}")
    else:
        if second:
            result.say("second run", f"changes {', '.join(second)}")


def _imports_haiku(tree: ast.AST) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""] if node.level == 0 else []
        else:
            continue
        if any(name.split(".")[0] == "haiku" for name in names):
            return True
    return False


def changed_by_second_run(target: Path, prefer: str = "exact") -> list[str]:
    from hk2flax.project.files import discover
    from hk2flax.rewrite import rewrite_project

    second = rewrite_project(discover([target]), prefer)
    changed = [file.source.rel for file in second.files if file.changed]
    return changed + sorted(second.new_files)


def _as_expected(result: Judgement, expected: dict) -> bool:
    """Exit code and diagnostics against trap.json; False where going on makes no sense."""
    want, codes = expected["expect"], expected.get("codes", [])
    found = [d.split()[0] for d in result.diagnostics]
    manual = [d for d in result.diagnostics if d.split()[0][:3] in ("HK1", "HK2")]
    if result.exit_code == 1 and not manual:
        result.say("rewrite", "exit code 1 without a diagnostic that says why")
    if want == "equal" and result.exit_code == 1:
        result.say("rewrite", f"exit code 1: {'; '.join(manual)[:600]}")
    if want == "diagnostic" and result.exit_code == 0:
        result.say("rewrite", "exit code 0, but a person is needed")
    if result.exit_code == 1 and codes and want != "equal" and not set(codes) & set(found):
        result.say("rewrite", f"diagnostics {sorted(set(found))}, expected one of {codes}")
    return want != "diagnostic"


def _run(
    result: Judgement, work: Path, haiku: dict, verify: bool, device: str | None, prefer: str
) -> None:
    """Convert the checkpoint and compare. Plain linen may differ, so there only leaves count."""
    forking.install()
    source, target, variables = work / "source", work / "target", work / "flax.npz"
    trees = ["--source", source, "--target", target]
    entry = ["--entry", "driver:build", "--inputs", "driver:inputs"]
    code, printed = hk2flax(
        "convert-params", work / haiku["checkpoint"], *trees, *entry, "--to", "npz", "-o", variables
    )
    result.convert = "ok" if code == 0 else "FAIL"
    if code:
        result.say("convert", f"exit code {code}: {printed.strip()[:900]}")
    else:
        request = {"dir": str(target), "out": str(work), "variables": str(variables)}
        request |= {"allow_haiku": result.exit_code == 1, "only_tree": prefer == "linen"}
        answer = forking.ask("flax", request)
        for problem in answer.get("problems", [answer.get("error")]):
            result.say("own", str(problem))
        result.own = "FAIL" if answer.get("problems", True) else "equal"
        result.tree = answer.get("tree", {})
    if verify and prefer == "exact":
        _verify(result, source, target, device)


def _verify(result: Judgement, source: Path, target: Path, device: str | None) -> None:
    from hk2flax.oracle import OracleError
    from hk2flax.oracle import verify as compare

    try:
        report = compare(source, target, "driver:build", "driver:inputs", device)
    except OracleError as error:
        result.verify = "FAIL"
        result.say("verify", str(error)[:500])
        return
    result.verify = "equal" if report.ok else "FAIL"
    for check in report.checks:
        if check.status == "differs":
            result.say("verify", f"{check.name} differs by {check.max_abs}: {check.detail[:300]}")


# The command line.


def programs(directory: Path) -> list[Path]:
    """The program itself, or every program below."""
    if (directory / "driver.py").exists():
        return [directory]
    return sorted(p.parent for p in directory.rglob("driver.py"))


@contextlib.contextmanager
def _scratch(keep: bool):
    path = tempfile.mkdtemp(prefix="hk2flax-e2e-")
    try:
        yield path
    finally:
        if not keep:
            shutil.rmtree(path)


def _row(result: Judgement) -> str:
    mark = "ok  " if not result.problems else "FAIL"
    counts = f"{result.native}/{result.helper}/{result.manual}"
    seconds = sum(result.seconds.values())
    return (
        f"{mark} {result.name:36} exit {result.exit_code!s:4} n/h/m {counts:9} "
        f"convert {result.convert:5} own {result.own:6} verify {result.verify:6} {seconds:5.1f}s"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--random", type=int, default=0, metavar="N", help="N random programs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--prefer", default="exact")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--no-verify", action="store_true")
    parser.add_argument("--keep", action="store_true", help="leave the directories")
    parser.add_argument("--cache", type=Path, help="keep what the Haiku programs compute here")
    parser.add_argument("--markdown", type=Path, help="write the failures to a file")
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    with _scratch(options.keep) as scratch:
        todo = [p for path in options.paths for p in programs(path)]
        if options.random:
            from tests.e2e.random_programs import write_programs

            todo += write_programs(Path(scratch) / "random", options.random, options.seed)
        failures = []
        for count, program in enumerate(todo):
            work = Path(scratch) / f"{count:03}_{program.name}"
            work.mkdir()
            result = judge(
                program,
                work,
                options.prefer,
                not options.no_verify,
                options.device,
                cache=options.cache,
            )
            refused = result.problems and result.problems[0].startswith("haiku:")
            if refused and program.name.startswith("random_"):
                print(f"skip {result.name}: {result.problems[0][:150]}", flush=True)
                continue
            print(_row(result), flush=True)
            if options.verbose or result.problems:
                for line in result.problems + (result.diagnostics if options.verbose else []):
                    print(f"       {line}")
                if options.keep:
                    print(f"       {work}")
                if options.verbose:
                    print(f"       seconds {result.seconds}")
            if result.problems:
                failures.append(result)
            if options.markdown:
                options.markdown.write_text(_markdown(failures, count + 1))
        print(f"{len(todo) - len(failures)} of {len(todo)} programs pass")
    return int(bool(failures))


def _markdown(failures: list[Judgement], total: int) -> str:
    lines = [f"# {len(failures)} of {total} programs fail", ""]
    for result in failures:
        lines += [f"## {result.name}", "", *(f"- {p}" for p in result.problems), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
