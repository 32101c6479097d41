"""Models that several tests need, made once by the real commands and kept in the build folder.

The folder is named after what they depend on (the tools, the Python package, the data), so a change of any makes them
anew, and running the tests again is quick.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from inputs import DATA, ONNX, PAIRS, REPOSITORY, samples
from lowbit import sts

CALIBRATION_SAMPLES = 100
LOWBIT = Path(sys.executable).parent / "lowbit"
MODELS = (*ONNX, "minilm")
Refused = Callable[..., None]


def tools_folder() -> Path:
    return Path(os.environ.get("LOWBIT_TOOLS") or REPOSITORY / "build" / "bin")


def lowbit(*arguments: object, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Runs the command as a user does."""
    return subprocess.run([str(LOWBIT), *map(str, arguments)], capture_output=True, text=True, cwd=cwd)


def must(done: "subprocess.CompletedProcess[str]") -> str:
    """The standard output of a command that has to succeed."""
    assert done.returncode == 0, f"{done.args} failed with {done.returncode}:\n{done.stderr}"
    return done.stdout


def refuse(done: "subprocess.CompletedProcess[str]", *words: str) -> None:
    """The command said what was wrong, once, and with these words."""
    assert done.returncode == 1, f"exit code {done.returncode}\n{done.stderr}"
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.count("error:") == 1, done.stderr
    assert done.stderr.startswith("error: "), done.stderr
    for word in words:
        assert word.lower() in done.stderr.lower(), f"{word!r} is not in: {done.stderr}"


class Artifacts:
    def __init__(self) -> None:
        base = REPOSITORY / "build" / "test-cache"
        self.folder = base / self._key()
        if base.is_dir():
            for old in base.iterdir():
                if old != self.folder:
                    shutil.rmtree(old)
        self.folder.mkdir(parents=True, exist_ok=True)

    @staticmethod
    def _key() -> str:
        digest = hashlib.sha256(os.environ.get("LOWBIT_DATA", "").encode())
        for tool in ("quant-opt", "quant-run"):
            state = (tools_folder() / tool).stat()
            digest.update(f"{tool} {state.st_size} {state.st_mtime_ns}".encode())
        for source in sorted([*(REPOSITORY / "python").rglob("*.py"), *Path(__file__).parent.glob("*.py")]):
            digest.update(source.read_bytes())
        for data in sorted(DATA.rglob("*")):
            if data.is_file():
                digest.update(f"{data.name} {data.stat().st_size}".encode())
        return digest.hexdigest()[:16]

    def onnx(self, model: str) -> Path:
        if model in ONNX:
            return ONNX[model]
        path = self.folder / f"{model}.onnx"
        if not path.exists():
            from lowbit.models import minilm

            unfinished = path.with_suffix(".part")
            minilm.save_minilm(unfinished)
            unfinished.rename(path)
        return path

    def imported(self, model: str) -> Path:
        path = self.folder / f"{model}.mlir"
        if not path.exists():
            must(lowbit("import", self.onnx(model), "-o", path))
        return path

    def calibration(self, model: str) -> Path:
        """Data to calibrate on: 100 images, or the sentences of the first 100 pairs."""
        if model == "minilm":
            folder = self.folder / "minilm-calibration"
            if not folder.is_dir():
                unfinished = folder.with_suffix(".part")
                shutil.rmtree(unfinished, ignore_errors=True)
                sts.write_by_length(sts.load_pairs(PAIRS).calibration(), unfinished)
                unfinished.rename(folder)
            return folder
        path = self.folder / f"{model}-calibration.npz"
        if not path.exists():
            save(path, samples(model, CALIBRATION_SAMPLES))
        return path

    def inputs(self, model: str, count: int = 8) -> Path:
        """A few inputs in one file."""
        path = self.folder / f"{model}-inputs-{count}.npz"
        if not path.exists():
            if model == "minilm":
                arrays = sts.pad(sts.load_pairs(PAIRS).scored().sentences[:count])
            else:
                arrays = samples(model, count)
            save(path, arrays)
        return path

    def quantized(self, model: str, mode: str, options: Sequence[str] = ()) -> Path:
        path = self.folder / f"{model}.{mode}.mlir"
        if not path.exists():
            must(lowbit("quantize", self.imported(model), "-o", path, *self.mode_options(model, mode), *options))
        return path

    def mode_options(self, model: str, mode: str) -> list[object]:
        return ["--calibration-data", self.calibration(model)] if mode == "static" else ["--mode", "dynamic"]


def save(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    unfinished = path.with_suffix(".part.npz")
    np.savez(unfinished, **arrays)
    unfinished.rename(path)
    return path


def load(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def run(model: Path, inputs: Path, folder: Path, *options: object) -> dict[str, np.ndarray]:
    """The outputs of `lowbit run`."""
    target = folder / f"{model.stem}-out.npz"
    must(lowbit("run", model, "--inputs", inputs, "-o", target, *options))
    return load(target)
