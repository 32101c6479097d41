"""The fuzzers of the dialect: a short run from the seeds, and how crashes are told apart."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from inputs import REPOSITORY

SCRIPT = REPOSITORY / "utils" / "fuzz.py"
SECONDS = 20

OURS = """==1==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x1
    #0 0x55 in mlir::IntegerType::getWidth() const (/usr/lib/llvm-22/lib/libMLIR.so.22.1+0x1)
    #1 0x56 in lowbit::AffineType::print(mlir::AsmPrinter&) const /src/lib/Dialect/Lowbit/IR/LowbitTypes.cpp:83:20
    #2 0x57 in (anonymous namespace)::Module::print() const /src/fuzz/RoundTrip.cpp:44
"""
NESTED = """==1==ERROR: AddressSanitizer: SEGV on unknown address
    #0 0x55 in llvm::APFloat::convert() (/usr/lib/libLLVM.so.22.1+0x1)
    #1 0x56 in mlir::detail::Parser::parseAttribute(mlir::Type) (/usr/lib/llvm-22/lib/libMLIR.so.22.1+0x2)
    #2 0x57 in lowbit::ObserveOp::parse() /src/build/fuzz/include/lowbit/Dialect/Lowbit/IR/LowbitOps.cpp.inc:7
    #3 0x58 in (anonymous namespace)::Module::Module() /src/fuzz/RoundTrip.cpp:44
"""
UNDEFINED = """/src/lib/Dialect/Lowbit/IR/LowbitTypes.cpp:31:29: runtime error: shift exponent 64 is too large
    #0 0x55 in lowbit::AffineType::fullRange(mlir::IntegerType) /src/lib/Dialect/Lowbit/IR/LowbitTypes.cpp:31:29
    #1 0x58 in (anonymous namespace)::Module::Module() /src/fuzz/RoundTrip.cpp:44
"""
PROMISE = (
    "lowbit-fuzz: a module is refused without an error\n    #0 0x55 in lowbit::fuzz::x() /src/fuzz/RoundTrip.cpp:9"
)


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("output", "is_ours", "kind", "where"),
    [
        (OURS, True, "heap-buffer-overflow", "lowbit::AffineType::print"),
        (NESTED, False, "SEGV", "mlir::detail::Parser::parseAttribute"),
        (UNDEFINED, True, "shift exponent 64 is too large", "lowbit::AffineType::fullRange"),
        (PROMISE, True, "broken promise", "a module is refused without an error"),
    ],
)
def test_crashes_are_told_apart(fuzz: ModuleType, output: str, is_ours: bool, kind: str, where: str) -> None:
    crash = fuzz.classify("text", output)
    assert (crash.is_ours, crash.kind) == (is_ours, kind)
    assert where in crash.where


def test_seeds_are_modules_with_their_aliases(fuzz: ModuleType) -> None:
    text = "// RUN: x\n!q = !lowbit.affine<i8>\n\nfunc.func private @a(!q)\n\n// CHECK\n  lowbit.mark\n// -----\nno\n"
    whole = "!q = !lowbit.affine<i8>\n\nfunc.func private @a(!q)\n\n  lowbit.mark\n"
    single = ["!q = !lowbit.affine<i8>\nfunc.func private @a(!q)\n", "!q = !lowbit.affine<i8>\nlowbit.mark\n"]
    assert fuzz.split_seeds(text) == [whole, *single]


def test_every_operation_of_the_dialect_has_a_seed(fuzz: ModuleType, tmp_path: Path) -> None:
    fuzz.write_seeds(tmp_path)
    seeds = "".join(file.read_text(encoding="utf-8") for file in tmp_path.iterdir())
    table = REPOSITORY / "include" / "lowbit" / "Dialect" / "Lowbit" / "IR" / "LowbitOps.td"
    operations = re.findall(r'^def Lowbit_\w+Op\b[^<"]*<\s*"(\w+)"', table.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(operations) > 5
    missing = [name for name in operations if not re.search(rf"lowbit\.{name}\b", seeds)]
    assert not missing


def test_a_short_run_finds_nothing() -> None:
    command = [sys.executable, str(SCRIPT), "--fresh", "--seconds", str(SECONDS)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    runs = {name: int(count) for name, count in re.findall(r"^fuzz: (\w+): (\d+) runs", done.stdout, re.MULTILINE)}
    assert set(runs) == {"text", "bytecode"}
    # Far below what a slow machine reaches: a fuzzer that does nothing is a failure.
    assert all(count > 100 for count in runs.values()), done.stdout
