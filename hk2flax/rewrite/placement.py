"""Where the helper module goes, and how each file imports it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hk2flax.project.index import Project
from hk2flax.rewrite.context import Context
from hk2flax.rewrite.helper_module import NAME, is_helper_module

if TYPE_CHECKING:
    from hk2flax.project.files import Discovery

_WIDTH = 88


@dataclass(frozen=True)
class Place:
    """A helper module: its path relative to the root, and the name to import it by."""

    rel: str
    module: str

    def import_line(self, helpers: Mapping[str, str]) -> str:
        """`from pkg.flax_helpers import BatchNorm, transform`, in as many lines as it needs."""
        names = [n if n == a else f"{n} as {a}" for n, a in sorted(helpers.items())]
        if not names:
            return ""
        line = f"from {self.module} import {', '.join(names)}"
        if len(line) <= _WIDTH:
            return line
        return f"from {self.module} import (\n" + "".join(f"    {n},\n" for n in names) + ")"


def place_helpers(
    project: Project, contexts: Mapping[str, Context], discovery: Discovery
) -> dict[str, Place]:
    """A place for every file that needs helpers.

    In a package, a namespace package too: at its top, imported by its full name. Beside scripts:
    in the folder from which the project imports the script, which is its own folder unless some
    file says otherwise.
    """
    needing = [rel for rel, context in contexts.items() if context.helpers]
    if not needing:
        return {}
    known = {source.rel: source for source in discovery.files}
    result = {}
    for rel in needing:
        folder = rel.rpartition("/")[0]
        package: list[str] = []
        while f"{folder}/__init__.py".lstrip("/") in known and folder:
            folder, _, name = folder.rpartition("/")
            package.insert(0, name or folder)
            if not _:
                package[0], folder = name, ""
        if package:
            base = f"{folder}/{package[0]}" if folder else package[0]
            module_prefix = f"{package[0]}."
        else:
            base, module_prefix = project.import_root(rel), ""
            if not base and discovery.namespace:
                base, module_prefix = discovery.namespace, f"{discovery.namespace}."
        name = NAME
        while True:
            target = f"{base}/{name}.py" if base else f"{name}.py"
            existing = known.get(target)
            if existing is None or is_helper_module(existing.text or ""):
                break
            name += "_"
        result[rel] = Place(target, f"{module_prefix}{name}")
    return result
