"""What a value has to have to pass for a module that can be called: ``hk.SupportsCall``."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class SupportsCall(Protocol):
    """Any linen module with a ``__call__``; functions are none, as in Haiku.

    In annotations ``Callable`` says the same.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the module."""

    def bind(self, *args: Any, **kwargs: Any) -> Any:
        """Attach the module to variables: only linen modules can."""

    def is_initializing(self) -> bool:
        """Say whether variables are being created."""
