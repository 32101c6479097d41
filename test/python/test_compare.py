"""The measures of `lowbit compare` against values worked out by hand."""

import numpy as np
import pytest
from lowbit.compare import SQNR_EQUAL, Difference


def test_sqnr_and_cosine() -> None:
    difference = Difference()
    difference.add(np.array([[3.0, 4.0]]), np.array([[3.0, 4.5]]), by_row=True)
    assert difference.sqnr_db == pytest.approx(20.0)  # 25 / 0.25
    assert difference.max_abs == pytest.approx(0.5)
    assert difference.cosines == [pytest.approx((9 + 18) / np.sqrt(25 * 29.25))]


def test_sums_run_over_all_samples() -> None:
    parts, whole = Difference(), Difference()
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 6, 5))
    for x, y in zip(a, b, strict=True):
        parts.add(x, y)
    whole.add(a, b)
    assert parts.sqnr_db == pytest.approx(whole.sqnr_db)
    assert parts.cosine == pytest.approx(whole.cosine)


def test_equal_values_and_equal_infinities() -> None:
    difference = Difference()
    values = np.array([1.0, -np.inf])
    difference.add(values, values)
    assert difference.sqnr_db == SQNR_EQUAL
    assert difference.cosine == 1.0


def test_nothing_against_something() -> None:
    difference = Difference()
    difference.add(np.zeros(3), np.ones(3))
    assert difference.sqnr_db == -SQNR_EQUAL
    assert difference.cosine == 0.0
