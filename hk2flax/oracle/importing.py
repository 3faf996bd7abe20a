"""Importing the user's tree, with errors that fit on a line."""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path
from typing import Any

from .errors import OracleError


def put_on_path(root: Path) -> None:
    """Put `root`, and `root`/src where it exists, in front of the import path.

    PYTHONPATH of the caller stays behind them.
    """
    root = root.resolve()
    places = [root, root / "src"] if (root / "src").is_dir() else [root]
    sys.path[:0] = [str(place) for place in places]


def compiles(root: Path) -> bool:
    """Whether any module that was loaded from `root` mentions jit or pmap."""
    root = root.resolve()
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    own = (Path(file) for file in files if file and Path(file).resolve().is_relative_to(root))
    return any(
        word in path.read_bytes()
        for path in own
        if path.suffix == ".py"
        for word in (b"jit", b"pmap")
    )


def where(error: BaseException, root: Path | None = None) -> str:
    """Type, first line and place of an error: "ValueError: no weights (net/model.py:12)".

    The place is the last line inside `root` when there is one, else the last line at all.
    """
    text = str(error).strip().splitlines()
    message = f"{type(error).__name__}: {text[0] if text else ''}".rstrip(": ")
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, SyntaxError) and error.filename:
        return f"{message} ({error.filename}:{error.lineno})"
    inside = [f for f in frames if root and Path(f.filename).is_relative_to(root.resolve())]
    if not (inside or frames):
        return message
    last = (inside or list(frames))[-1]
    name = Path(last.filename)
    if inside and root:
        name = name.relative_to(root.resolve())
    return f"{message} ({name}:{last.lineno})"


def load(spec: str, root: Path, what: str) -> Any:
    """The object named MOD:ATTR (ATTR may be dotted) in the tree `root`.

    Raises OracleError when the spec is malformed, the module is missing or raises, or the
    attribute does not exist.
    """
    module_name, colon, attribute = spec.partition(":")
    if not (colon and module_name and attribute):
        raise OracleError(f"{what} must be MOD:ATTR, not {spec!r}")
    try:
        value: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(error.name + ".")):
            raise OracleError(f"{what} {spec}: no module {error.name!r} in {root}") from error
        raise OracleError(f"{what} {spec}: import fails: {where(error, root)}") from error
    except (Exception, SystemExit) as error:
        raise OracleError(f"{what} {spec}: import fails: {where(error, root)}") from error
    loaded = getattr(value, "__file__", None)
    if loaded and not Path(loaded).resolve().is_relative_to(root.resolve()):
        raise OracleError(
            f"{what} {spec}: module {module_name!r} comes from {loaded}, not from {root}"
        )
    for part in attribute.split("."):
        if not hasattr(value, part):
            raise OracleError(f"{what} {spec}: {module_name} has no attribute {attribute!r}")
        value = getattr(value, part)
    return value
