"""Where the bundled example project is."""

from __future__ import annotations

import sys
from pathlib import Path

NAME = "mnist_resnet"


def example() -> Path:
    """The example's directory: in the checkout, else where an installation puts shared files.

    Raises FileNotFoundError.
    """
    checkout = Path(__file__).resolve().parents[2] / "examples" / NAME
    installed = Path(sys.prefix) / "share" / "hk2flax" / "examples" / NAME
    for directory in (checkout, installed):
        if (directory / "driver.py").is_file():
            return directory
    raise FileNotFoundError(2, "the bundled example is missing", str(installed))
