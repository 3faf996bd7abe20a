"""The arguments that switch between training and evaluation."""

from __future__ import annotations

import inspect
from typing import Any

from .inputs import Inputs

MODES = frozenset(
    {
        *("is_training", "is_train", "training", "train", "deterministic"),
        *("is_eval", "eval", "evaluation", "is_test", "test", "inference", "use_running_average"),
    }
)


def flips(inputs: Inputs, signature: inspect.Signature | None) -> list[tuple[Any, bool]]:
    """(position or keyword, opposite value) of every such boolean argument.

    Positions are known through the signature; a flag that the inputs leave to its default is
    given by keyword.
    """
    found: list[tuple[Any, bool]] = [
        (name, not value)
        for name, value in inputs.kwargs.items()
        if name in MODES and isinstance(value, bool)
    ]
    if signature is None:
        return found
    parameters = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    if parameters and parameters[0].name == "self":
        parameters = parameters[1:]
    for position, parameter in enumerate(parameters):
        if parameter.name not in MODES or parameter.name in inputs.kwargs:
            continue
        if position < len(inputs.args):
            if isinstance(inputs.args[position], bool):
                found.append((position, not inputs.args[position]))
        elif isinstance(parameter.default, bool):
            found.append((parameter.name, not parameter.default))
    return found


def flipped(inputs: Inputs, changes: list[tuple[Any, bool]]) -> Inputs:
    """The inputs with those arguments changed."""
    args, kwargs = list(inputs.args), dict(inputs.kwargs)
    for where, value in changes:
        if isinstance(where, int):
            args[where] = value
        else:
            kwargs[where] = value
    return Inputs(tuple(args), kwargs)
