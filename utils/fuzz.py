"""Fuzzes the dialect's text parser and bytecode reader, with our libraries under ASan, UBSan and coverage.

    fuzz.py --seconds 3600          both fuzzers, half of the time each
    fuzz.py --seconds 20 --fresh    from the seeds alone, so that a run can be repeated

Builds the fuzzers in their own folder first. Seeds are the modules of test/Dialect, so that new operations are fuzzed
as soon as they have a test. A crash is ours when our code is on its stack, other than by calling MLIR's own parsers;
libMLIR is not instrumented, and what it does with bad input elsewhere is listed and does not fail the run.
Inputs that crash are kept in <build>/crashes.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LLVM = Path("/usr/lib/llvm-22")
TARGETS = ("text", "bytecode")

OPTIONS = ["-timeout=10", "-rss_limit_mb=2560", "-malloc_limit_mb=1024", "-max_len=4096", "-print_final_stats=1"]
ENVIRONMENT = {
    # Vectors and arenas are shared with libMLIR, which does not mark what it takes; contexts are not freed at exit.
    "ASAN_OPTIONS": "detect_container_overflow=0:allow_user_poisoning=0:detect_leaks=0:detect_odr_violation=0",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "ASAN_SYMBOLIZER_PATH": str(LLVM / "bin" / "llvm-symbolizer"),
    "UBSAN_SYMBOLIZER_PATH": str(LLVM / "bin" / "llvm-symbolizer"),
}

FRAME = re.compile(r"^\s*#\d+ 0x[0-9a-f]+ (?:in )?(.*)$", re.MULTILINE)
OUR_SOURCES = re.compile(r"/(lib/Dialect/Lowbit|lib/Numerics|include/lowbit)/")
HARNESS = re.compile(r"/fuzz/\w+\.(cpp|h)|LLVMFuzzer|fuzzer::")
# MLIR reads and prints what is nested in our operations; what goes wrong in there is its own.
NESTED = re.compile(
    r"mlir::(detail::Parser::|AsmPrinter::|DialectBytecode)|\b(AttrTypeReader|BytecodeReader|PropertiesSec)"
)


@dataclass
class Crash:
    """What a fuzzer stopped at."""

    target: str
    kind: str
    is_ours: bool
    where: str
    artifact: str = ""

    def __str__(self) -> str:
        return f"{self.target}: {self.kind} in {self.where}" + (f" ({self.artifact})" if self.artifact else "")


@dataclass
class Result:
    runs: int = 0
    coverage: int = 0
    crashes: list[Crash] = field(default_factory=list)


def classify(target: str, output: str) -> Crash:
    """Whose crash it is, from what the fuzzer printed."""
    if own := re.search(r"^lowbit-fuzz: (.*)$", output, re.MULTILINE):
        return Crash(target, "broken promise", True, own.group(1))
    kind = "crash"
    if named := re.search(
        r"ERROR: (?:AddressSanitizer|libFuzzer): ([\w-]+)|runtime error: (.*)$", output, re.MULTILINE
    ):
        kind = named.group(1) or named.group(2)
    frames: list[str] = []
    for frame in FRAME.findall(output):
        if HARNESS.search(frame):
            break
        frames.append(frame)
    named_frames = [frame for frame in frames if "mlir::" in frame or OUR_SOURCES.search(frame)]
    for frame in frames:
        if OUR_SOURCES.search(frame):
            return Crash(target, kind, True, frame)
        if NESTED.search(frame):
            break
    return Crash(target, kind, False, named_frames[0] if named_frames else "unknown code")


def split_seeds(text: str) -> list[str]:
    """The modules of a test: its parts, and each of their blocks alone, with the aliases that it may use."""
    seeds = []
    for part in re.split(r"^// ?-----.*$|^//--- .*$", text, flags=re.MULTILINE):
        lines = [line for line in part.splitlines() if not line.lstrip().startswith("//")]
        aliases = [line for line in lines if re.match(r"[!#]\w+ *=", line)]
        blocks = re.split(r"\n\s*\n", "\n".join(line for line in lines if line not in aliases))
        whole = "\n".join(lines).strip() + "\n"
        single = ["\n".join([*aliases, block.strip()]) + "\n" for block in blocks if block.strip()]
        seeds += [seed for seed in dict.fromkeys([whole, *single]) if "lowbit." in seed]
    return seeds


def type_seeds(text: str) -> list[str]:
    """Each type of the dialect alone, where nothing but its own verifier refuses it."""
    types = dict.fromkeys(re.findall(r"!lowbit\.\w+(?:<[^<>\n]*>)?", text))
    return [f"func.func private @f(tensor<2x3x4x!{name[1:]}>)\n" for name in types]


def write_seeds(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for file in sorted((ROOT / "test" / "Dialect").rglob("*.mlir")):
        text = file.read_text(encoding="utf-8")
        for seed in [*split_seeds(text), *type_seeds(text)]:
            (folder / f"seed-{count:04}.mlir").write_text(seed, encoding="utf-8")
            count += 1
    if not count:
        sys.exit("fuzz: no seed in test/Dialect")
    return count


def write_dictionary(seeds: Path, path: Path) -> None:
    """The words of the seeds, which are the keywords of the dialect."""
    words = {word for file in seeds.glob("seed-*") for word in re.findall(r"[A-Za-z_]\w{2,30}", file.read_text())}
    path.write_text("".join(f'"{word}"\n' for word in sorted(words)), encoding="utf-8")


def build(folder: Path) -> None:
    started = time.monotonic()
    if not (folder / "build.ninja").exists():
        command = ["cmake", "-S", str(ROOT), "-B", str(folder), "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={LLVM}"]
        command += ["-DCMAKE_C_COMPILER=clang-22", "-DCMAKE_CXX_COMPILER=clang++-22", "-DLOWBIT_BUILD_TESTS=OFF"]
        command += ["-DLOWBIT_SANITIZE=address,undefined", "-DLOWBIT_BUILD_FUZZERS=ON"]
        run_quietly(command)
    run_quietly(["ninja", "-C", str(folder), *(f"lowbit-fuzz-{target}" for target in TARGETS)])
    print(f"fuzz: built in {time.monotonic() - started:.0f} s", flush=True)


def run_quietly(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if done.returncode:
        sys.exit(f"fuzz: {' '.join(command)}\n{done.stdout[-8000:]}")


def number(name: str, output: str) -> int:
    found = re.findall(rf"{name}:? +(\d+)", output)
    return int(found[-1]) if found else 0


def fuzz(target: str, folder: Path, seconds: int, seed: int) -> Result:
    """Runs one fuzzer for the time, again after each crash."""
    corpus, crashes = folder / "corpus" / target, folder / "crashes"
    crashes.mkdir(exist_ok=True)
    write_seeds(corpus)
    write_dictionary(corpus, folder / "words.dict")
    result = Result()
    end = time.monotonic() + seconds
    while (left := round(end - time.monotonic())) > 0:
        command = [str(folder / "bin" / f"lowbit-fuzz-{target}"), f"-max_total_time={left}", *OPTIONS]
        command += [f"-seed={seed + len(result.crashes)}", f"-dict={folder / 'words.dict'}"]
        command += [f"-artifact_prefix={crashes}/{target}-", str(corpus)]
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, **ENVIRONMENT},
        )
        result.runs += number("stat::number_of_executed_units", done.stdout)
        result.coverage = max(result.coverage, number("cov", done.stdout))
        if done.returncode == 0:
            break
        crash = classify(target, done.stdout)
        if artifact := re.search(r"Test unit written to (\S+)", done.stdout):
            crash.artifact = artifact.group(1)
        result.crashes.append(crash)
        if crash.is_ours or not artifact:
            print(done.stdout[-6000:], flush=True)
            crash.is_ours = True  # A fuzzer that ends without an input is broken.
            break
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "fuzz", help="the folder to build in")
    parser.add_argument("--seconds", type=int, default=3600, help="the time for all fuzzers together")
    parser.add_argument("--seed", type=int, default=1, help="where the random numbers begin")
    parser.add_argument("--fresh", action="store_true", help="forget the inputs that earlier runs found")
    args = parser.parse_args()
    folder = args.build.resolve()
    build(folder)
    if args.fresh:
        shutil.rmtree(folder / "corpus", ignore_errors=True)
    status = 0
    for target in TARGETS:
        result = fuzz(target, folder, max(1, args.seconds // len(TARGETS)), args.seed)
        ours = [crash for crash in result.crashes if crash.is_ours]
        theirs = {str(crash.where): crash for crash in result.crashes if not crash.is_ours}
        print(f"fuzz: {target}: {result.runs} runs, {result.coverage} edges, {len(ours)} crashes of ours", flush=True)
        for crash in theirs.values():
            print(f"fuzz: MLIR's own: {crash}", flush=True)
        for crash in ours:
            print(f"fuzz: ERROR: {crash}", flush=True)
        status |= bool(ours)
    return status


if __name__ == "__main__":
    sys.exit(main())
