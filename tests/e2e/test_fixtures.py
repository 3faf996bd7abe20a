"""Every program of fixtures/ goes through the whole tool."""

import os
from pathlib import Path

import pytest

from tests.e2e.harness import judge, programs

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
# verify makes about three times the comparisons that the harness makes itself; on the many small
# traps it runs when asked for, on the documents' own programs always.
VERIFY_ALL = bool(os.environ.get("HK2FLAX_VERIFY_ALL"))


def named(folder):
    return [pytest.param(path, id=path.name) for path in programs(FIXTURES / folder)]


def device(request):
    return request.config.getoption("--device", default="cpu")


@pytest.mark.parametrize("program", named("seeds"))
def test_program_of_a_seed_document(program, tmp_path, request):
    result = judge(program, tmp_path, device=device(request))
    assert not result.problems, "\n".join(result.problems)
    assert result.exit_code == 0


@pytest.mark.parametrize("program", named("traps"))
def test_trap(program, tmp_path, request):
    result = judge(program, tmp_path, verify=VERIFY_ALL, device=device(request))
    assert not result.problems, "\n".join(result.problems)


@pytest.mark.parametrize("program", named("seeds"))
def test_linen_flavour_compiles_and_is_stable(program, tmp_path):
    result = judge(program, tmp_path, prefer="linen")
    assert not result.problems, "\n".join(result.problems)
