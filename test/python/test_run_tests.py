"""The counting of utils/run_tests.py, on reports as the three test runners write them."""

import sys
from pathlib import Path

import pytest
from inputs import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "utils"))

from run_tests import Count, count_cases, run_suite

REPORTS = {
    "pytest": (
        '<testsuites><testsuite><testcase name="a"/><testcase name="b"><failure message="m">t</failure></testcase>'
        '<testcase name="c"><skipped message="m"/></testcase><testcase name="d"><error message="m"/></testcase>'
        "</testsuite></testsuites>",
        Count(1, 2, 1),
    ),
    "lit": (
        '<testsuites><testsuite name="l" tests="2"><testcase name="a" time="0.1"/><testcase name="b"><skipped '
        'message="Missing required feature(s)"/></testcase></testsuite></testsuites>',
        Count(1, 0, 1),
    ),
    "ctest": (
        '<testsuite name="c"><testcase name="a" status="run"/><testcase name="b" status="fail"><failure/></testcase>'
        '<testcase name="c" status="notrun"/></testsuite>',
        Count(1, 1, 1),
    ),
}


@pytest.mark.parametrize("runner", REPORTS)
def test_counts(runner: str, tmp_path: Path) -> None:
    text, expected = REPORTS[runner]
    (tmp_path / "r.xml").write_text(text)
    assert count_cases(tmp_path / "r.xml") == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("exit 1", Count(0, 1, 0)),  # crashed before it wrote anything
        ("echo '<testsuite/>' > $0", Count(0, 1, 0)),  # found no test
        ("echo '<testsuite><testcase/></testsuite>' > $0; exit 139", Count(1, 1, 0)),  # crashed at the end
        ("echo '<testsuite><testcase/></testsuite>' > $0", Count(1, 0, 0)),
    ],
)
def test_a_suite_that_crashes_or_is_empty_fails(script: str, expected: Count, tmp_path: Path) -> None:
    report = tmp_path / "r.xml"
    assert run_suite("suite", ["sh", "-c", script, str(report)], report) == expected
