"""Models that several tests need, made once by the real commands and kept in the build folder.

The folder is named after what they depend on (the tools, the Python package, the data), so a change of any makes them
anew, and running the tests again is quick. Tests run in several processes: each file has a lock, which whoever makes it
holds.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from filelock import FileLock
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
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(base / "lock"):
            for old in base.iterdir():
                if old.is_dir() and old != self.folder:
                    shutil.rmtree(old)

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

    def _made(self, name: str, make: Callable[[Path], object]) -> Path:
        """The file or folder of that name, which `make` writes whole or not at all where it is not there yet."""
        path = self.folder / name
        with FileLock(self.folder / f"{name}.lock"):
            if not path.exists():
                make(path)
        return path

    def onnx(self, model: str) -> Path:
        if model in ONNX:
            return ONNX[model]
        from lowbit.models import minilm

        return self._made(f"{model}.onnx", lambda path: renamed(path, minilm.save_minilm))

    def imported(self, model: str) -> Path:
        return self._made(f"{model}.mlir", lambda path: must(lowbit("import", self.onnx(model), "-o", path)))

    def calibration(self, model: str) -> Path:
        """Data to calibrate on: 100 images, or the sentences of the first 100 pairs."""
        if model == "minilm":
            pairs = sts.load_pairs(PAIRS).calibration()
            return self._made(
                "minilm-calibration", lambda path: renamed(path, lambda folder: sts.write_by_length(pairs, folder))
            )
        return self._made(f"{model}-calibration.npz", lambda path: save(path, samples(model, CALIBRATION_SAMPLES)))

    def inputs(self, model: str, count: int = 8) -> Path:
        """A few inputs in one file."""

        def make(path: Path) -> None:
            if model == "minilm":
                save(path, sts.pad(sts.load_pairs(PAIRS).scored().sentences[:count]))
            else:
                save(path, samples(model, count))

        return self._made(f"{model}-inputs-{count}.npz", make)

    def quantized(self, model: str, mode: str, options: Sequence[str] = ()) -> Path:
        def make(path: Path) -> None:
            must(lowbit("quantize", self.imported(model), "-o", path, *self.mode_options(model, mode), *options))

        return self._made(f"{model}.{mode}.mlir", make)

    def mode_options(self, model: str, mode: str) -> list[object]:
        if mode in ("dynamic", "weight-only"):
            return ["--mode", mode]
        if mode == "dynamic-row":
            return ["--mode", "dynamic", "--activations", "i8,row"]
        # Its bar is met with smoothed activations.
        prepare = ["--prepare", "smooth-quant"] if (model, mode) == ("minilm", "integer-only") else []
        return ["--calibration-data", self.calibration(model), "--mode", mode, *prepare]


def renamed(path: Path, write: Callable[[Path], object]) -> None:
    """Writes under another name, so that a run that is broken off leaves nothing under this one."""
    unfinished = path.with_suffix(".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    write(unfinished)
    unfinished.rename(path)


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
