"""npz archives: keyed arrays, or one pickled dict per module.

Keys stay joined here; `hk2flax.params.keys` knows the styles. `np.savez(**params)` stores each
module as an object array, which is read by the restricted unpickler.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

from hk2flax.params.readers.loaded import Loaded
from hk2flax.params.readers.npy import read_npy
from hk2flax.params.readers.streams import check_expansion

_POSITIONAL = re.compile(r"arr_\d+")


def read_npz(path: Path) -> Loaded:
    """Read every array of the archive.

    Raises:
        ValueError: it holds no arrays, or only nameless ones, or is something else in a zip.
    """
    flat: dict[str, Any] = {}
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        members = [info for info in infos if info.filename.endswith(".npy")]
        if any(info.filename.endswith("data.pkl") for info in infos):
            raise ValueError("this is a torch file, not a Haiku checkpoint")
        if not members:
            raise ValueError("a zip archive without npy members: not an npz checkpoint")
        check_expansion(sum(info.file_size for info in infos), path.stat().st_size)
        for info in members:
            key = info.filename[: -len(".npy")]
            if key in flat:
                raise ValueError(f"the archive holds {key!r} twice")
            with archive.open(info) as member:
                flat[key] = _member(member, info.file_size, key)
    if all(_POSITIONAL.fullmatch(key) for key in flat) and (
        len(flat) > 1 or not isinstance(flat["arr_0"], dict | tuple | list)
    ):
        raise ValueError(
            "arrays without names (arr_0, arr_1, ...): the file does not say which leaf is which; "
            "load it with the code that wrote it and save the dict"
        )
    if list(flat) == ["arr_0"]:
        return Loaded(flat["arr_0"], "npz")
    is_flat = not any(isinstance(value, dict | tuple | list) for value in flat.values())
    return Loaded(flat, "npz", is_flat=is_flat)


def _member(stream: Any, size: int, key: str) -> Any:
    try:
        value = read_npy(stream, size)
    except (ValueError, EOFError) as error:
        raise type(error)(f"{key!r}: {error}") from error
    return value
