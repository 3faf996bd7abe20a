"""The result of a verification as plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rich.console import Console

Status = Literal["equal", "differs", "skipped"]


@dataclass(frozen=True)
class Check:
    """One comparison.

    name: "outputs", "gradients", "state after 3 steps", ... with the variant in brackets.
    status: "equal" (within the tolerance), "differs", or "skipped" (`detail` says why).
    max_abs, max_rel: the largest differences seen; None where nothing numeric was compared.
    detail: "bitwise", the tolerance that was used, the leaf that differs most, or the reason.
    """

    name: str
    status: Status
    max_abs: float | None = None
    max_rel: float | None = None
    detail: str = ""


@dataclass(frozen=True)
class VerifyReport:
    """Everything that was compared for one entry.

    entry: MOD:ATTR.  device: "cpu" or "gpu".
    keys: how random keys were made equal: "none drawn", "sequence" or "constant", or the former
        with the latter where the number of draws differs.
    diverges: the first module whose output differs, or "" when outputs agree.
    """

    entry: str
    device: str
    checks: tuple[Check, ...] = field(default=())
    keys: str = "none drawn"
    diverges: str = ""

    @property
    def ok(self) -> bool:
        """True when no check differs."""
        return all(check.status != "differs" for check in self.checks)

    @property
    def exit_code(self) -> int:
        """0 when everything that was compared agrees, else 1."""
        return 0 if self.ok else 1

    def to_json(self) -> dict[str, Any]:
        """The report as plain data for --report FILE.json."""
        return {"version": 1, "ok": self.ok, **asdict(self)}

    def render(self, console: Console) -> None:
        """Print the report as a table."""
        from .report import render

        render(self, console)
