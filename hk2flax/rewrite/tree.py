"""Writing a rewritten copy of a whole tree to another directory."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from hk2flax.project.files import SourceFile, tree_files
from hk2flax.rewrite.write import TEMPORARY, WriteError


def write_tree(
    output: Path,
    path: Path,
    root: Path,
    changes: Mapping[SourceFile, bytes],
    new_files: Mapping[str, bytes],
    allow_dirty: bool = False,
) -> None:
    """Copy `path` to the directory `output` with the changes applied; `path` stays as it is.

    Every file is copied, Python or not, but for what git ignores, caches and version control.
    Symlinks stay symlinks. Where `path` is a file, only that file and the new files are written. A
    directory that already holds something is refused, since what is in it may have been
    edited by hand; with `allow_dirty` files are overwritten there, but none is deleted.
    """
    check_output(output, path, allow_dirty)
    base = path if path.is_dir() else path.parent
    changed = {source.path: data for source, data in changes.items()}
    changed.update({root / rel: data for rel, data in new_files.items()})
    kept = tree_files(path) if path.is_dir() else [path]
    existed = output.exists()
    output.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=output if existed else output.parent, prefix=TEMPORARY))
    current = output
    try:
        for current in dict.fromkeys([*kept, *changed]):
            _place(current, staging / _inside(current, base), changed.get(current))
        if existed:
            _merge(staging, output)
        else:
            staging.chmod(0o777 & path.stat().st_mode if path.is_dir() else 0o755)
            os.rename(staging, output)
    except OSError as error:
        reason = error.strerror or str(error)
        raise WriteError(f"cannot write the copy of {current} to {output}: {reason}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def check_output(output: Path, path: Path, allow_dirty: bool = False) -> None:
    """Raise WriteError where `output` is no place for a copy of `path`."""
    target, source = Path(os.path.realpath(output)), Path(os.path.realpath(path))
    if target.exists() and not target.is_dir():
        raise WriteError(f"--output {output} is a file, not a directory")
    if target == source or source in target.parents:
        raise WriteError(f"--output {output} lies inside {path}; choose a directory outside it")
    if path.is_dir() and target in source.parents:
        raise WriteError(f"{path} lies inside --output {output}; choose another directory")
    if target.exists() and not allow_dirty and next(_entries(target), None) is not None:
        raise WriteError(
            f"--output {output} is not empty and may hold edits of yours; remove it, choose "
            "another directory, or pass --allow-dirty to overwrite files in it"
        )


def _entries(directory: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(directory) as entries:
        yield from entries


def _inside(path: Path, base: Path) -> str:
    rel = os.path.relpath(path, base)
    if rel.startswith(os.pardir + os.sep):
        raise WriteError(
            f"the rewrite needs {path}, outside {base}; pass the whole project as PATH"
        )
    return rel


def _place(source: Path, target: Path, data: bytes | None) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if data is None:
        shutil.copy2(source, target, follow_symlinks=False)
        return
    target.write_bytes(data)
    if source.exists():
        shutil.copymode(source, target)


def _merge(staging: Path, output: Path) -> None:
    for directory, folders, files in os.walk(staging):
        here = output / os.path.relpath(directory, staging)
        here.mkdir(exist_ok=True)
        links = [name for name in folders if os.path.islink(os.path.join(directory, name))]
        for name in [*files, *links]:
            os.replace(os.path.join(directory, name), here / name)
