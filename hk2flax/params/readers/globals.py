"""Which names a pickle may use, and what stands in for each: nothing a pickle names is imported.

Three kinds: names with a stand-in of ours (arrays, plain containers); names that can only be used
to run code, which are refused wherever they occur; everything else, of which a class may be
instantiated as an inert record and a function must not be called.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

from hk2flax.params.records import ArrayShell, DtypeShell, Global, Record, make_array


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_DENIED = _names(
    """
    os posix nt ntpath posixpath subprocess sys shutil runpy importlib imp ctypes pickle
    _pickle cPickle operator _operator pty socket webbrowser codeop marshal io _io tempfile
    multiprocessing concurrent asyncio threading _thread signal pydoc timeit pdb bdb profile
    cProfile doctest pip http urllib requests ftplib smtplib telnetlib sqlite3 commands popen2
    inspect gc atexit weakref builtins types linecache zipimport pkgutil cloudpickle
    """
)
_PLAIN = _names(
    """
    builtins.list builtins.dict builtins.tuple builtins.set builtins.frozenset builtins.bytes
    builtins.bytearray builtins.complex builtins.int builtins.float builtins.bool builtins.str
    builtins.object builtins.slice builtins.range builtins.type builtins.Ellipsis
    builtins.NotImplemented types.SimpleNamespace types.MappingProxyType types.NoneType
    """
)
# Classes with lower-case names, and constructors that stand for a class: inert when called.
_INERT = _names(
    """
    datetime.datetime datetime.date datetime.time datetime.timedelta datetime.timezone
    uuid.UUID functools.partial re._compile frozendict.frozendict immutabledict.immutabledict
    haiku._src.data_structures.frozendict haiku._src.data_structures.to_immutable_dict
    builtins.slice builtins.range builtins.object
    """
)


def canonical(module: str, name: str) -> Global:
    """Return the Global under its present name (Python 2 and numpy 1 names are translated)."""
    module = {"__builtin__": "builtins", "copy_reg": "copyreg"}.get(module, module)
    if module == "numpy.core" or module.startswith("numpy.core."):
        module = "numpy._core" + module[len("numpy.core") :]
    return Global(module, name)


def admit(module: str, name: str) -> Global:
    """Return an inert Global for a name in a pickle.

    Raises:
        pickle.UnpicklingError: the name can only serve to run code.
    """
    found = canonical(module, name)
    if found.module.split(".")[0] in _DENIED and found.path not in _PLAIN:
        raise pickle.UnpicklingError(f"refused: the pickle uses {module}.{name}, which runs code")
    return found


def call(function: Any, args: Any) -> Any:
    """Stand in for `function(*args)` (the REDUCE opcode).

    Raises:
        pickle.UnpicklingError: this would run code that is not known to be harmless.
    """
    if not isinstance(function, Global) or not isinstance(args, tuple):
        raise pickle.UnpicklingError("refused: the pickle calls something that is not a class")
    if function.path in _HANDLERS:
        return _HANDLERS[function.path](*args)
    if function.module.split(".")[0] in ("jax", "jaxlib") and "reconstruct" in function.name:
        return _array_from_parts(*args)
    if function.path in _INERT or function.module == "numpy.random._pickle":
        return Record(function, args)
    if function.name.rsplit(".", 1)[-1].lstrip("_")[:1].isupper():
        return Record(function, args)
    raise pickle.UnpicklingError(f"refused: the pickle calls {function.path}, which would run code")


def instantiate(cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Stand in for `cls.__new__(cls, *args, **kwargs)`: a record, or a plain container."""
    if not isinstance(cls, Global):
        raise pickle.UnpicklingError("refused: the pickle makes an instance of a non-class")
    if cls.path in _HANDLERS:
        return _HANDLERS[cls.path](*args)
    return Record(cls, tuple(args), dict(kwargs))


def _array_from_parts(function: Any, args: Any, state: Any, *_aval: Any) -> Any:
    """Rebuild a jax array of any age: numpy's constructor, its arguments, numpy's state."""
    shell = call(function, args)
    if not isinstance(shell, ArrayShell):
        raise ValueError("a jax array that is not made of a numpy array")
    shell.build(state)
    return shell


def _encode(text: str, encoding: str = "latin1") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1", "utf-8", "ascii"):
        raise pickle.UnpicklingError("refused: _codecs.encode with an unusual encoding")
    return text.encode(encoding)


def _scalar(dtype: Any, raw: Any = b"") -> Any:
    return make_array(raw, dtype, ())[()]


def _frombuffer(raw: Any, dtype: Any, shape: Any, order: Any = "C", *_axes: Any) -> Any:
    return make_array(raw, dtype, shape, str(order))


def _reconstructor(cls: Any, base: Any, state: Any) -> Any:
    made = instantiate(cls, (), {})
    if isinstance(made, Record) and isinstance(state, dict):
        made.items.update(state)
    elif isinstance(made, Record) and isinstance(state, list):
        made.elements.extend(state)
    elif isinstance(made, Record) and isinstance(state, tuple):
        made.args = state
    return made


def _container(kind: Callable[[Any], Any]) -> Callable[..., Any]:
    def build(*args: Any) -> Any:
        if args and not isinstance(args[0], list | tuple | dict | set | frozenset | bytes):
            return kind(())
        return kind(args[0]) if args else kind(())

    return build


def _number(kind: Callable[..., Any]) -> Callable[..., Any]:
    def build(*args: Any) -> Any:
        if not all(isinstance(arg, int | float | str) for arg in args):
            raise pickle.UnpicklingError(f"refused: unusual arguments of {kind}")
        return kind(*args)

    return build


def _bytes(*args: Any) -> bytes:
    return _encode(*args) if args and isinstance(args[0], str) else b"".join(args)


def _namedtuple(name: str, fields: Any, module: str = "", *_defaults: Any) -> Global:
    return Global(str(module), str(name), tuple(map(str, fields)))


_HANDLERS: dict[str, Callable[..., Any]] = {
    "numpy._core.multiarray._reconstruct": lambda *_: ArrayShell(),
    "numpy._core.multiarray.scalar": _scalar,
    "numpy._core.numeric._frombuffer": _frombuffer,
    "numpy.dtype": lambda spec, *_: DtypeShell(spec),
    "_codecs.encode": _encode,
    "copyreg._reconstructor": _reconstructor,
    "copyreg.__newobj__": lambda cls, *args: instantiate(cls, args, {}),
    "copyreg.__newobj_ex__": instantiate,
    "collections.OrderedDict": _container(dict),
    "collections.Counter": _container(dict),
    "collections.defaultdict": lambda *_: {},
    "collections.deque": _container(list),
    "builtins.list": _container(list),
    "builtins.dict": _container(dict),
    "builtins.tuple": _container(tuple),
    "builtins.set": _container(set),
    "builtins.frozenset": _container(frozenset),
    "builtins.bytes": _bytes,
    "builtins.bytearray": _bytes,
    "builtins.complex": _number(complex),
    "builtins.int": _number(int),
    "builtins.float": _number(float),
    "builtins.bool": _number(bool),
    "builtins.str": _number(str),
    "dill._dill._create_namedtuple": _namedtuple,
    "dill._dill._load_type": lambda name: Global("types", str(name)),
    "dill._dill._create_array": _array_from_parts,
}
