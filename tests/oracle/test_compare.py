"""When two arrays count as equal."""

import numpy as np
import pytest

from hk2flax.oracle.compare import Pair, compare, rounding


def status(ours, theirs, **options) -> str:
    return compare("x", [Pair("a", np.asarray(ours), np.asarray(theirs))], **options).status


def test_values_shapes_and_dtypes():
    one = np.ones(3, np.float32)
    assert status(one, one) == "equal"
    assert status(one, one + 1e-4) == "differs"
    assert status(one, one + 1e-4, loosen=100) == "equal"
    assert status(one, one.astype(np.float64)) == "differs"
    assert status(one, one[:2]) == "differs"
    assert status([np.nan, 1.0], [np.nan, 1.0]) == "equal"
    assert status([np.nan, 1.0], [0.0, 1.0]) == "differs"


def test_slack_is_what_values_may_differ_by_besides():
    zero, step = np.zeros(3, np.float32), np.full(3, 4e-5, np.float32)
    assert status(zero, step) == "differs"
    assert status(zero, step, slack=1e-4) == "equal"
    assert status(zero, step * 10, slack=1e-4) == "differs"


def test_rounding_is_relative_to_the_largest_value_of_all():
    values = [np.float32([1e-9]), np.float32([-3.0, np.inf])]
    assert rounding(values, 10.0) == pytest.approx(3e-5)
    assert rounding([], 10.0) == 0.0
    assert rounding([np.int32([7])], 10.0) == 0.0
