"""A pickle reader that runs no code: opcodes build plain data, arrays and inert records.

Built on the pure-Python machine of the standard library, with every opcode that would call
something replaced. Formats and their quirks: pickle protocols 0-5, dill, uncompressed joblib (which
puts raw array bytes into the stream behind a NumpyArrayWrapper; see joblib/numpy_pickle.py).
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any, BinaryIO, ClassVar

from hk2flax.params.readers import globals as names
from hk2flax.params.readers.bounded import Bounded
from hk2flax.params.readers.finish import finished
from hk2flax.params.records import ArrayShell, DtypeShell, Record, make_array

_JOBLIB = ("joblib.numpy_pickle.NumpyArrayWrapper", "sklearn.externals.joblib.numpy_pickle")


class SafeUnpickler(pickle._Unpickler):  # type: ignore[name-defined, misc]
    """The machine; `load()` returns plain data and records, not yet `finished`."""

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = dict(
        pickle._Unpickler.dispatch  # type: ignore[attr-defined]
    )
    stack: list[Any]
    append: Callable[[Any], None]
    read: Callable[[int], bytes]
    pop_mark: Callable[[], list[Any]]

    def __init__(self, stream: Bounded) -> None:
        """Read from `stream`; Python 2 strings are taken as latin-1, as numpy's data needs."""
        super().__init__(stream, encoding="latin1")
        self._stream = stream

    def find_class(self, module: str, name: str) -> Any:
        """Return an inert stand-in; nothing is imported."""
        return names.admit(module, name)

    def persistent_load(self, pid: Any) -> Any:
        """Refuse: the data lies elsewhere (torch files)."""
        raise pickle.UnpicklingError(
            "persistent ids: a torch file? its arrays are stored elsewhere"
        )

    def get_extension(self, code: int) -> None:
        """Refuse copyreg's extension registry."""
        raise pickle.UnpicklingError("refused: the pickle uses the extension registry")

    def _instantiate(self, klass: Any, args: Any) -> None:
        self.append(names.instantiate(klass, tuple(args), {}))

    def load_reduce(self) -> None:
        """REDUCE: a call."""
        args = self.stack.pop()
        self.stack[-1] = names.call(self.stack[-1], args)

    def load_newobj(self) -> None:
        """NEWOBJ: an instance of a class."""
        args = self.stack.pop()
        self.stack[-1] = names.instantiate(self.stack[-1], args, {})

    def load_newobj_ex(self) -> None:
        """NEWOBJ_EX: the same with keyword arguments."""
        kwargs, args = self.stack.pop(), self.stack.pop()
        self.stack[-1] = names.instantiate(self.stack[-1], args, kwargs)

    def load_build(self) -> None:
        """BUILD: state into an object made before; joblib's arrays follow in the stream."""
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, ArrayShell | DtypeShell):
            target.build(state)
        elif isinstance(target, Record):
            _set_state(target, state)
            if target.path.startswith(_JOBLIB):
                self.stack[-1] = self._joblib_array(target.fields)
        elif not isinstance(target, dict | list):
            raise pickle.UnpicklingError("refused: the pickle sets state on something else")

    def load_append(self) -> None:
        """APPEND."""
        value = self.stack.pop()
        _elements(self.stack[-1]).append(value)

    def load_appends(self) -> None:
        """APPENDS."""
        values = self.pop_mark()
        _elements(self.stack[-1]).extend(values)

    def load_setitem(self) -> None:
        """SETITEM."""
        value, key = self.stack.pop(), self.stack.pop()
        _items(self.stack[-1])[key] = value

    def load_setitems(self) -> None:
        """SETITEMS."""
        values = self.pop_mark()
        _items(self.stack[-1]).update(zip(values[::2], values[1::2], strict=True))

    def load_additems(self) -> None:
        """ADDITEMS."""
        values = self.pop_mark()
        if not isinstance(self.stack[-1], set):
            raise pickle.UnpicklingError("items are added to something that is no set")
        self.stack[-1].update(values)

    def load_bytearray8(self) -> None:
        """BYTEARRAY8, without allocating a length that the file does not have."""
        size = int.from_bytes(self.read(8), "little")
        self.append(bytearray(self.read(size)))

    def _joblib_array(self, fields: dict[str, Any]) -> Any:
        shape, dtype, order = (fields.get(key) for key in ("shape", "dtype", "order"))
        if not isinstance(dtype, DtypeShell) or not isinstance(shape, tuple):
            raise ValueError("malformed joblib array")
        resolved = dtype.resolve()
        if resolved.hasobject:
            return SafeUnpickler(self._stream).load()
        size = resolved.itemsize
        for count in shape:
            size *= int(count)
        if fields.get("numpy_array_alignment_bytes") is not None:
            self._stream.read(self._stream.read(1)[0])
        return make_array(self._stream.read(size), dtype, shape, str(order))


for _opcode, _method in (
    (pickle.REDUCE, SafeUnpickler.load_reduce),
    (pickle.NEWOBJ, SafeUnpickler.load_newobj),
    (pickle.NEWOBJ_EX, SafeUnpickler.load_newobj_ex),
    (pickle.BUILD, SafeUnpickler.load_build),
    (pickle.APPEND, SafeUnpickler.load_append),
    (pickle.APPENDS, SafeUnpickler.load_appends),
    (pickle.SETITEM, SafeUnpickler.load_setitem),
    (pickle.SETITEMS, SafeUnpickler.load_setitems),
    (pickle.ADDITEMS, SafeUnpickler.load_additems),
    (pickle.BYTEARRAY8, SafeUnpickler.load_bytearray8),
):
    SafeUnpickler.dispatch[_opcode[0]] = _method


def read_pickles(stream: BinaryIO, size: int) -> Any:
    """Read the pickle in `stream`; several in a row (params, then state) become a tuple.

    Raises:
        pickle.UnpicklingError: refused, with the name that would have run code.
        EOFError, ValueError, ...: broken data.
    """
    bounded = Bounded(stream, size)
    found = [finished(SafeUnpickler(bounded).load())]
    while bounded.left and len(found) < 8:
        found.append(finished(SafeUnpickler(bounded).load()))
    return found[0] if len(found) == 1 else tuple(found)


def _set_state(record: Record, state: Any) -> None:
    parts = state if isinstance(state, tuple) and len(state) == 2 else (state,)
    for part in parts:
        if isinstance(part, dict):
            record.fields.update((str(key), value) for key, value in part.items())
        elif part is not None and not isinstance(state, dict):
            record.fields["state"] = state
            return


def _elements(target: Any) -> list[Any]:
    if isinstance(target, Record):
        return target.elements
    if not isinstance(target, list):
        raise pickle.UnpicklingError("elements are appended to something that is no list")
    return target


def _items(target: Any) -> dict[Any, Any]:
    if isinstance(target, Record):
        return target.items
    if not isinstance(target, dict):
        raise pickle.UnpicklingError("items are set on something that is no dict")
    return target
