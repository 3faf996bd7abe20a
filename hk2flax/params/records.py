"""What a pickle becomes before its classes are known: inert records, never running code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hk2flax.params import dtypes


@dataclass(frozen=True)
class Global:
    """A class or function that a pickle names; it is never imported. `fields`: of a namedtuple."""

    module: str
    name: str
    fields: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The dotted name."""
        return f"{self.module}.{self.name}"


@dataclass(eq=False)
class Record:
    """An object of a class that is not imported: its class path and what the pickle says of it.

    args: positional constructor arguments (the fields of a namedtuple, in order).
    fields: attributes by name. items: contents of a dict subclass. elements: of a list subclass.
    """

    cls: Global
    args: tuple[Any, ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)
    items: dict[Any, Any] = field(default_factory=dict)
    elements: list[Any] = field(default_factory=list)

    @property
    def path(self) -> str:
        """Dotted name of the class."""
        return self.cls.path


class DtypeShell:
    """A numpy dtype under construction (pickles give the byte order in a second step)."""

    def __init__(self, spec: Any) -> None:
        """Keep `spec`: text ("f4"), or the Global of an extension type such as bfloat16."""
        self.name = spec.name.rsplit(".", 1)[-1] if isinstance(spec, Global) else spec
        self.order = "="
        self.is_extended = isinstance(spec, Global)

    def build(self, state: Any) -> None:
        """Take the state tuple (version, byte order, subarray, names, fields, ...)."""
        if not isinstance(state, tuple) or len(state) < 5 or any(state[2:5]):
            raise ValueError("structured numpy dtypes are not supported")
        order = state[1].decode("ascii") if isinstance(state[1], bytes) else state[1]
        if order not in ("<", ">", "|", "="):
            raise ValueError(f"impossible byte order {order!r} in a numpy dtype")
        self.order = order

    def resolve(self) -> np.dtype[Any]:
        """Return the numpy dtype; "O" is allowed (object arrays hold whole checkpoints)."""
        if isinstance(self.name, bytes):
            self.name = self.name.decode("ascii")
        if not isinstance(self.name, str):
            raise ValueError("a numpy dtype that is not given by name")
        if self.name in ("O", "O8", "O4", "|O", "object"):
            return np.dtype(object)
        dtype = dtypes.by_name(self.name)
        if self.is_extended or self.order in "|=":
            return dtype
        return dtype.newbyteorder(self.order)  # type: ignore[arg-type]


class ArrayShell:
    """A numpy array under construction; `value` is set by BUILD."""

    def __init__(self) -> None:
        """Start without contents."""
        self.value: Any = None

    def build(self, state: Any) -> None:
        """Take numpy's state: ([version,] shape, dtype, is_fortran, bytes or list of objects)."""
        if not isinstance(state, tuple) or len(state) not in (4, 5):
            raise ValueError("malformed state of a numpy array")
        shape, dtype, is_fortran, raw = state[-4:]
        self.value = make_array(raw, dtype, shape, "F" if is_fortran else "C")


def make_array(raw: Any, dtype: Any, shape: Any, order: str = "C") -> Any:
    """Build an array from bytes, sharing their memory; object arrays become (lists of) objects.

    Raises:
        ValueError: bytes, dtype and shape contradict each other.
    """
    if not isinstance(dtype, DtypeShell):
        raise ValueError("a numpy array without a dtype")
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError(f"impossible shape {shape!r} of a numpy array")
    resolved = dtype.resolve()
    count = 1
    for size in shape:
        count *= size
    if resolved.hasobject:
        if not isinstance(raw, list) or len(raw) != count:
            raise ValueError("object array whose contents do not fit its shape")
        return raw[0] if shape == () else raw
    if isinstance(raw, str):
        raw = raw.encode("latin1")
    if not isinstance(raw, bytes | bytearray) or len(raw) != count * resolved.itemsize:
        raise ValueError(f"array data does not fit shape {shape} and dtype {resolved}")
    flat = np.frombuffer(raw, dtype=resolved) if raw else np.zeros(count, resolved)
    array = flat.reshape(shape, order="F" if order == "F" else "C")
    return array if resolved.isnative else array.astype(resolved.newbyteorder("="))


def children(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield (key, child) for containers and records, nothing for leaves."""
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list | tuple):
        yield from enumerate(value)
    elif isinstance(value, Record):
        yield from value.fields.items()
        yield from value.items.items()
        yield from enumerate((*value.args, *value.elements))
