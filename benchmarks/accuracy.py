"""How near int8 models are to their float models: ours against those that MLPerf Tiny ships, run by LiteRT.

    accuracy.py --litert PYTHON [--models NAME ...] [--data shared/data/mlperf_tiny] [--output build/bench/accuracy]
                [--test N] [--calibration N] [--options TEXT ...]

PYTHON is the interpreter of an environment with ai-edge-litert, which runs both .tflite files of a model:

    python3 -m venv build/litert && build/litert/bin/pip install ai-edge-litert

Images are squares of scikit-learn's two photographs at random places and scales; spectrograms are of noise (see
`spectrograms`). Ours is calibrated on others than those it is scored on. The figure is the mean over the samples of the
signal to quantization noise ratio of the model's output (after the softmax, where it ends with one) in dB; an int8
output is first dequantized with the model's own parameters.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).resolve().parent.parent
LOWBIT = Path(sys.executable).parent / "lowbit"
MODES = ("static", "integer-only")
# Runs a .tflite model on the arrays of an .npz, one sample at a time.
_LITERT = """
import sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter
model, source, target = sys.argv[1:]
interpreter = Interpreter(model, num_threads=1)
interpreter.allocate_tensors()
(given,), (made,) = interpreter.get_input_details(), interpreter.get_output_details()
outputs = []
for sample in np.load(source)["input"]:
    sample = sample[None]
    if given["dtype"] == np.int8:
        scale, zero = given["quantization"]
        sample = np.clip(np.round(sample / scale) + zero, -128, 127).astype(np.int8)
    interpreter.set_tensor(given["index"], sample)
    interpreter.invoke()
    output = interpreter.get_tensor(made["index"])
    if made["dtype"] == np.int8:
        scale, zero = made["quantization"]
        output = (output.astype(np.float32) - zero) * np.float32(scale)
    outputs.append(output)
