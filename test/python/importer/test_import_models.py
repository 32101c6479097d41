"""Whole models against ONNX Runtime; those that do not ship are found through LOWBIT_DATA."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from lowbit.importer import import_onnx
from lowbit.models.minilm import ModelFilesError, build_minilm, model_folder, save_minilm
from runner import normal

F32, I64 = np.float32, np.int64
Check = Callable[..., str]


def digits(folder: Path, count: int) -> np.ndarray:
    with gzip.open(folder / "cnn_mnist" / "t10k-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read(16 + count * 784), np.uint8, offset=16)
    return pixels.reshape(count, 1, 1, 28, 28).astype(F32)


def photographs(size: int, count: int) -> np.ndarray:
    """Crops of scikit-learn's sample photographs, 0..255, [count, 1, size, size, 3]."""
    pytest.importorskip("PIL", reason="Pillow is not installed: scikit-learn reads its photographs with it")
    images = pytest.importorskip("sklearn.datasets").load_sample_images().images
    crops = [image[y : y + 384, x : x + 384] for image in images for y, x in ((0, 0), (40, 250))]
    shrunk = [crop.reshape(size, 384 // size, size, 384 // size, 3).mean(axis=(1, 3)) for crop in crops]
    return np.stack(shrunk[:count])[:, None].astype(F32)


def test_mnist_cntk(check: Check, data_folder: Path) -> None:
    check(data_folder / "cnn_mnist/mnist_cntk.onnx", *({"Input3": x} for x in digits(data_folder, 5)))


def test_mnist_pytorch(check: Check, data_folder: Path) -> None:
    images = (digits(data_folder, 5) / 255 - 0.1307) / 0.3081
    check(data_folder / "cnn_mnist/mnist_pytorch.onnx", *({"0": x.astype(F32)} for x in images))


def test_resnet8(check: Check, data_folder: Path) -> None:
    text = check(data_folder / "mlperf_tiny/resnet8_cifar10_float.onnx", *({"input": x} for x in photographs(32, 4)))
    assert "linalg.transpose" not in text


def test_mobilenet(check: Check, data_folder: Path) -> None:
    images = photographs(96, 2) / F32(255)
    text = check(data_folder / "mlperf_tiny/mobilenet_vww_float.onnx", *({"input": x} for x in images))
    assert "linalg.depthwise_conv_2d_nhwc_hwc" in text and "linalg.transpose" not in text


def test_autoencoder(check: Check, data_folder: Path) -> None:
    check(data_folder / "mlperf_tiny/fc_autoencoder_ad_float.onnx", {"input": normal(1, 640, scale=3.0)})


def test_ultraface(check: Check, data_folder: Path) -> None:
    check(data_folder / "detectors/ultraface_rfb320.onnx", {"input": normal(1, 3, 240, 320)})


def test_yunet(check: Check, data_folder: Path) -> None:
    check(data_folder / "detectors/yunet_n_320_320.onnx", {"input": normal(1, 3, 320, 320, scale=50.0) + 128})


def test_stories(check: Check, data_folder: Path) -> None:
    tokens = np.random.default_rng(0).integers(0, 512, (2, 256))
    text = check(data_folder / "stories260k/stories260k_seq256.onnx", {"tokens": tokens})
    assert "linalg.transpose" not in text


@pytest.fixture(scope="module")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        model_folder()
    except ModelFilesError as error:
        pytest.skip(str(error))
    path = tmp_path_factory.mktemp("minilm") / "minilm.onnx"
    save_minilm(path)
    return path


def sentences(batch: int, seq: int) -> dict[str, np.ndarray]:
    """Random tokens of several lengths."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(2, seq + 1, batch)
    mask = (np.arange(seq)[None] < lengths[:, None]).astype(I64)
    return {"input_ids": rng.integers(1000, 30000, (batch, seq)) * mask, "attention_mask": mask}


def test_minilm_is_the_golden_model(minilm: Path, data_folder: Path) -> None:
    with np.load(data_folder / "minilm_sts/stsb_dev_subset.npz") as golden:
        ids, lengths, expected = (golden[k][:64] for k in ("ids_a", "len_a", "emb_a"))
    mask = (np.arange(ids.shape[1])[None] < lengths[:, None]).astype(I64)
    reference = onnxruntime.InferenceSession(str(minilm))
    found = reference.run(None, {"input_ids": ids.astype(I64), "attention_mask": mask})[0]
    assert np.abs(found - expected).max() <= 1e-5


def test_minilm_dynamic(check: Check, minilm: Path) -> None:
    text = check(minilm, sentences(3, 12), sentences(1, 5))
    assert "linalg.transpose" not in text
    assert 'lowbit.dims = ["batch", "seq"], lowbit.name = "input_ids"' in text


def test_minilm_fixed(check: Check, minilm: Path) -> None:
    text = check(minilm, sentences(1, 16), shapes={"batch": 1, "seq": 16})
    assert "?" not in text


def test_minilm_is_reproducible(minilm: Path, tmp_path: Path) -> None:
    files = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        import_onnx(minilm, folder / "m.mlir", folder / "m.safetensors")
        files.append([(folder / f).read_bytes() for f in ("m.mlir", "m.safetensors")])
    assert files[0] == files[1]


def test_minilm_without_weights(tmp_path: Path) -> None:
    with pytest.raises(ModelFilesError, match="cannot be read"):
        build_minilm(tmp_path)


def test_ids_are_unique(minilm: Path, imported: Any) -> None:
    text = imported(onnx.load(minilm))
    ids = [part.split('"')[0] for part in text.split('lowbit.id = "')[1:]]
    assert len(ids) == len(set(ids))
    assert {"layer.0/query", "layer.5/output", "embedding"} <= set(ids)
