"""What every edit of a file needs: the text, Flax's names in this file, the report."""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

from hk2flax.catalog import lookup
from hk2flax.catalog.definitions import DEFINITIONS, expand
from hk2flax.catalog.model import Native, Symbol
from hk2flax.diagnostics import Diagnostic
from hk2flax.project.index import File
from hk2flax.project.scopes import Binding
from hk2flax.rewrite.edits import Text
from hk2flax.rewrite.program import Program

# Modules that catalog texts refer to by their usual alias.
ALIASES = {"nn": "flax.linen", "jnp": "jax.numpy", "np": "numpy", "jax": "jax", "flax": "flax"}
_ALIAS = re.compile(r"(?<![\w.])(nn|jnp|np|jax|flax)(?=\.)")


@dataclass(eq=False)
class Context:
    """The edits, imports, helpers, diagnostics and counts of one file while it is rewritten."""

    program: Program
    file: File
    text: Text = field(init=False)
    imports: dict[str, str] = field(default_factory=dict)
    helpers: dict[str, str] = field(default_factory=dict)
    definitions: set[str] = field(default_factory=set)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    todos: list[tuple[ast.AST, str]] = field(default_factory=list)
    kept: set[ast.AST] = field(default_factory=set)
    removed: set[ast.AST] = field(default_factory=set)
    pending: dict[ast.Call, tuple[Symbol, Native, dict[str, tuple[str, bool]]]] = field(
        default_factory=dict
    )
    module_texts: dict[ast.AST, str] = field(default_factory=dict)
    bound: set[str] = field(init=False)
    hidden: set[str] = field(init=False)

    def __post_init__(self) -> None:
        assert self.file.source.text is not None
        self.text = Text(self.file.source.text)
        names = self.file.names
        bindings: dict[str, list[Binding]] = {}
        for scope in names.scopes.values():
            for name, binding in scope.bindings.items():
                bindings.setdefault(name, []).append(binding)
        top = names.scopes[self.file.tree].bindings
        self.hidden = {
            n
            for n, found in bindings.items()
            if any(n in top and b is not top[n] and b.target != top[n].target for b in found)
        }
        self.bound = {n for n, found in bindings.items() if not self._becomes_free(n, found)}

    def _becomes_free(self, name: str, bindings: list[Binding]) -> bool:
        """True for `from haiku import LSTM`, a name that the helper of that name can take over."""
        symbols = [lookup(b.target) if b.kind == "import" else None for b in bindings]
        return all(s is not None and s.helper == name for s in symbols) and not any(
            plan.problems for plan in self.program.classes_in(self.file)
        )

    @property
    def mentions_haiku(self) -> bool:
        """True for a file that uses Haiku itself, or has modules of the project."""
        names = self.file.names.qualified.values()
        owns = bool(self.program.classes_in(self.file))
        return owns or any(name.partition(".")[0] == "haiku" for name in names)

    @property
    def exact(self) -> bool:
        """True under --prefer exact."""
        return self.program.prefer == "exact"

    def name(self, node: ast.AST | None) -> str:
        """The canonical name of an expression, or ""."""
        return self.program.project.name(self.file, node)

    def alias(self, module: str) -> str:
        """The text by which this file refers to a module ("flax.linen" -> "nn"); imports it."""
        if module in self.imports:
            return self.imports[module]
        existing = self._imported(module)
        if existing:
            return existing
        self.imports[module] = self._new_alias(module)
        return self.imports[module]

    def _imported(self, target: str) -> str:
        """The name under which the whole file can use something that it imports already, or ""."""
        names = self.file.names
        for name, binding in names.scopes[self.file.tree].bindings.items():
            if binding.kind != "import" or binding.target != target or name in self.hidden:
                continue
            places = [names.enclosing(node, (ast.stmt,)) for node in binding.nodes]
            if any(place in self.file.tree.body for place in places):
                return name
        return ""

    def _new_alias(self, module: str) -> str:
        usual = next((a for a, m in ALIASES.items() if m == module), module)
        if usual not in self.bound:
            return usual
        if module == "jax.numpy" and ("jax" not in self.bound or self._imported("jax") == "jax"):
            return module
        last = module.rpartition(".")[2]
        if last not in self.bound:
            return last
        return f"flax_{last}" if module.startswith("flax") else f"python_{last}"

    def helper(self, name: str) -> str:
        """The text by which this file refers to a helper; notes that the file needs it."""
        if "." in name:
            first, _, rest = name.partition(".")
            return f"{self.helper(first)}.{rest}"
        if name not in self.helpers:
            taken = name in self.bound or hasattr(builtins, name) or name in self.helpers.values()
            self.helpers[name] = (
                (f"Hk{name}" if name[0].isupper() else f"hk_{name}") if taken else name
            )
        return self.helpers[name]

    def flax_text(self, text: str) -> str:
        """Catalog text with its definitions and module aliases as this file writes them."""
        text, used = expand(text)
        for name in sorted(used):
            self.definitions.add(name)
        return _ALIAS.sub(lambda m: self.alias(ALIASES[m[1]]), text)

    def dotted(self, target: str) -> str:
        """A dotted Flax name as this file writes it: "flax.linen.Dense" -> "nn.Dense"."""
        for module in ("flax.linen", "jax.numpy", "numpy", "jax", "flax"):
            if target.startswith(f"{module}."):
                return f"{self.alias(module)}.{target[len(module) + 1 :]}"
        module, _, name = target.rpartition(".")
        alias = self.from_import(module, name)
        return alias

    def from_import(self, module: str, name: str) -> str:
        """The text for a name that is imported by `from module import name`."""
        key = f"{module}:{name}"
        existing = self._imported(f"{module}.{name}")
        if existing:
            return existing
        self.imports.setdefault(
            key, name if name not in self.bound else f"{module.split('.')[0]}_{name}"
        )
        return self.imports[key]

    @cached_property
    def step(self) -> str:
        """One level of indentation as this file writes it."""
        for node in self.file.tree.body:
            body = getattr(node, "body", None)
            if isinstance(body, list) and body[0].lineno > node.lineno:
                found = self.text.indent(self.text.span(body[0])[0])
                return found or "    "
        return "    "

    def forget_unused(self, used: set[str]) -> None:
        """Drops what an edit asked for and a later one around it made superfluous."""
        self.definitions &= used
        if self.definitions:
            used.add(self.alias("flax.linen"))
        self.helpers = {name: alias for name, alias in self.helpers.items() if alias in used}
        self.imports = {
            module: alias for module, alias in self.imports.items() if alias.split(".")[0] in used
        }

    def count(self, symbol: str, level: str) -> None:
        """Counts one use of a Haiku symbol as native, helper or manual."""
        self.counts[symbol, level] += 1

    def diagnose(self, node: ast.AST, code: str, message: str, symbol: str = "") -> None:
        """Reports something about a node."""
        line = getattr(node, "lineno", 1)
        column = getattr(node, "col_offset", 0) + 1
        rel = self.file.source.rel
        diagnostic = Diagnostic(rel, line, column, code, message, symbol)
        if diagnostic not in self.diagnostics:
            self.diagnostics.append(diagnostic)

    def leave(self, node: ast.AST, code: str, message: str, symbol: str) -> None:
        """Leaves a Haiku construct in place: a count, a diagnostic and a TODO at the line."""
        self.count(symbol, "manual")
        self.diagnose(node, code, message, symbol)
        self.todos.append((node, f"# TODO(hk2flax): {code} {message}"))


def definition_lines(context: Context) -> list[str]:
    """The module-level constants that the file's catalog texts refer to."""
    return [
        f"{name} = {context.flax_text(DEFINITIONS[name])}" for name in sorted(context.definitions)
    ]
