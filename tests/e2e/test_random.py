"""A handful of random programs; `python -m tests.e2e.harness --random N --seed S` runs many."""

import pytest

from tests.e2e.harness import judge
from tests.e2e.random_programs import Writer, write_programs


@pytest.mark.parametrize("seed", range(12))
def test_random_program(seed, tmp_path, request):
    (program,) = write_programs(tmp_path / "programs", 1, seed)
    work = tmp_path / "work"
    work.mkdir()
    device = request.config.getoption("--device", default="cpu")
    result = judge(program, work, verify=False, device=device)
    if result.problems and result.problems[0].startswith("haiku:"):
        pytest.skip(f"Haiku refuses the program: {result.problems[0]}")
    assert not result.problems, "\n".join(result.problems)


def test_programs_parse_and_repeat():
    for seed in range(200):
        text = Writer(seed).program()
        compile(text, f"random_{seed}", "exec")
        assert text == Writer(seed).program()
