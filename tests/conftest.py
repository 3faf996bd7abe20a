"""Options of the suite: `pytest --device=gpu` runs the equivalence tests on an accelerator."""

from __future__ import annotations

import os

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--device", choices=("cpu", "gpu"), default="cpu", help="where the equivalence tests run"
    )


def pytest_configure(config: pytest.Config) -> None:
    # Before any test imports jax. Worker processes and xdist's workers inherit it.
    if config.getoption("--device") == "cpu":
        os.environ["JAX_PLATFORMS"] = "cpu"
    else:
        os.environ.pop("JAX_PLATFORMS", None)
