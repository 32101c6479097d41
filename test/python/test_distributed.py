"""Calibration over a cluster of processes: the bytes of one process, a worker that is killed, a shard that is bad."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import cloudpickle
import lowbit
import numpy as np
import onnx
import onnx.numpy_helper
import psutil
import pytest
from artifacts import Artifacts, load
from distributed import Client, LocalCluster
from inputs import INPUT
from lowbit.data import Data
from lowbit.distributed import calibrate

MODEL = "mnist_pytorch"
NAME = INPUT[MODEL]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        # Workers do not have this file on their path.
        cloudpickle.register_pickle_by_value(__import__(__name__))
        yield client


@pytest.fixture(scope="module")
def shards(artifacts: Artifacts, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("shards")
    (array,) = load(artifacts.calibration(MODEL)).values()
    bounds = [0, 10, 45, 46, 80, 100]
    paths = []
    for index, (start, end) in enumerate(pairwise(bounds)):
        paths.append(folder / f"shard-{index}.npz")
        np.savez(paths[-1], **{NAME: array[start:end]})
    return paths


@pytest.fixture(scope="module")
def whole(artifacts: Artifacts) -> bytes:
    """What one process writes."""
    return lowbit.load(artifacts.imported(MODEL)).calibrate(artifacts.calibration(MODEL)).read_bytes()


def test_shards_of_every_kind_make_the_bytes_of_one_process(
    client: Client, artifacts: Artifacts, shards: list[Path], whole: bytes
) -> None:
    path, arrays, several, function, text = shards
    given: list[Data | Callable[[], Data]] = [
        path,
        load(arrays),
        [load(several)],
        partial(load, function),
        str(text),
    ]
    table = calibrate(artifacts.onnx(MODEL), given[::-1], client)
    assert table.samples == 100
    assert table.read_bytes() == whole


def deadly(path: Path, log: Path) -> Path:
    """The shard, on a worker that is killed while it observes it, the first time."""
    with log.open("a") as file:
        file.write(f"{os.getpid()}\n")
    if len(log.read_text().splitlines()) == 1:
        threading.Thread(target=kill_in_the_middle, daemon=True).start()
    return path


def kill_in_the_middle() -> None:
    while not any("quant-run" in child.name() for child in psutil.Process().children(recursive=True)):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_worker_loses_nothing(
    client: Client, artifacts: Artifacts, shards: list[Path], whole: bytes, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    given = [shards[0], partial(deadly, shards[1], log), *shards[2:]]
    table = calibrate(lowbit.load(artifacts.imported(MODEL)), given, client)
    first, again = log.read_text().split()
    assert first != again, "another process observed it"
    assert not psutil.pid_exists(int(first))
    assert table.read_bytes() == whole


def test_bad_shards_are_named_and_the_others_kept(
    client: Client, artifacts: Artifacts, shards: list[Path], whole: bytes, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.npz"
    bad.write_bytes(shards[1].read_bytes()[:-100])
    model = artifacts.imported(MODEL)
    with pytest.raises(lowbit.IncompleteError) as caught:
        calibrate(model, [shards[0], bad, *shards[2:4], tmp_path / "absent.npz"], client)
    text = str(caught.value)
    assert str(bad) in caught.value.message
    for part in (str(tmp_path / "absent.npz"), "3 of 5 shards", "45 samples"):
        assert part in text
    assert caught.value.table.samples == 45
    mended = calibrate(model, [shards[1], shards[4]], client)
    assert mended.merge(caught.value.table).read_bytes() == whole


def unreadable(error: type[Exception]) -> Path:
    raise error("no such bucket")


class Unpicklable:
    """A shard that comes apart on the way to the worker."""

    def __reduce__(self) -> tuple[Callable[..., Path], tuple[type[Exception]]]:
        return unreadable, (KeyError,)

    def __call__(self) -> Path:
        raise AssertionError("it never arrives")


@pytest.mark.parametrize("error", [OSError, KeyError])
def test_a_function_that_raises_anything_loses_its_own_shard_alone(
    client: Client, artifacts: Artifacts, shards: list[Path], whole: bytes, error: type[Exception]
) -> None:
    model = artifacts.imported(MODEL)
    with pytest.raises(lowbit.IncompleteError) as caught:
        calibrate(model, [shards[0], partial(unreadable, error), *shards[2:]], client)
    assert caught.value.message.startswith(f"shard 1: {error.__name__}: ")
    assert "no such bucket" in caught.value.message
    assert "4 of 5 shards" in str(caught.value)
    mended = calibrate(model, [shards[1]], client)
    assert mended.merge(caught.value.table).read_bytes() == whole


def test_a_function_that_no_worker_can_load_loses_its_own_shard_alone(
    client: Client, artifacts: Artifacts, shards: list[Path]
) -> None:
    with pytest.raises(lowbit.IncompleteError) as caught:
        calibrate(artifacts.imported(MODEL), [Unpicklable(), shards[1]], client)
    assert caught.value.message.startswith("shard 0: ")
    assert caught.value.table.samples == 35


def test_a_model_that_is_exported_again_is_imported_again(
    client: Client, artifacts: Artifacts, shards: list[Path], whole: bytes, tmp_path: Path
) -> None:
    """Workers that live on have no module of the model that was there before."""
    path = tmp_path / "model.onnx"
    exported = onnx.load(artifacts.onnx(MODEL))
    for initializer in exported.graph.initializer:
        if initializer.data_type == onnx.TensorProto.FLOAT:
            values = onnx.numpy_helper.to_array(initializer)
            initializer.CopyFrom(onnx.numpy_helper.from_array(values * np.float32(0.5), initializer.name))
    onnx.save(exported, path)
    # Both workers have the first one.
    assert calibrate(path, [*shards, *shards], client).read_bytes() != whole
    path.write_bytes(artifacts.onnx(MODEL).read_bytes())
    assert calibrate(path, shards, client).read_bytes() == whole


def test_errors(client: Client, artifacts: Artifacts, shards: list[Path], tmp_path: Path) -> None:
    with pytest.raises(lowbit.LowbitError, match="no shards"):
        calibrate(artifacts.imported(MODEL), [], client)
    with pytest.raises(lowbit.LowbitError, match=r"absent\.mlir: no such file") as caught:
        calibrate(tmp_path / "absent.mlir", shards, client)
    assert not isinstance(caught.value, lowbit.IncompleteError)
    with pytest.raises(lowbit.LowbitError, match="threads"):
        calibrate(artifacts.imported(MODEL), shards, client, threads=-1)