np.savez(target, output=np.concatenate(outputs))
"""


def photographs(count: int, size: int, seed: int) -> np.ndarray:
    """Squares of two photographs, scaled to `size`, [count, size, size, 3] in 0..255."""
    from PIL import Image
    from sklearn.datasets import load_sample_images

    pictures = [Image.fromarray(image) for image in load_sample_images().images]
    random = np.random.default_rng(seed)
    result = []
    for index in range(count):
        picture = pictures[index % len(pictures)]
        side = int(random.integers(64, min(picture.size) + 1))
        left, top = (int(random.integers(0, extent - side + 1)) for extent in picture.size)
        crop = picture.crop((left, top, left + side, top + side))
        result.append(np.asarray(crop.resize((size, size), Image.Resampling.BILINEAR), np.float32))
    return np.stack(result)


def mel_filters(bands: int, bins: int, rate: int) -> np.ndarray:
    """Triangles on the mel scale [bands, bins]."""
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + rate / 1400), bands + 2) / 2595) - 1)
    frequencies = np.linspace(0, rate / 2, bins)
    rising = (frequencies - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - frequencies) / np.diff(edges)[1:, None]
    area = 2 / (edges[2:] - edges[:-2])
    return np.maximum(0, np.minimum(rising, falling)) * area[:, None]


def spectrograms(count: int, seed: int) -> np.ndarray:
    """Five frames of 128 mel bands in dB [count, 640], as the reference training makes them of recordings at 16 kHz
    (windows of 1,024 samples, steps of 512), of noise: white noise through a random slope of the spectrum, with the hum
    of a motor (a random pitch and its harmonics), at a random loudness."""
    random = np.random.default_rng(seed)
    rate, window, step, frames, bands = 16000, 1024, 512, 5, 128
    length = window + step * (frames - 1)
    filters = mel_filters(bands, window // 2 + 1, rate)
    hann = np.hanning(window + 1)[:-1]
    time, frequencies = np.arange(length) / rate, np.fft.rfftfreq(length, 1 / rate)
    result = []
    for _ in range(count):
        slope = np.maximum(frequencies, 50) ** -random.uniform(0, 1)
        noise = np.fft.irfft(np.fft.rfft(random.standard_normal(length)) * slope, length)
        pitch = random.uniform(50, 400)
        hum = sum(np.sin(2 * np.pi * pitch * k * time + random.uniform(0, 6.3)) / k for k in range(1, 12))
        sound = noise / noise.std() + random.uniform(0, 2) * hum
        sound *= 10 ** random.uniform(-2.5, -1)
        spectrum = np.stack([np.fft.rfft(hann * sound[i * step : i * step + window]) for i in range(frames)])
        power = np.abs(spectrum) ** 2 @ filters.T
        result.append(10 * np.log10(power + np.finfo(float).eps).ravel())
    return np.stack(result).astype(np.float32)


SAMPLES: dict[str, Callable[[int, int], np.ndarray]] = {
    "resnet8_cifar10": lambda count, seed: photographs(count, 32, seed),
    "mobilenet_vww": lambda count, seed: photographs(count, 96, seed) / np.float32(255),
    "fc_autoencoder_ad": spectrograms,
}


def ratios(reference: np.ndarray, found: np.ndarray) -> np.ndarray:
    """dB of each sample. A sample without any error counts as 150 dB, which f32 cannot exceed."""
    signal, noise = reference.astype(float), found.astype(float) - reference
    dimensions = tuple(range(1, signal.ndim))
    power = (noise**2).sum(dimensions)
    power = np.maximum(power, 1e-15 * (signal**2).sum(dimensions))
    return np.asarray(10 * np.log10((signal**2).sum(dimensions) / power))


def run(*command: object) -> None:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stderr}")


def by_litert(python: Path, model: Path, source: Path, target: Path) -> np.ndarray:
    run(python, "-c", _LITERT, model, source, target)
    return np.asarray(np.load(target)["output"])


def measure(name: str, arguments: argparse.Namespace, folder: Path) -> dict[str, object]:
    test, calibration = folder / f"{name}-test.npz", folder / f"{name}-calibration.npz"
    np.savez(test, input=SAMPLES[name](arguments.test, 1))
    np.savez(calibration, input=SAMPLES[name](arguments.calibration, 2))
    outputs = {
        form: by_litert(arguments.litert, arguments.data / f"{name}_{form}.tflite", test, folder / f"{name}-{form}.npz")
        for form in ("float", "int8")
    }
    imported = folder / f"{name}.mlir"
    run(LOWBIT, "import", arguments.data / f"{name}_float.onnx", "-o", imported)
    modules = {"ours, float": imported}
    for options in ["", *arguments.options]:
        for mode in MODES:
            title = f"ours, {mode}" + (f", {options}" if options else "")
            module = modules[title] = folder / f"{name}-{len(modules)}.mlir"
            given = ["--calibration-data", calibration, "--mode", mode, *options.split()]
            run(LOWBIT, "quantize", imported, "-o", module, *given)
    for title, module in modules.items():
        run(LOWBIT, "run", module, "--inputs", test, "-o", folder / "out.npz")
        (outputs[title],) = np.load(folder / "out.npz").values()
    reference = outputs.pop("float")
    outputs["vendor, int8"] = outputs.pop("int8")
    result: dict[str, object] = {}
    for title in ["vendor, int8", *modules]:
        found = ratios(reference, outputs[title].reshape(reference.shape))
        error = np.abs(outputs[title].reshape(reference.shape) - reference)
        result[title] = {
            "mean_db": float(found.mean()),
            "median_db": float(np.median(found)),
            "mae": float(error.mean()),
        }
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--litert", type=Path, required=True, help="the Python that has ai-edge-litert")
    parser.add_argument("--models", nargs="+", choices=SAMPLES, default=list(SAMPLES))
    parser.add_argument("--data", type=Path, default=REPOSITORY / "shared" / "data" / "mlperf_tiny")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "build" / "bench" / "accuracy")
    parser.add_argument("--test", type=int, default=500, help="samples that are scored")
    parser.add_argument("--calibration", type=int, default=100, help="samples that ranges come from")
    parser.add_argument("--options", nargs="*", default=["--method mse"], help="more ways to quantize")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    console = Console(width=120)
    results = {}
    for name in arguments.models:
        results[name] = measure(name, arguments, arguments.output)
        table = Table(title=f"{name}, {arguments.test} samples")
        for head in ("form", "mean SQNR, dB", "median, dB", "mean absolute error"):
            table.add_column(head, justify="left" if head == "form" else "right")
        for title, row in results[name].items():
            assert isinstance(row, dict)
            table.add_row(title, f"{row['mean_db']:.2f}", f"{row['median_db']:.2f}", f"{row['mae']:.3g}")
        console.print(table)
    (arguments.output / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
