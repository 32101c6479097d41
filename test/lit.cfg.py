"""lit settings for test/**/*.mlir. The tree mirrors lib/; the Python tests beside it run under pytest.

Tools come from <build>/bin and from LLVM's own bin (FileCheck, not, split-file, count). A test that needs an
instruction set says so with `REQUIRES: avx512-vnni`, `avx-vnni`, `avx2`; the features are those of the host.
"""

import os
import pathlib
import platform

import lit.formats

source = pathlib.Path(__file__).resolve().parent
build = pathlib.Path(getattr(config, "lowbit_build", source.parent / "build"))
llvm_bin = getattr(config, "llvm_bin", "/usr/lib/llvm-22/bin")

config.name = "lowbit"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir"]
config.excludes = ["data", "python", "CMakeLists.txt"]
config.test_source_root = str(source)
config.test_exec_root = str(build / "test")

path = [build / "bin", build / "venv" / "bin", llvm_bin, config.environment.get("PATH", "")]
config.environment["PATH"] = os.pathsep.join(map(str, path))
config.environment["LOWBIT_TOOLS"] = str(build / "bin")
config.substitutions.append(("%data", str(source / "data")))
config.substitutions.append(("%python", str(build / "venv" / "bin" / "python")))
config.substitutions.append(("%plugin", str(build / "lib" / "LowbitPlugin.so")))


def host_flags() -> set[str]:
    """The instruction sets that the host has, under the names that `quant-run --isa` uses."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    flags = next((set(line.split(":")[1].split()) for line in lines if line.startswith("flags")), set())
    names = {"avx2": "avx2", "avx_vnni": "avx-vnni", "avx512_vnni": "avx512-vnni", "avx512f": "avx512"}
    return {name for flag, name in names.items() if flag in flags}


config.available_features.add(platform.machine())
config.available_features.update(host_flags())
