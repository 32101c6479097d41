"""StableHLO's own expected values, against modules of the same meaning, compiled and interpreted: exactly.

The files check within 1e-4; here every float has to be on the grid of its quantized type, so integers and floats are
compared bit for bit. The one rule that differs is NaN (docs/goldens.md), and where it does is listed.

Where LOWBIT_DATA names a folder with mlir/stablehlo, the files that ship are held against those there.
"""

from __future__ import annotations

import functools
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
import stablehlo
from modules import EXECUTORS, REPOSITORY, Module
from stablehlo_modules import Builder, Golden

SHIPPED = REPOSITORY / "test" / "data" / "stablehlo" / "quantized.tar.xz"
BATCH = 8  # files whose cases share a module
FUNCTIONS = 131  # quantized functions in all self-checking files

# What lies with the self-checking files and is none.
LEFT_OUT = {
    "conversions/tosa/tests/legalize_quant_ops_to_tosa_rescale.mlir": "FileCheck of a rewrite to TOSA; no values",
    "tests/ops_stablehlo_quantized.mlir": "verifier tests; no values",
    "tests/transforms/stablehlo_legalize_qdq_to_quantized_op.mlir": "FileCheck of a rewrite; no values",
    "tests/transforms/stablehlo_legalize_quant_to_int.mlir": "FileCheck of a rewrite; no values",
    "tests/transforms/stablehlo_legalize_quantized_op_to_qdq.mlir": "FileCheck of a rewrite; no values",
}

# Elements that were NaN when they were quantized: StableHLO's reference converts NaN to the integer 0, N7 makes it the
# zero point. Where, and the final integer: theirs and ours.
NAN = {
    "ceil_qi8.mlir#2": [(8, 127, -128)],
    "cosine_qi8.mlir#2": [(8, 96, 127)],
    "div_dtypes_lhs_float32_2__rhs_float32_2_qi8.mlir": [(1, 0, -128)],
    "div_singularity_0_by_0_lhs_float32_2__rhs_float32_2_qi8.mlir": [(0, 0, -128), (1, 0, -128)],
    "div_singularity_negative_by_0_lhs_float32_2__rhs_float32_2_qi8.mlir": [(0, 0, -128), (1, 0, -128)],
    "negate_qi8.mlir#12": [(8, -1, 127)],
    "sine_qi8.mlir#2": [(8, 18, -128)],
    "tanh_qi8.mlir#2": [(8, 27, -128)],
}


def read_archive() -> dict[str, str]:
    """The files that ship, by their path in StableHLO's source tree without its first folder."""
    with tarfile.open(SHIPPED) as archive:
        found = {}
        for member in archive:
            file = archive.extractfile(member)
            assert file, member.name
            found[member.name] = file.read().decode()
    return found


FILES = read_archive()
NAMES = sorted(FILES)


def read(name: str) -> list[stablehlo.Case]:
    return stablehlo.read(Path(name).name, FILES[name])


@functools.cache
def results(batch: int, executor: str, folder: Path) -> tuple[dict[str, Golden], dict[str, np.ndarray]]:
    """What a batch of files, in one module, has to give and what it gives."""
    module = Module()
    goldens: dict[str, Golden] = {}
    for name in NAMES[batch * BATCH : (batch + 1) * BATCH]:
        for case in read(name):
            goldens.update(Builder(case, module).build())
    return goldens, EXECUTORS[executor](module, folder)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stablehlo")


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("name", NAMES, ids=lambda name: Path(name).stem[:80])
def test_expected_values(name: str, executor: str, folder: Path) -> None:
    goldens, outputs = results(NAMES.index(name) // BATCH, executor, folder)
    file = Path(name).name
    mine = {label: golden for label, golden in goldens.items() if label.split(":")[0].split("#")[0] == file}
    assert mine, f"{name} checks nothing"
    for label, golden in mine.items():
        output, wanted = outputs[label], golden.array
        assert (output.shape, output.dtype) == (wanted.shape, wanted.dtype)
        different = np.flatnonzero(output.view(np.int32) != wanted.view(np.int32))
        listed = NAN.get(label.split(":")[0], [])
        assert different.tolist() == [place for place, _, _ in listed], (
            f"{label}: {different.size} of {output.size} differ: {output.flat[different[:3]]} for "
            f"{wanted.flat[different[:3]]} at {different[:3]}"
        )
        for place, theirs, ours in listed:
            assert any(np.isnan(outputs[source].flat[place]) for source in golden.sources)
            if wanted.dtype == np.int32:
                assert (wanted.flat[place], output.flat[place]) == (theirs, ours)


def test_every_case_is_covered() -> None:
    cases = [case for name in NAMES for case in read(name)]
    assert len(cases) == FUNCTIONS
    assert {case.file for case in cases} == {Path(name).name for name in NAMES}
    assert NAN.keys() <= {case.name for case in cases}


def test_every_file_ships_or_is_left_out() -> None:
    given = os.environ.get("LOWBIT_DATA")
    folder = Path(given) / "mlir" / "stablehlo" if given else None
    if folder is None or not folder.is_dir():
        pytest.skip("StableHLO's originals are not here: set LOWBIT_DATA (see test/data/SOURCES.md)")
    originals = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.mlir")}
    assert FILES.keys() | LEFT_OUT.keys() == originals.keys()
    for name, text in FILES.items():
        assert originals[name].read_text(encoding="utf-8") == text, name
