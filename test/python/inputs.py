"""Real inputs for the shipped models, and where the models are.

Digits are MNIST's test images where LOWBIT_DATA names a folder that has them (they do not ship), else scikit-learn's
smaller digits enlarged; pictures are crops of scikit-learn's two photographs; sentences are those of minilm_sts.
"""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent.parent
DATA = REPOSITORY / "test" / "data"
ONNX = {
    "mnist_cntk": DATA / "cnn_mnist" / "mnist_cntk.onnx",
    "mnist_pytorch": DATA / "cnn_mnist" / "mnist_pytorch.onnx",
    "resnet8": DATA / "resnet8" / "resnet8_cifar10_float.onnx",
}
PAIRS = DATA / "minilm_sts" / "stsb_dev_subset.npz"

# The name of the one input of each CNN.
INPUT = {"mnist_cntk": "Input3", "mnist_pytorch": "0", "resnet8": "input"}


def mnist_folder() -> Path | None:
    """The folder of MNIST's test images and labels, or None where it was not given."""
    given = os.environ.get("LOWBIT_DATA")
    folder = Path(given) / "cnn_mnist" if given else None
    return folder if folder and (folder / "t10k-images-idx3-ubyte.gz").is_file() else None


def mnist_test_set(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """10,000 images [N, 28, 28] of bytes, and their labels."""
    with gzip.open(folder / "t10k-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    with gzip.open(folder / "t10k-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8)
    return images, labels


def digits(count: int) -> np.ndarray:
    """Images of digits [count, 28, 28] of bytes, from whichever source is there."""
    if folder := mnist_folder():
        return mnist_test_set(folder)[0][:count]
    from sklearn.datasets import load_digits

    small = load_digits().images[:count] * (255 / 16)
    return np.pad(small.repeat(3, axis=1).repeat(3, axis=2), ((0, 0), (2, 2), (2, 2))).astype(np.uint8)


def as_mnist_cntk(images: np.ndarray) -> np.ndarray:
    return images[:, None].astype(np.float32)


def as_mnist_pytorch(images: np.ndarray) -> np.ndarray:
    return ((images[:, None] / 255 - 0.1307) / 0.3081).astype(np.float32)


def crops(count: int) -> np.ndarray:
    """Squares of two photographs, scaled to 32 x 32, [count, 32, 32, 3] in 0..255."""
    from PIL import Image
    from sklearn.datasets import load_sample_images

    photographs = [Image.fromarray(image) for image in load_sample_images().images]
    random = np.random.default_rng(0)
    result = []
    for index in range(count):
        photograph = photographs[index % len(photographs)]
        side = int(random.integers(64, 400))
        left, top = (int(random.integers(0, extent - side + 1)) for extent in photograph.size)
        crop = photograph.crop((left, top, left + side, top + side)).resize((32, 32), Image.Resampling.BILINEAR)
        result.append(np.asarray(crop, np.float32))
    return np.stack(result)


SAMPLES: dict[str, Callable[[int], np.ndarray]] = {
    "mnist_cntk": lambda count: as_mnist_cntk(digits(count)),
    "mnist_pytorch": lambda count: as_mnist_pytorch(digits(count)),
    "resnet8": crops,
}


def samples(model: str, count: int) -> dict[str, np.ndarray]:
    """Inputs of one of the CNNs, stacked along the first dimension."""
    return {INPUT[model]: SAMPLES[model](count)}
