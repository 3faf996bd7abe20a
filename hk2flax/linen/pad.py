"""Padding rules for convolutions and the meaning of data formats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def valid(effective_kernel_size: int) -> tuple[int, int]:
    """No padding (`hk.pad.valid`); plain linen takes no functions as padding."""
    return (0, 0)


def same(effective_kernel_size: int) -> tuple[int, int]:
    """Keeps the size at stride 1 (`hk.pad.same`); linen's "SAME" differs at larger strides."""
    return ((effective_kernel_size - 1) // 2, effective_kernel_size // 2)


def full(effective_kernel_size: int) -> tuple[int, int]:
    """As much padding as touches the input (`hk.pad.full`); plain linen has no name for it."""
    return (effective_kernel_size - 1, effective_kernel_size - 1)


def causal(effective_kernel_size: int) -> tuple[int, int]:
    """Outputs see no later inputs (`hk.pad.causal`); linen's "CAUSAL" is for one dimension only."""
    return (effective_kernel_size - 1, 0)


def reverse_causal(effective_kernel_size: int) -> tuple[int, int]:
    """Outputs see no earlier inputs (`hk.pad.reverse_causal`); plain linen has no name for it."""
    return (0, effective_kernel_size - 1)


def replicate(element: Any, n: int, name: str) -> tuple[Any, ...]:
    """One value, or one for each dimension, as a tuple of `n`; linen reads one value as rank 1."""
    if isinstance(element, str) or not isinstance(element, Sequence):
        return (element,) * n
    if len(element) not in (1, n):
        raise TypeError(f"{name} must be one value or {n} values, got {element}.")
    return tuple(element) * (n if len(element) == 1 else 1)


def is_padfn(padding: Any) -> bool:
    """Whether `padding` is a padding function or a sequence of them (`hk.pad.is_padfn`).

    Plain linen takes no functions as padding.
    """
    return callable(padding[0] if isinstance(padding, Sequence) else padding)


def create_from_padfn(
    padding: Callable[[int], Any] | Sequence[Callable[[int], Any]],
    kernel: int | Sequence[int],
    rate: int | Sequence[int],
    n: int,
) -> tuple[Any, ...]:
    """Pairs (before, after) for `n` dimensions from padding functions (`hk.pad.create`).

    Each function gets the size of the dilated kernel. Plain linen takes no functions as padding.
    """
    functions = replicate(padding, n, "padding")
    kernels, rates = replicate(kernel, n, "kernel"), replicate(rate, n, "rate")
    return tuple(f((k - 1) * r + 1) for f, k, r in zip(functions, kernels, rates, strict=True))


def create_from_tuple(padding: Sequence[Any], n: int) -> tuple[Any, ...]:
    """Pairs (before, after) for `n` dimensions from one pair or `n` (`hk.pad.create_from_tuple`).

    Plain linen reads the pair (1, 2) as one number for each of two dimensions.
    """
    pairs = (tuple(padding),) if isinstance(padding[0], int) else tuple(padding)
    return replicate(pairs, n, "padding")


def create(
    padding: Callable[[int], Any] | Sequence[Callable[[int], Any]],
    kernel: int | Sequence[int],
    rate: int | Sequence[int],
    n: int,
) -> tuple[Any, ...]:
    """The older name of `create_from_padfn` (`hk.pad.create`); plain linen has neither."""
    return create_from_padfn(padding, kernel, rate, n)


def get_channel_index(data_format: str) -> int:
    """1 or -1: where a data format such as "NCHW" has its channels (`hk.get_channel_index`).

    Plain linen always has them last.
    """
    if data_format == "channels_last":
        return -1
    if data_format == "channels_first":
        return 1
    inner = data_format[1:-1]
    if data_format.startswith("NC") and "C" not in data_format[2:]:
        return 1
    if data_format.startswith("N") and data_format.endswith("C") and "C" not in inner:
        return -1
    if data_format[:2] in ("BT", "TB") and data_format.endswith("D") and "D" not in inner[1:]:
        return -1
    raise ValueError(f"Unknown data format {data_format!r}.")
