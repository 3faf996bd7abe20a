"""Text edits that carry a plan out: `rewrite_project` turns Haiku sources into Flax linen."""

from __future__ import annotations

import ast
import contextlib
import gc
import time
import traceback
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hk2flax.diagnostics import Diagnostic
from hk2flax.rewrite.result import FileResult, RewriteResult

if TYPE_CHECKING:
    from hk2flax.project.files import Discovery
    from hk2flax.project.source import SourceFile
    from hk2flax.rewrite.context import Context
    from hk2flax.rewrite.placement import Place
    from hk2flax.rewrite.program import Program

__all__ = ["FileResult", "RewriteResult", "rewrite_project"]


def rewrite_project(discovery: Discovery, prefer: str = "exact", jobs: int = 1) -> RewriteResult:
    """Rewrites the targets of a discovery; the rest of the project is read for what it defines.

    `prefer` is "exact" or "linen"; `jobs` limits the processes, of which one is used so far.
    Nothing is written; see `RewriteResult`.
    """
    with _collector_paused():
        return _rewrite(discovery, prefer)


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """Trees live until the end of the run; looking for garbage among them takes a fifth of it."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _rewrite(discovery: Discovery, prefer: str) -> RewriteResult:
    from hk2flax.project.uses_haiku import imports_haiku, is_haiku, own_package

    targets = discovery.targets
    if not imports_haiku(targets) and not imports_haiku(discovery.context):
        return RewriteResult(tuple(_untouched(source) for source in targets))
    sources = [*targets, *discovery.context]
    own = own_package(sources)
    if own is not None:  # a copy of Haiku stays, and what another `haiku` does is not known
        if not is_haiku(sources, own):
            return RewriteResult(tuple(_untouched(source) for source in targets))
        sources = [source for source in sources if not source.rel.startswith(own)]
    from hk2flax.rewrite.program import plan_program

    started = time.perf_counter()
    program = plan_program(sources, prefer)
    planned = time.perf_counter()
    contexts = {
        source.rel: _edit(program, source)
        for source in targets
        if source.rel in program.project.files
    }
    results, new_files = _finish(program, contexts, targets, discovery)
    timings = {"plan": planned - started, "edit": time.perf_counter() - planned}
    return RewriteResult(tuple(results), new_files, timings)


def _untouched(source: SourceFile) -> FileResult:
    error = source.error or _syntax_error(source)
    return FileResult(source, None if error else source.text, (error,) if error else ())


def _edit(program: Program, source: SourceFile) -> Context:
    from hk2flax.rewrite.context import Context
    from hk2flax.rewrite.file import edit_file

    context = Context(program, program.project.files[source.rel])
    try:
        edit_file(context)
    except Exception as error:  # One file must not stop the others: it is left alone and named.
        where = traceback.extract_tb(error.__traceback__)[-1]
        message = f"internal error ({type(error).__name__}: {error}; {where.name}:{where.lineno})"
        failed = Context(program, program.project.files[source.rel])
        failed.diagnose(context.file.tree, "HK106", message)
        return failed
    return context


def _finish(
    program: Program,
    contexts: dict[str, Context],
    targets: tuple[SourceFile, ...],
    discovery: Discovery,
) -> tuple[list[FileResult], dict[str, str]]:
    """Adds imports, helper modules and TODO comments, and checks that every text still parses."""
    from hk2flax.rewrite.helper_module import helper_module, helper_names
    from hk2flax.rewrite.placement import place_helpers

    places = place_helpers(program.project, contexts, discovery)
    results: list[FileResult] = []
    needed: dict[str, set[str]] = {}
    for source in targets:
        context = contexts.get(source.rel)
        if context is None:
            results.append(_untouched(source))
            continue
        place = places.get(source.rel)
        result = _complete(context, place)
        results.append(result)
        if place and result.text is not None and context.helpers:
            needed.setdefault(place.rel, set()).update(context.helpers)
    new_files = {}
    texts = {source.rel: source.text for source in discovery.files}
    for rel, names in needed.items():
        old = texts.get(rel)
        new_files[rel] = helper_module(names | (helper_names(old) if old else set()))
    return results, new_files


def _syntax_error(source: SourceFile) -> Diagnostic | None:
    """Files without a trace of Haiku are parsed only to name those that are not Python 3."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source.text or "")
    except SyntaxError as error:
        return Diagnostic(source.rel, error.lineno or 1, error.offset or 1, "HK001", str(error.msg))
    except (RecursionError, ValueError, MemoryError) as error:
        return Diagnostic(source.rel, 1, 1, "HK001", str(error))
    return None


def _complete(context: Context, place: Place | None) -> FileResult:
    from hk2flax.rewrite.context import definition_lines
    from hk2flax.rewrite.import_removal import remove_module_aliases
    from hk2flax.rewrite.imports import close_gaps, insert_definitions, rewrite_imports
    from hk2flax.rewrite.names_read import names_read
    from hk2flax.rewrite.realign import realign
    from hk2flax.rewrite.todos import insert_todos
    from hk2flax.rewrite.wrap import wrap_lines

    source = context.file.source
    if (
        not context.text.changed
        and not context.helpers
        and not context.todos
        and not _imports_haiku(context)
    ):
        return FileResult(
            source, source.text, tuple(sorted(context.diagnostics)), dict(context.counts)
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            used = names_read(context.text.result())
            if remove_module_aliases(context, used):
                used = names_read(context.text.result())
            context.forget_unused(used)
            definitions = definition_lines(context)
            removed = rewrite_imports(
                context, used, place.import_line(context.helpers) if place else ""
            )
            insert_definitions(context, definitions)
            close_gaps(context, removed)
            insert_todos(context)
            text = context.text.result()
            old = source.text or ""
            text = realign(old, context.file.tree, text, context.step)
            text = wrap_lines(old, text, ast.parse(text), context.step)
    except SyntaxError as error:
        message = (
            f"the rewritten text would not parse ({error.msg}, line {error.lineno}); left as it was"
        )
        context.diagnose(context.file.tree, "HK105", message)
        return FileResult(source, source.text, tuple(sorted(context.diagnostics)), {})
    return FileResult(source, text, tuple(sorted(context.diagnostics)), dict(context.counts))


def _imports_haiku(context: Context) -> bool:
    return any(
        (isinstance(n, ast.Import) and any(a.name.split(".")[0] == "haiku" for a in n.names))
        or (isinstance(n, ast.ImportFrom) and (n.module or "").split(".")[0] == "haiku")
        for n in context.file.names.parent
    )
