"""Runs lint and every test suite; the last line is the sum: `N passed, N failed, N skipped`.

    run_tests.py --build build [--only lint|lit|unit|python ...]

The suites are lit (test/**/*.mlir), the C++ unit tests (through ctest) and pytest (test/python). Each writes a JUnit
report to <build>/reports, from which the cases are counted. A suite that crashes, or that finds no test, is a failure,
and so is a finding of lint.
"""

import argparse
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"

    @property
    def total(self) -> int:
        return self.passed + self.failed + self.skipped


def count_cases(report: Path) -> Count:
    """The cases of a JUnit report as lit, ctest and pytest write it."""
    count = Count()
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
            count.failed += 1
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            count.skipped += 1
        else:
            count.passed += 1
    return count


def run_suite(name: str, command: list[str], report: Path) -> Count:
    print(f"== {name}", flush=True)
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    started = time.monotonic()
    code = subprocess.run(command, cwd=ROOT).returncode
    try:
        count = count_cases(report)
    except (OSError, ElementTree.ParseError):
        count = Count()
    if not count.total:
        print(f"== {name}: no test was found or run (exit code {code})", flush=True)
        count.failed += 1
    elif code and not count.failed:
        print(f"== {name}: ended with exit code {code}, though no test failed", flush=True)
        count.failed += 1
    print(f"== {name}: {count} in {time.monotonic() - started:.0f} s", flush=True)
    return count


def run_lint() -> bool:
    print("== lint", flush=True)
    return subprocess.run([sys.executable, str(ROOT / "utils" / "lint.py")], cwd=ROOT).returncode == 0


def jobs() -> int:
    """How many tests to run at once. Many of them run models on all cores themselves."""
    return min(os.cpu_count() or 1, 8)


def commands(build: Path) -> dict[str, tuple[list[str], Path]]:
    bin_dir = Path(sys.executable).parent
    reports = build / "reports"
    lit, unit, python = reports / "lit.xml", reports / "unit.xml", reports / "python.xml"
    site = build / "test" / "lit.site.cfg.py"
    lit_folder = build / "test" if site.exists() else ROOT / "test"
    ctest_folder = build if (build / "CTestTestfile.cmake").exists() else build / "unittests"
    return {
        "lit": ([str(bin_dir / "lit"), "-sv", f"--xunit-xml-output={lit}", str(lit_folder)], lit),
        "unit": (
            ["ctest", "--test-dir", str(ctest_folder), "--output-on-failure", "--no-tests=error", "--progress"]
            + ["--parallel", str(jobs()), "--output-junit", str(unit)],
            unit,
        ),
        # A file's tests share what is slow to make. In the order of their names, the last files are short ones.
        "python": (
            [sys.executable, "-m", "pytest", "-q", f"--numprocesses={jobs()}", "--dist=loadfile"]
            + ["--no-loadscope-reorder", f"--junitxml={python}"],
            python,
        ),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="the build folder")
    parser.add_argument("--only", nargs="+", choices=["lint", "lit", "unit", "python"], help="run only these")
    args = parser.parse_args()
    build = args.build.resolve()
    os.environ["LOWBIT_TOOLS"] = str(build / "bin")
    wanted = args.only or ["lint", "lit", "unit", "python"]
    clean = run_lint() if "lint" in wanted else True
    total = Count()
    for name, (command, report) in commands(build).items():
        if name in wanted:
            total += run_suite(name, command, report)
    if not clean:
        print("lint has findings: see the top of this output", flush=True)
    print(total, flush=True)
    return 0 if clean and not total.failed else 1


if __name__ == "__main__":
    sys.exit(main())
