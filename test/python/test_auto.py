"""method=auto: never worse than a single method on the held-out samples, as good on test data, better at few bits."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from artifacts import Artifacts, load, run, save, tools_folder
from inputs import INPUT, as_mnist_cntk, as_mnist_pytorch, digits, mnist_test_set, samples
from lowbit.errors import LowbitError
from lowbit.files import store_of
from lowbit.tools import pass_options, run_tool

PREPARE = {"mnist_cntk": as_mnist_cntk, "mnist_pytorch": as_mnist_pytorch}
# As good on test data as the best of these.
SINGLES = ["minmax", "percentile:99.99", "mse", "entropy"]


@dataclass
class Quantized:
    module: Path
    explanation: dict

    @property
    def held_out(self) -> dict:
        return self.explanation["held_out"]

    def content(self) -> tuple[str, bytes]:
        """The module's text, without the name of its store, and the store's bytes."""
        text = self.module.read_text().replace(store_of(self.module).name, "STORE")
        return text, store_of(self.module).read_bytes()


def quantize(model: Path, data: Path, folder: Path, **options: object) -> Quantized:
    folder.mkdir(parents=True, exist_ok=True)
    target, explanation = folder / "quantized.mlir", folder / "explanation.json"
    text = pass_options({"calibration-data": data, "explain": explanation, "method": "auto"} | options)
    run_tool("quant-opt", [str(model), f"--quantize-ptq={text}", "-o", str(target)])
    return Quantized(target, json.loads(explanation.read_text()))


def check_never_worse(quantized: Quantized) -> None:
    held_out = quantized.held_out
    assert held_out["separate"] and held_out["evaluations"] > len(held_out["singles"]) > 10
    best = max(single["db"] for single in held_out["singles"])
    assert held_out["best_single_db"] == best
    assert held_out["auto_db"] >= best


def sqnr_db(expected: dict[str, np.ndarray], found: dict[str, np.ndarray]) -> np.ndarray:
    """Of each sample: the mean over the outputs."""
    rows = []
    for name, y in expected.items():
        y, x = (array.reshape(len(y), -1).astype(np.float64) for array in (y, found[name]))
        signal, noise = (y**2).mean(1), ((y - x) ** 2).mean(1)
        floor = 1e-12 * np.median(signal)
        rows.append(10 * np.log10((signal + floor) / (noise + floor)))
    return np.mean(rows, axis=0)


def held_out_samples(model: Path, arrays: dict[str, np.ndarray], data: Path, folder: Path) -> np.ndarray:
    """The numbers of the samples that are held out: which they are shows in the errors of a coarse choice, each
    sample having its own."""
    probed = folder / "probed.mlir"
    passes = ["lowbit-attach-weights", "lowbit-assign-ids", "cse", "lowbit-insert-observers", "lowbit-insert-probes"]
    run_tool("quant-opt", [str(model), f"--pass-pipeline=builtin.module({','.join(passes)})", "-o", str(probed)])
    command = [str(tools_folder() / "quant-run"), str(probed), "--evaluate", "--inputs", str(data)]
    (name,) = arrays
    width = float(np.ptp(arrays[name]))
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdin and server.stdout
    greeting = json.loads(server.stdout.readline())
    rows = np.zeros((len(greeting["probes"]), 3), np.float32)
    rows[0] = [width / 7, -8, 8]
    coarse = {"id": greeting["probes"][0], "scale": float(rows[0, 0]), "zero_point": 0, "min": -8, "max": 8}
    answers, _ = server.communicate("\n".join(map(json.dumps, [{"set": [coarse]}, {"evaluate": 0}])) + "\n")
    wanted = np.array(json.loads(answers.splitlines()[-1])["db"]).mean(1)
    # A run takes one sample, and all rows.
    inputs = save(folder / "probes.npz", arrays | {"lowbit.probes": np.tile(rows, (len(arrays[name]), 1))})
    distances = abs(sqnr_db(run(model, data, folder), run(probed, inputs, folder))[:, None] - wanted)
    assert (distances < 1e-4).sum(0).tolist() == [1] * len(wanted)
    return distances.argmin(0)


@pytest.mark.parametrize("options", [{}, {"weights": "i4", "activations": "i4"}], ids=["i8", "i4"])
def test_the_modules_themselves_on_held_out_samples(
    options: dict[str, str], artifacts: Artifacts, tmp_path: Path
) -> None:
    """What is reported is what the quantized modules do: auto, and the best single method on the same statistics."""
    model, data = artifacts.imported("mnist_pytorch"), artifacts.calibration("mnist_pytorch")
    table = tmp_path / "table.json"
    auto = quantize(model, data, tmp_path / "auto", **{"save-table": table}, **options)
    activations, _, weights = auto.held_out["best_single"].partition(", weights ")
    recipe = tmp_path / "recipe.txt"
    recipe.write_text(f"role=weight method={weights}\n")
    target = tmp_path / "single.mlir"
    given = {"calibration-table": table, "method": activations, "recipe": recipe} | options
    run_tool("quant-opt", [str(model), f"--quantize-ptq={pass_options(given)}", "-o", str(target)])

    arrays = load(data)
    chosen = held_out_samples(model, arrays, data, tmp_path)
    assert len(set(chosen)) == auto.held_out["samples"] == 25
    held = save(tmp_path / "held.npz", {name: array[chosen] for name, array in arrays.items()})
    expected = run(model, held, tmp_path)
    measured = {
        name: float(sqnr_db(expected, run(module, held, tmp_path)).mean())
        for name, module in {"auto": auto.module, "single": target}.items()
    }
    # The search computes with fake-quantized floats, the modules with integers, which round biases: 3e-6 dB here.
    rounding = 1e-3
    assert abs(measured["auto"] - auto.held_out["auto_db"]) < rounding, measured
    assert abs(measured["single"] - auto.held_out["best_single_db"]) < rounding, measured
    assert measured["auto"] >= measured["single"] - rounding, measured


@pytest.mark.parametrize("model", ["mnist_cntk", "mnist_pytorch", "resnet8"])
@pytest.mark.parametrize("options", [{}, {"weights": "i4", "activations": "i4"}], ids=["i8", "i4"])
def test_never_worse_than_a_single_method(
    model: str, options: dict[str, str], artifacts: Artifacts, tmp_path: Path
) -> None:
    quantized = quantize(artifacts.imported(model), artifacts.calibration(model), tmp_path, **options)
    check_never_worse(quantized)
    # Every value says what was tried, and with which result at the outputs.
    for value in quantized.explanation["values"]:
        if value["role"] == "border":  # what additions read has 16 bits, or 8 that are enough, by its extremes
            continue
        assert value["method"] != "auto" and value["reason"]
        assert any("output_sqnr_db" in candidate for candidate in value["candidates"])


def test_the_same_bytes_on_any_number_of_threads_and_in_any_order(artifacts: Artifacts, tmp_path: Path) -> None:
    model, data = artifacts.imported("mnist_cntk"), artifacts.calibration("mnist_cntk")
    shuffled = {name: np.random.default_rng(1).permutation(array) for name, array in load(data).items()}
    one = quantize(model, data, tmp_path / "one", threads=1)
    two = quantize(model, data, tmp_path / "two", threads=2)
    other = quantize(model, save(tmp_path / "data.npz", shuffled), tmp_path / "other")
    assert one.content() == two.content() == other.content()
    assert one.held_out == two.held_out == other.held_out


def test_only_what_the_recipe_leaves_open_is_searched(artifacts: Artifacts, tmp_path: Path) -> None:
    model, data = artifacts.imported("mnist_pytorch"), artifacts.calibration("mnist_pytorch")
    first = tmp_path / "recipe.txt"
    first.write_text("role=weight method=mse\nname=^14$ method=percentile:99.9\nname=fc1 keep=float\n")
    fixed = quantize(model, data, tmp_path / "fixed", recipe=first)
    check_never_worse(fixed)
    values = {value["name"]: value for value in fixed.explanation["values"]}
    assert values["14"]["method"] == "percentile:99.9"
    assert all(value["method"] == "mse" for value in values.values() if value["role"] == "weight")
    assert all("weights" not in single["method"] for single in fixed.held_out["singles"])
    # And the other way around: one value is searched, the others are as the default says.
    second = tmp_path / "one.txt"
    second.write_text("name=^11$ method=auto\n")
    single = quantize(model, data, tmp_path / "single", recipe=second, method="moving-average")
    assert single.held_out["values"] == 1
    for value in single.explanation["values"]:
        if value["name"] != "11" and value["role"] == "activation":
            assert value["method"] == "moving-average"


def test_a_table_and_data_to_judge_on(artifacts: Artifacts, tmp_path: Path) -> None:
    """The table of a calibration that held the same samples out gives the same model."""
    model, data = artifacts.imported("mnist_cntk"), artifacts.calibration("mnist_cntk")
    whole = quantize(model, data, tmp_path / "whole", **{"save-table": tmp_path / "table.json"})
    again = quantize(model, data, tmp_path / "again", **{"calibration-table": tmp_path / "table.json"})
    assert json.loads((tmp_path / "table.json").read_text())["samples"] == 75
    assert again.content() == whole.content()
    assert again.held_out == whole.held_out and again.held_out["separate"]


def test_a_table_that_may_have_what_is_judged_on(
    artifacts: Artifacts, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model, data, table = artifacts.imported("mnist_cntk"), artifacts.calibration("mnist_cntk"), tmp_path / "t.json"

    def separate(held_out: int | None) -> bool:
        options = {"method": "minmax", "compile-to": "calibrate", "save-table": table, "held-out": held_out}
        quantize(model, data, tmp_path / "table", **options)
        quantized = quantize(model, data, tmp_path / "auto", **{"calibration-table": table})
        said = "samples that may have been observed" in capfd.readouterr().err
        assert said != quantized.held_out["separate"]
        # As many are judged on as the table was made without.
        assert quantized.held_out["samples"] == (held_out or 25)
        return bool(quantized.held_out["separate"])

    assert not separate(None)
    assert separate(10)
    # As many others.
    content = json.loads(table.read_text())
    content["held_out"]["hash"] = "0" * 16
    table.write_text(json.dumps(content))
    assert not quantize(model, data, tmp_path, **{"calibration-table": table}).held_out["separate"]


def test_few_samples_are_used_twice_and_it_says_so(
    artifacts: Artifacts, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = artifacts.imported("mnist_cntk")
    few = quantize(model, save(tmp_path / "few.npz", samples("mnist_cntk", 3)), tmp_path)
    assert not few.held_out["separate"] and few.held_out["samples"] == 3
    assert "samples that they were made from" in capfd.readouterr().err


def refused(model: Path, folder: Path, **options: object) -> str:
    with pytest.raises(LowbitError) as error:
        run_tool("quant-opt", [str(model), f"--quantize-ptq={pass_options(options)}", "-o", str(folder / "none.mlir")])
    assert not (folder / "none.mlir").exists()
    return str(error.value)


def test_without_data_it_is_refused(artifacts: Artifacts, tmp_path: Path) -> None:
    model, data = artifacts.imported("mnist_cntk"), artifacts.calibration("mnist_cntk")
    quantize(model, data, tmp_path, **{"save-table": tmp_path / "table.json"})
    assert "calibration-data" in refused(model, tmp_path, method="auto")
    message = refused(model, tmp_path, method="auto", **{"calibration-table": tmp_path / "table.json"})
    assert "--calibration-data <inputs> along with the table" in message


def test_a_crash_of_the_model_is_one_error(
    artifacts: Artifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """quant-run observes, and crashes when it is to evaluate, at its start or at the third request."""
    model, data = artifacts.imported("mnist_cntk"), artifacts.calibration("mnist_cntk")
    real = tools_folder()
    for name, death in {
        "start": 'kill -SEGV "$$"',
        "later": f'sed -u 3q | {real}/quant-run "$@"; kill -SEGV "$$"',
    }.items():
        tools = tmp_path / name
        tools.mkdir()
        (tools / "quant-opt").symlink_to(real / "quant-opt")
        script = f'#!/bin/sh\ncase "$*" in *--evaluate*) {death} ;; *) exec {real}/quant-run "$@" ;; esac\n'
        (tools / "quant-run").write_text(script)
        os.chmod(tools / "quant-run", 0o755)
        monkeypatch.setenv("LOWBIT_TOOLS", str(tools))
        message = refused(model, tmp_path, method="auto", **{"calibration-data": data})
        assert "evaluation: the model crashed while it ran (Segmentation fault)" in message


def accuracy(module: Path, model: str, mnist: Path, folder: Path) -> float:
    images, labels = mnist_test_set(mnist)
    source = folder / "images.npz"
    if not source.exists():
        save(source, {INPUT[model]: PREPARE[model](images)})
    (logits,) = run(module, source, folder).values()
    return float(np.mean(logits.reshape(len(labels), -1).argmax(1) == labels))


@pytest.mark.parametrize("model", PREPARE)
def test_as_good_as_the_best_single_method_on_test_data(
    model: str, artifacts: Artifacts, mnist: Path, tmp_path: Path
) -> None:
    source, data = artifacts.imported(model), artifacts.calibration(model)
    found = {
        method: accuracy(quantize(source, data, tmp_path / method, method=method).module, model, mnist, tmp_path)
        for method in ["auto", *SINGLES]
    }
    assert found["auto"] >= max(found.values()) - 0.0005, found


@pytest.mark.parametrize(
    "options", [{"weights": "i4"}, {"weights": "i4", "activations": "i4"}], ids=["weights", "weights-activations"]
)
def test_better_than_minmax_at_four_bits(
    options: dict[str, str], artifacts: Artifacts, mnist: Path, tmp_path: Path
) -> None:
    """By the outputs' error; accuracies differ by less than a tenth of a point, so they only must not fall."""
    model = "mnist_pytorch"
    source, data = artifacts.imported(model), artifacts.calibration(model)
    auto = quantize(source, data, tmp_path / "auto", **options)
    minmax = quantize(source, data, tmp_path / "minmax", method="minmax", **options)
    (plain,) = (single["db"] for single in auto.held_out["singles"] if single["method"].startswith("minmax"))
    assert auto.held_out["auto_db"] > plain + 2
    assert accuracy(auto.module, model, mnist, tmp_path) >= accuracy(minmax.module, model, mnist, tmp_path)


def test_one_wild_sample_in_a_thousand(artifacts: Artifacts, mnist: Path, tmp_path: Path) -> None:
    model = "mnist_pytorch"
    images = PREPARE[model](digits(1000))
    wild = images.copy()
    wild[500] *= 1e3
    clean, odd = (
        quantize(artifacts.imported(model), save(tmp_path / f"{name}.npz", {INPUT[model]: array}), tmp_path / name)
        for name, array in {"clean": images, "wild": wild}.items()
    )
    assert odd.held_out["samples"] == 32
    scores = [accuracy(quantized.module, model, mnist, tmp_path) for quantized in (clean, odd)]
    assert scores[1] >= 0.99 * scores[0], scores
