"""Branches that use modules: ``hk.cond`` and ``hk.switch``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jax import lax

from .lifting import Lift


def cond(*args: Any, **kwargs: Any) -> Any:
    """``jax.lax.cond`` whose branches may use modules, state and random keys: ``hk.cond``.

    Called as ``cond(pred, true_fun, false_fun, *operands)``, as
    ``cond(pred, true_fun, false_fun, operand=x)``, or in the old form
    ``cond(pred, true_operand, true_fun, false_operand, false_fun)``.

    Raises:
        TypeError: the branches do not create the same variables. While initialising, call the
            modules of all branches unconditionally.
    """
    old = len(args) + len(kwargs) == 5 and "operand" not in kwargs
    if old:
        names = ("pred", "true_operand", "true_fun", "false_operand", "false_fun")
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        old = callable(given.get("true_fun")) and callable(given.get("false_fun"))
    if old:
        return choose_branch(
            "cond",
            given["pred"],
            (lambda pair: given["true_fun"](pair[0]), lambda pair: given["false_fun"](pair[1])),
            ((given["true_operand"], given["false_operand"]),),
        )
    return cond_on_operands(*args, **kwargs)


def cond_on_operands(
    pred: Any,
    true_fun: Callable[..., Any],
    false_fun: Callable[..., Any],
    *operands: Any,
    **operand: Any,
) -> Any:
    """Run one of two functions of the same operands."""
    if operand.keys() > {"operand"} or (operand and operands):
        raise TypeError("`cond` takes operands by position, or a single one as `operand`.")
    operands = (*operands, *operand.values())
    return choose_branch("cond", pred, (true_fun, false_fun), operands)


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """``jax.lax.switch`` whose branches may use modules, state and random keys: ``hk.switch``.

    Raises:
        TypeError: the branches do not create the same variables. While initialising, call the
            modules of all branches unconditionally.
    """
    return choose_branch("switch", index, tuple(branches), operands)


def choose_branch(
    symbol: str, index: Any, branches: tuple[Callable[..., Any], ...], operands: tuple[Any, ...]
) -> Any:
    """Run one of several functions; for `cond` the first if ``index`` is true."""
    lift = Lift(symbol, *branches)

    def pure(branch: Callable[..., Any]) -> Callable[..., Any]:
        return lambda variables, *operands: lift.run(variables, branch, *operands)

    functions = [pure(branch) for branch in branches]
    try:
        if symbol == "cond":
            out, variables = lax.cond(index, *functions, lift.read(), *operands)
        else:
            out, variables = lax.switch(index, functions, lift.read(), *operands)
    except TypeError as error:
        if not lift.initializing:
            raise
        raise TypeError(
            f"The branches of `{symbol}` have to create the same variables. Use `running_init()` "
            "to call the modules of all branches unconditionally while initialising."
        ) from error
    lift.forget_names()
    lift.write(variables)
    return out
