"""Calibration as a step of its own: tables do not depend on how the data came, merge, and survive an interruption."""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import lowbit as package
import numpy as np
import pytest
from artifacts import LOWBIT, Artifacts, Refused, load, lowbit, must
from inputs import INPUT, ONNX
from lowbit import data as lowbit_data
from lowbit import ptq
from lowbit.choices import METHODS

MODEL = "mnist_pytorch"
NAME = INPUT[MODEL]


def table_of(model: object, data: object, path: Path, *options: object) -> bytes:
    must(lowbit("calibrate", model, "--calibration-data", data, "-o", path, *options))
    return path.read_bytes()


@pytest.fixture(scope="module")
def whole(artifacts: Artifacts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table of all calibration samples."""
    path = tmp_path_factory.mktemp("whole") / "table.json"
    table_of(artifacts.imported(MODEL), artifacts.calibration(MODEL), path)
    return path


def test_quantizing_from_a_table_is_quantizing_from_its_data(artifacts: Artifacts, whole: Path, tmp_path: Path) -> None:
    for method in ("minmax", "mse"):
        modules = {}
        for option in (["--calibration-table", whole], ["--calibration-data", artifacts.calibration(MODEL)]):
            folder = tmp_path / option[0]
            folder.mkdir(exist_ok=True)
            command = ["quantize", artifacts.imported(MODEL), *option, "--method", method, "-o", folder / "q.mlir"]
            must(lowbit(*command))
            modules[option[0]] = (folder / "q.mlir").read_text()
        assert len(set(modules.values())) == 1


def test_a_saved_table_is_that_of_calibrate(artifacts: Artifacts, whole: Path, tmp_path: Path) -> None:
    command = ["quantize", artifacts.imported(MODEL), "--calibration-data", artifacts.calibration(MODEL)]
    must(lowbit(*command, "--save-table", tmp_path / "t.json", "-o", tmp_path / "q.mlir"))
    assert (tmp_path / "t.json").read_bytes() == whole.read_bytes()


def test_shards_merge_to_the_whole(artifacts: Artifacts, whole: Path, tmp_path: Path) -> None:
    (array,) = load(artifacts.calibration(MODEL)).values()
    parts = [array[60:], array[:1], array[1:60][::-1]]
    for index, part in enumerate(parts):
        np.savez(tmp_path / f"{index}.npz", **{NAME: part})
        names = [tmp_path / f"{index}.{suffix}" for suffix in ("npz", "json")]
        table_of(artifacts.imported(MODEL), *names, "--threads", index + 1)
    tables = [tmp_path / f"{index}.json" for index in range(3)]
    must(lowbit("merge-tables", *tables, "-o", tmp_path / "merged.json"))
    assert (tmp_path / "merged.json").read_bytes() == whole.read_bytes()


def samples_of(artifacts: Artifacts) -> Iterator[dict[str, np.ndarray]]:
    (array,) = load(artifacts.calibration(MODEL)).values()
    return ({NAME: image[None]} for image in array)


def test_an_iterable_is_read_as_it_is_used(
    artifacts: Artifacts, whole: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(lowbit_data, "CHUNK_BYTES", 30 * 28 * 28 * 4)
    seen = 0
    when_run: list[int] = []
    on_disk: list[int] = []
    calibrate = ptq.calibrate_model

    def count(module: Path, table: Path, *, calibration_data: Path, **rest: object) -> None:
        when_run.append(seen)
        on_disk.append(len(list(calibration_data.iterdir())))
        calibrate(module, table, calibration_data=calibration_data, **rest)  # type: ignore[arg-type]

    def samples() -> Iterator[dict[str, np.ndarray]]:
        nonlocal seen
        for sample in samples_of(artifacts):
            seen += 1
            yield sample

    monkeypatch.setattr(ptq, "calibrate_model", count)
    model = package.load(artifacts.imported(MODEL))
    table = model.calibrate(samples())
    assert on_disk == [30, 30, 30, 10]
    assert when_run == [31, 61, 91, 100], "one sample ahead"
    table.save(tmp_path / "t.json")
    assert (tmp_path / "t.json").read_bytes() == whole.read_bytes()
    assert table.samples == 100

    inputs = load(artifacts.inputs(MODEL))
    (chunked,) = model.quantize(calibration_data=samples()).run(inputs).values()
    (expected,) = model.quantize(calibration_table=whole).run(inputs).values()
    assert np.array_equal(chunked, expected)


@pytest.mark.parametrize("choices", [{"weights": "i8,channel,auto"}, {"weights": "auto"}, {"activations": "auto"}])
def test_an_iterable_is_kept_where_one_word_asks_for_auto(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch, choices: dict[str, str]
) -> None:
    """auto runs the model on the samples again: their table would not do."""
    monkeypatch.setattr(lowbit_data, "CHUNK_BYTES", 10 * 28 * 28 * 4)
    model = package.load(artifacts.imported(MODEL))
    samples = list(samples_of(artifacts))[:24]
    inputs = load(artifacts.inputs(MODEL))
    (streamed,) = model.quantize(calibration_data=iter(samples), **choices).run(inputs).values()  # type: ignore[arg-type]
    array = np.concatenate([sample[NAME] for sample in samples])
    (whole,) = model.quantize(calibration_data={NAME: array}, **choices).run(inputs).values()  # type: ignore[arg-type]
    assert np.array_equal(streamed, whole)


def test_a_bad_sample_of_an_iterable_is_named(artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lowbit_data, "CHUNK_BYTES", 60 * 28 * 28 * 4)
    good = list(samples_of(artifacts))
    model = package.load(artifacts.imported(MODEL))
    cases: list[tuple[object, str]] = [
        ({NAME: [[[1.0, 2.0], [3.0]]]}, "ragged"),
        ({NAME: np.full((1, 1, 28, 28), np.nan, np.float32)}, "(?i)nan"),
        ({NAME: np.zeros((1, 1, 28, 5), np.float32)}, "28"),
        ({NAME: np.array([[None]])}, "numbers"),
        (np.zeros((1, 1, 28, 28), np.float32), "dict keyed by input name"),
    ]
    for bad, words in cases:
        with pytest.raises(package.IncompleteError, match=words) as caught:
            model.calibrate([*good[:70], bad, *good[70:]])  # type: ignore[list-item]
        assert "item 70" in caught.value.message
        assert 60 <= caught.value.table.samples <= 70
        assert f"{caught.value.table.samples} samples were kept" in str(caught.value)
    with pytest.raises(package.LowbitError, match="item 70"):
        model.quantize(calibration_data=[*good[:70], {"picture": good[0][NAME]}, *good[70:]])


@pytest.mark.parametrize("failure", [KeyError("gone"), KeyboardInterrupt()])
def test_what_an_iterable_gave_before_it_failed_is_kept(artifacts: Artifacts, failure: BaseException) -> None:
    def samples() -> Iterator[dict[str, np.ndarray]]:
        yield from list(samples_of(artifacts))[:12]
        raise failure

    with pytest.raises((package.IncompleteError, KeyboardInterrupt)) as caught:
        package.load(artifacts.imported(MODEL)).calibrate(samples())
    assert caught.value.table.samples == 12  # type: ignore[union-attr]
    if isinstance(failure, KeyError):
        assert "KeyError after 12 samples: 'gone'" in str(caught.value)


def test_what_is_no_table_is_refused_in_python(whole: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "t.json"
    damaged.write_text(whole.read_text().replace('"count": ', '"count": -', 1))
    with pytest.raises(package.LowbitError, match="count"):
        package.Table.load(damaged)
    with pytest.raises(TypeError, match=r"expected a lowbit\.Table, got int"):
        package.Table.load(whole).merge(3)  # type: ignore[arg-type]


def test_tables_merge_in_python(artifacts: Artifacts, whole: Path, tmp_path: Path) -> None:
    samples = list(samples_of(artifacts))
    model = package.load(ONNX[MODEL])
    parts = [model.calibrate(part) for part in (samples[:10], samples[10:50], samples[50:])]
    merged = parts[0].merge(*parts[1:])
    merged.save(tmp_path / "t.json")
    loaded = package.Table.load(tmp_path / "t.json")
    assert loaded.content == package.Table.load(whole).content
    with pytest.raises(package.LowbitError, match="overwrite"):
        loaded.save(tmp_path / "t.json")


def with_nan_at(array: np.ndarray, index: int) -> np.ndarray:
    array = array.copy()
    array[index, 0, 3, 4] = np.nan
    return array


def test_what_was_observed_before_a_bad_sample_is_kept(artifacts: Artifacts, whole: Path, tmp_path: Path) -> None:
    (array,) = load(artifacts.calibration(MODEL)).values()
    parts = {"a.npz": array[:40], "b.npz": array[40:]}
    (tmp_path / "d").mkdir()
    for name, part in parts.items():
        np.savez(tmp_path / "d" / name, **{NAME: part})
    np.savez(tmp_path / "d" / "b.npz", **{NAME: with_nan_at(parts["b.npz"], 7)})
    command = ["calibrate", artifacts.imported(MODEL), "--calibration-data", "d", "-o", "t.json"]
    done = lowbit(*command, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and done.stderr.count("error:") == 1
    for part in ("b.npz", "nan", "the statistics of 40 of 100 samples were kept in t.json", "--resume"):
        assert part in done.stderr.lower()
    assert json.loads((tmp_path / "t.json").read_text())["samples"] == 40
    warned = lowbit(
        "quantize", ONNX[MODEL], "--calibration-table", "t.json", "-o", tmp_path / "d" / "q.mlir", cwd=tmp_path
    )
    must(warned)
    assert "interrupted" in warned.stderr and "40 of 100" in warned.stderr

    # The same for quantize, which leaves its table where it was asked for.
    saving = ["--calibration-data", "d", "-o", tmp_path / "d" / "q2.mlir", "--save-table", "s.json"]
    done = lowbit("quantize", artifacts.imported(MODEL), *saving, cwd=tmp_path)
    assert done.returncode == 1 and "the statistics of 40 of 100 samples were kept in s.json" in done.stderr
    assert (tmp_path / "s.json").read_bytes() == (tmp_path / "t.json").read_bytes()
    assert not (tmp_path / "d" / "q2.mlir").exists()
    (tmp_path / "s.json").unlink()

    np.savez(tmp_path / "d" / "b.npz", **{NAME: parts["b.npz"]})
    must(lowbit(*command, "--resume", cwd=tmp_path))
    assert (tmp_path / "t.json").read_bytes() == whole.read_bytes()

    # It is complete now: it is neither resumed nor given up for a part.
    again = lowbit(*command, "--resume", cwd=tmp_path)
    assert again.returncode == 1 and "nothing to resume" in again.stderr
    np.savez(tmp_path / "d" / "b.npz", **{NAME: with_nan_at(parts["b.npz"], 7)})
    partial = lowbit(*command, cwd=tmp_path)
    assert partial.returncode == 1 and "t.json.partial" in partial.stderr
    assert (tmp_path / "t.json").read_bytes() == whole.read_bytes()
    assert json.loads((tmp_path / "t.json.partial").read_text())["samples"] == 40
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d", "t.json", "t.json.partial"]


@pytest.fixture(scope="module")
def sentences(artifacts: Artifacts, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, bytes]:
    """Data that takes MiniLM a few seconds: the longest sentences, how many they are, and their table."""
    folder = tmp_path_factory.mktemp("sentences")
    (folder / "data").mkdir()
    count = 0
    for path in sorted(artifacts.calibration("minilm").iterdir(), reverse=True):
        shutil.copy(path, folder / "data")
        count += len(load(path)["input_ids"])
        if count >= 80:
            break
    return folder / "data", count, table_of(artifacts.imported("minilm"), folder / "data", folder / "t.json")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_an_interrupted_calibration_is_resumed(
    number: signal.Signals, artifacts: Artifacts, sentences: tuple[Path, int, bytes], tmp_path: Path
) -> None:
    data, count, expected = sentences
    command = ["calibrate", artifacts.imported("minilm"), "--calibration-data", data, "-o", "t.json"]
    # On a terminal the command says how far it is: it is interrupted in the middle.
    primary, terminal = pty.openpty()
    # What started the tests, nohup or a shell's background, may ignore the signal.
    listen = None if number == signal.SIGKILL else partial(signal.signal, number, signal.SIG_DFL)
    started = subprocess.Popen(
        [str(LOWBIT), *map(str, command)], stderr=terminal, stdout=terminal, cwd=tmp_path, preexec_fn=listen
    )
    os.close(terminal)
    shown = ""
    while not (told := [int(n) for n in re.findall(rf"(\d+)/{count}\b", shown) if int(n) >= 2]):
        shown += os.read(primary, 4096).decode(errors="replace")
    started.send_signal(number)
    while True:
        try:
            shown += os.read(primary, 4096).decode(errors="replace")
        except OSError:  # the other end is closed
            break
    killed = number == signal.SIGKILL
    assert started.wait(timeout=60) == (-number if killed else 128 + number), shown[-400:]
    os.close(primary)
    kept = tmp_path / ("t.json.partial" if killed else "t.json")
    # Where the command could not wait for them, what it started ends by itself.
    for _ in range(600):
        if kept.exists():
            break
        time.sleep(0.1)
    assert [path.name for path in tmp_path.iterdir()] == [kept.name]
    part = json.loads(kept.read_text())
    assert told[0] <= part["samples"] < count
    assert killed or f"the statistics of {part['samples']} of {count} samples were kept" in re.sub(r"\s+", " ", shown)
    must(lowbit(*command, "--resume", cwd=tmp_path))
    assert (tmp_path / "t.json").read_bytes() == expected


@pytest.fixture
def tables(artifacts: Artifacts, whole: Path, tmp_path: Path) -> Path:
    """A folder with a table, one of another model, and damaged ones."""
    text = whole.read_text()
    (tmp_path / "t.json").write_text(text)
    (tmp_path / "half.json").write_text(text[: len(text) // 2])
    (tmp_path / "empty.json").touch()
    (tmp_path / "list.json").write_text("[1, 2]")
    (tmp_path / "version.json").write_text(text.replace('"version": 1', '"version": 99'))
    table_of(artifacts.imported("mnist_cntk"), artifacts.calibration("mnist_cntk"), tmp_path / "other.json")
    return tmp_path


@pytest.mark.parametrize("name", ["half", "empty", "list", "version", "other", "absent"])
def test_tables_that_do_not_fit_are_refused(name: str, tables: Path, refused: Refused, artifacts: Artifacts) -> None:
    table = f"{name}.json"
    refused(["quantize", artifacts.imported(MODEL), "--calibration-table", table, "-o", "q.mlir"], table)
    refused(["merge-tables", "t.json", table, "-o", "m.json"], table)


def test_no_table_overwrites_an_input(tables: Path, refused: Refused, artifacts: Artifacts) -> None:
    must(lowbit("import", ONNX[MODEL], "-o", tables / "f.mlir"))
    np.savez(tables / "d.npz", **load(artifacts.calibration(MODEL)))
    calibrate = ["calibrate", "f.mlir", "--calibration-data", "d.npz", "-o"]
    for output in ("d.npz", "./d.npz", "f.mlir", "f.safetensors"):
        refused([*calibrate, output], output.removeprefix("./"), "overwrite")
    refused(["merge-tables", "t.json", "other.json", "-o", "t.json"], "t.json", "overwrite")
    refused([*calibrate, "t.json", "--resume"], "nothing to resume")
    refused([*calibrate, "new.json", "--mask", "attention"], "attention")
    refused(["calibrate", "f.mlir", "--calibration-data", "absent.npz", "-o", "new.json"], "no such file")


@pytest.mark.parametrize("folder", ["with space", "it's", "both'\"", "x=1 {y}"])
def test_odd_paths(folder: str, artifacts: Artifacts, whole: Path, tmp_path: Path) -> None:
    place = tmp_path / folder
    place.mkdir()
    np.savez(place / "my data.npz", **load(artifacts.calibration(MODEL)))
    must(lowbit("import", ONNX[MODEL], "-o", place / "f.mlir"))
    must(lowbit("calibrate", "f.mlir", "--calibration-data", "my data.npz", "-o", "my table.json", cwd=place))
    assert (place / "my table.json").read_bytes() == whole.read_bytes()
    (place / "my recipe.txt").write_text("role=weight method=mse\n")
    outputs = ["--explain", "e.json", "--report", "my report.html", "-o", "q.mlir"]
    table = ["--calibration-table", place / "my table.json", "--recipe", place / "my recipe.txt"]
    must(lowbit("quantize", "f.mlir", *table, *outputs, cwd=place))
    must(lowbit("merge-tables", "my table.json", "-o", "my copy.json", cwd=place))
    assert len(list(place.iterdir())) == 10


def test_every_method_is_known_to_the_pipeline(artifacts: Artifacts, whole: Path, tmp_path: Path) -> None:
    """The list of the front end is that of the pipeline: each is taken, and what it names in an error is the same."""
    options = ["--calibration-table", whole, "-o", tmp_path / "q.mlir"]
    for method in [*METHODS, "percentile:99.5"]:
        if method != "auto":  # needs samples
            must(lowbit("quantize", artifacts.imported(MODEL), *options, "--method", method))
    done = lowbit("quantize", artifacts.imported(MODEL), *options, "--rule", "role=activation method=guess")
    assert done.returncode == 1
    for method in METHODS:
        assert method in done.stderr


def rules_of(explain: Path) -> dict[str, str]:
    return {entry["name"]: entry.get("rule", "") for entry in json.loads(explain.read_text())["values"]}


def test_rules_of_a_recipe_and_of_the_command_line(artifacts: Artifacts, whole: Path, tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("# first\nrole=weight method=mse\nrole=activation method=entropy\n")
    outputs = ["-o", "q.mlir", "--explain", "e.json"]
    command = ["quantize", artifacts.imported(MODEL), "--calibration-table", whole, *outputs]
    late = 'role=weight name="conv[12]{1,1}|a,b" method=percentile:99.9'
    must(lowbit(*command, "--recipe", "r.txt", "--rule", late, cwd=tmp_path))
    rules = rules_of(tmp_path / "e.json")
    decided = {rule for rule in rules.values() if rule}
    assert {rule.split(":")[0] for rule in decided} == {"r.txt", "--rule"}
    assert any(rule.startswith("r.txt:3:") for rule in decided)
    assert any(late in rule for rule in decided)
    assert all(re.search("conv", name) for name, rule in rules.items() if rule.startswith("--rule"))

    nothing = lowbit(*command, "--rule", "op=batch_matmul method=mse", "--rule", "role=weight method=mse", cwd=tmp_path)
    must(nothing)
    assert "warning:" in nothing.stderr and "op=batch_matmul method=mse" in nothing.stderr
    for rule in ("name=convv1 method=mse", "method=guess", "method=mse\nkeep=float", "name=(", "colour=red"):
        done = lowbit(*command, "--rule", "role=weight method=mse", "--rule", rule, cwd=tmp_path)
        assert done.returncode == 1, done.stderr
        assert "--rule" in done.stderr and done.stderr.count("error:") == 1
        assert "/tmp" not in done.stderr.replace(str(tmp_path), "")
