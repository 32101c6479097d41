"""The measures of `lowbit compare` against values worked out by hand."""

import json

import numpy as np
import pytest
from lowbit.compare import SQNR_EQUAL, Difference, summary


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


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_one_model_alone_breaks(value: float) -> None:
    """An element that is finite in one model only is the worst of differences, and the JSON stays valid."""
    good, bad = np.array([[1.0, 2.0]]), np.array([[1.0, value]])
    for a, b in ((good, bad), (bad, good), (bad, -bad if np.isinf(value) else np.array([[1.0, np.inf]]))):
        outputs, layers = {"y": Difference()}, {"inner": Difference()}
        outputs["y"].add(a, b, by_row=True)
        layers["inner"].add(a, b)
        result = summary("a", "b", 1, 1, outputs, layers)
        assert json.loads(json.dumps(result, allow_nan=False)) == result
        for row in result["outputs"] + result["layers"]:
            assert row["sqnr_db"] == -SQNR_EQUAL
        assert result["outputs"][0]["cosine_min"] is None
        assert result["layers"][0]["cosine"] is None
        assert "'y': 1 elements are NaN or infinite" in result["next"][0]
        assert "inner" in result["next"][0]


@pytest.mark.filterwarnings("error")
def test_equal_nan_by_row() -> None:
    difference = Difference()
    values = np.array([[1.0, -np.inf, np.nan]])
    difference.add(values, values, by_row=True)
    assert difference.sqnr_db == SQNR_EQUAL
    assert difference.cosines == [1.0]
