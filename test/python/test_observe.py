"""Calibration tables: the same bytes however the samples come, what an interruption leaves, padding, and memory."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from artifacts import Artifacts, save, tools_folder
from inputs import INPUT, PAIRS, samples
from lowbit import sts
from observing import MODEL, SAMPLES, archive, must, observers, tool

Observe = Callable[..., Path]


@pytest.fixture(scope="module")
def observed(artifacts: Artifacts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return observers(artifacts, MODEL, tmp_path_factory.mktemp("observed"), "observe=all channels=true")


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return samples(MODEL, SAMPLES)[INPUT[MODEL]]


@pytest.fixture
def observe(observed: Path, tmp_path: Path) -> Observe:
    def run(data: Path, name: str, *options: object, module: Path = observed) -> Path:
        table = tmp_path / name
        must(tool("quant-run", module, "--observe", table, "--inputs", data, *options))
        return table

    return run


@pytest.fixture
def whole(observe: Observe, images: np.ndarray, tmp_path: Path) -> Path:
    """The table of all samples, from one file."""
    return observe(archive(tmp_path / "whole.npz", images), "whole.json")


@pytest.mark.parametrize("threads", [2, 8])
def test_threads_do_not_change_the_table(threads: int, whole: Path, observe: Observe, tmp_path: Path) -> None:
    table = observe(tmp_path / "whole.npz", "table.json", "--threads", threads)
    assert table.read_bytes() == whole.read_bytes()


def test_order_and_files_do_not_change_the_table(
    whole: Path, observe: Observe, images: np.ndarray, tmp_path: Path
) -> None:
    shuffled = images[np.random.default_rng(1).permutation(SAMPLES)]
    folder = tmp_path / "parts"
    folder.mkdir()
    for i, part in enumerate(np.split(shuffled, [1, 7, 40])):
        np.savez_compressed(folder / f"{i}.npz", allow_pickle=False, **{INPUT[MODEL]: part})
    np.save(tmp_path / "c.npy", shuffled)
    np.save(tmp_path / "fortran.npy", np.asfortranarray(shuffled))
    for data in (folder, tmp_path / "c.npy", tmp_path / "fortran.npy"):
        assert observe(data, "table.json").read_bytes() == whole.read_bytes(), data.name


def test_four_tables_merge_into_the_whole(whole: Path, observe: Observe, images: np.ndarray, tmp_path: Path) -> None:
    parts = np.split(images, [5, 20, 21])
    tables = [observe(archive(tmp_path / f"{i}.npz", part), f"{i}.json") for i, part in enumerate(parts)]
    random.Random(0).shuffle(tables)
    must(tool("quant-run", "--merge-tables", *tables, "-o", tmp_path / "merged.json"))
    assert (tmp_path / "merged.json").read_bytes() == whole.read_bytes()


# --- interruption


def wait_for_samples(child: "subprocess.Popen[str]", count: int) -> None:
    assert child.stderr
    for line in child.stderr:
        if line.startswith("progress: ") and int(line.split()[1].split("/")[0]) >= count:
            return
    pytest.fail(f"the run ended before {count} samples")


def interrupt(command: list[object], count: int, number: int, *, group: bool) -> tuple[int, str]:
    """Starts a tool, sends it (or its group) a signal after some samples: its exit code and what it said."""
    child = subprocess.Popen(
        [str(tools_folder() / str(command[0])), *map(str, command[1:])],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "LOWBIT_PROGRESS": "1"},
        process_group=0,
    )
    wait_for_samples(child, count)
    (os.killpg if group else os.kill)(child.pid, number)
    assert child.stderr
    said = "".join(line for line in child.stderr if not line.startswith("progress: "))
    return child.wait(timeout=60), said


@pytest.fixture(scope="module")
def many(images: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More samples than are run before a signal arrives."""
    path = tmp_path_factory.mktemp("many") / "many.npz"
    return archive(path, np.tile(images, (128, 1, 1, 1)))


def check_partial(table: Path, total: int) -> int:
    partial = json.loads(table.read_text())
    assert partial["interrupted_of"] == total
    assert 0 < partial["samples"] < total
    return int(partial["samples"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_resumes(number: int, observed: Path, many: Path, observe: Observe, tmp_path: Path) -> None:
    total, table = 128 * SAMPLES, tmp_path / "table.json"
    command: list[object] = ["quant-run", observed, "--observe", table, "--inputs", many]
    code, said = interrupt(command, 100, number, group=False)
    done = check_partial(table, total)
    assert code == 1
    assert said.splitlines() == [
        "error: interrupted",
        f"note: '{table}' has the {done} of {total} samples that were observed before; resume from it to go on",
    ]
    # Once more, and then to the end.
    code, _ = interrupt([*command, "--resume", table], done + 100, number, group=False)
    assert code == 1
    assert check_partial(table, total) >= done + 100
    assert observe(many, "resumed.json", "--resume", table).read_bytes() == observe(many, "once.json").read_bytes()


def test_a_killed_run_resumes(observed: Path, many: Path, observe: Observe, tmp_path: Path) -> None:
    table = tmp_path / "table.json"
    command: list[object] = ["quant-run", observed, "--observe", table, "--inputs", many, "--checkpoint-seconds=0.01"]
    code, said = interrupt(command, 200, signal.SIGKILL, group=False)
    assert (code, said) == (-signal.SIGKILL, "")
    check_partial(table, 128 * SAMPLES)
    assert observe(many, "resumed.json", "--resume", table).read_bytes() == observe(many, "once.json").read_bytes()


@pytest.mark.parametrize("group", [False, True])
def test_an_interrupted_pass_keeps_what_it_saw(
    group: bool, artifacts: Artifacts, many: Path, images: np.ndarray, tmp_path: Path
) -> None:
    module, total = artifacts.imported(MODEL), 128 * SAMPLES
    table, other = tmp_path / "table.json", tmp_path / "other.json"

    def command(options: str) -> list[object]:
        return ["quant-opt", module, f"--quantize-ptq=compile-to=calibrate calibration-data={many} {options}"]

    code, said = interrupt(command(f"save-table={table}"), 100, signal.SIGTERM, group=group)
    done = check_partial(table, total)
    assert code == 1
    assert "error: calibration: interrupted\n" in said
    assert f"note: '{table}' has the {done} of {total} samples that were observed before; resume from it" in said
    must(tool(*map(str, command(f"resume={table} save-table={other}")), "-o", tmp_path / "m.mlir"))
    must(tool(*map(str, command(f"save-table={table}")), "-o", tmp_path / "m.mlir"))
    assert other.read_bytes() == table.read_bytes()

    # Without a table to keep it in, it says that it is lost.
    code, said = interrupt(command(""), 100, signal.SIGTERM, group=group)
    assert code == 1
    assert "note: what was observed before is lost; save the table to be able to resume" in said


def test_a_bad_sample_keeps_those_before(
    observed: Path, whole: Path, observe: Observe, images: np.ndarray, tmp_path: Path
) -> None:
    folder, table = tmp_path / "shards", tmp_path / "table.json"
    folder.mkdir()
    for i in range(4):
        archive(folder / f"{i}.npz", images[i * 16 : (i + 1) * 16])
    good = (folder / "2.npz").read_bytes()
    bad = bytearray(good)
    bad[len(bad) // 2] ^= 1  # its header is whole, its checksum is not
    (folder / "2.npz").write_bytes(bad)
    done = tool("quant-run", observed, "--observe", table, "--inputs", folder)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: cannot read array '0' in '{folder / '2.npz'}'")
    assert check_partial(table, SAMPLES) == 32
    (folder / "2.npz").write_bytes(good)
    assert observe(folder, "mended.json", "--resume", table).read_bytes() == whole.read_bytes()


def test_nan_inside_of_the_model_names_value_and_sample(observed: Path, images: np.ndarray, tmp_path: Path) -> None:
    huge = images.copy()
    huge[5] = np.finfo(np.float32).max
    data, table = archive(tmp_path / "huge.npz", huge), tmp_path / "table.json"
    done = tool("quant-run", observed, "--observe", table, "--inputs", data)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {data}, sample 5: value '")
    assert " is infinite at element " in done.stderr or " is NaN at element " in done.stderr
    assert check_partial(table, SAMPLES) == 5
    # Nothing of the sample that failed was counted.
    first = tmp_path / "first.json"
    before = archive(tmp_path / "first.npz", images[:5])
    must(tool("quant-run", observed, "--observe", first, "--inputs", before))
    partial = json.loads(table.read_text())
    del partial["interrupted_of"]
    assert partial == json.loads(first.read_text())
    # Without it, the others go on.
    others, resumed = archive(tmp_path / "others.npz", np.delete(huge, 5, axis=0)), tmp_path / "resumed.json"
    must(tool("quant-run", observed, "--observe", resumed, "--inputs", others, "--resume", table))
    must(tool("quant-run", observed, "--observe", first, "--inputs", others))
    assert resumed.read_bytes() == first.read_bytes()
    # Fewer than it holds are other samples.
    few = archive(tmp_path / "few.npz", huge[:3])
    done = tool("quant-run", observed, "--observe", resumed, "--inputs", few, "--resume", table)
    assert done.returncode == 1 and "it holds other samples than the first 5 of this data" in done.stderr


def test_what_cannot_be_resumed(observed: Path, whole: Path, artifacts: Artifacts, tmp_path: Path) -> None:
    def refuse(partial: Path, *words: str, module: Path = observed) -> None:
        arguments = ["--observe", tmp_path / "t.json", "--inputs", tmp_path / "whole.npz", "--resume", partial]
        done = tool("quant-run", module, *arguments)
        assert done.returncode == 1
        assert all(word in done.stderr for word in (f"'{partial}'", *words)), done.stderr
        assert not (tmp_path / "t.json").exists()

    refuse(whole, "cannot be resumed: it is complete, of 64 samples")
    table = json.loads(whole.read_text())
    partial = tmp_path / "partial.json"
    partial.write_text(json.dumps({**table, "interrupted_of": 100}))
    plain = observers(artifacts, MODEL, tmp_path)
    refuse(partial, "which is not observed here", module=plain)
    partial.write_text(json.dumps({**table, "interrupted_of": 100, "fingerprint": "0" * 32}))
    refuse(partial, "it is of another model")
    partial.write_text(json.dumps({**table, "interrupted_of": 100, "mask": "m"}))
    refuse(partial, "it was made with the mask 'm', and this run has no mask")
    partial.write_text(json.dumps({**table, "interrupted_of": 100, "held_out": {"samples": 3, "hash": "0" * 16}}))
    refuse(partial, "it was made with 3 samples held out, and this run holds out 0")


def interrupted_table(observed: Path, folder: Path, images: np.ndarray, done: int) -> Path:
    """A run that a bad sample ended after `done`."""
    bad = images.copy()
    bad[done] = np.finfo(np.float32).max
    table = folder / "partial.json"
    data = archive(folder / "bad.npz", bad)
    assert tool("quant-run", observed, "--observe", table, "--inputs", data).returncode == 1
    assert check_partial(table, len(images)) == done
    return table


def test_only_the_samples_that_it_holds_are_passed_over(
    observed: Path, observe: Observe, whole: Path, images: np.ndarray, tmp_path: Path
) -> None:
    """As many samples are not the same samples: neither in another order, nor in a merged table."""

    def refuse(partial: Path, data: Path) -> None:
        table = tmp_path / "refused.json"
        done = tool("quant-run", observed, "--observe", table, "--inputs", data, "--resume", partial)
        assert (done.returncode, table.exists()) == (1, False)
        count = json.loads(partial.read_text())["samples"]
        assert f"'{partial}' cannot be resumed: it holds other samples than the first {count} of this" in done.stderr

    parts = [tmp_path / "first", tmp_path / "second"]
    for part in parts:
        part.mkdir()
    first = interrupted_table(observed, parts[0], images[:24], 10)
    second = observe(archive(tmp_path / "second.npz", images[24:]), "second.json")
    merged = tmp_path / "merged.json"
    must(tool("quant-run", "--merge-tables", first, second, "-o", merged))
    assert check_partial(merged, SAMPLES) == 50
    refuse(merged, tmp_path / "whole.npz")
    # In the order in which it holds them, it goes on.
    turned = archive(tmp_path / "turned.npz", np.concatenate([images[24:], images[:24]]))
    assert observe(turned, "resumed.json", "--resume", merged).read_bytes() == whole.read_bytes()

    partial = interrupted_table(observed, tmp_path, images, 30)
    refuse(partial, turned)
    # The first ones in any order.
    mixed = np.concatenate([images[:30][::-1], images[30:]])
    resumed = observe(archive(tmp_path / "mixed.npz", mixed), "resumed.json", "--resume", partial)
    assert resumed.read_bytes() == whole.read_bytes()


def test_held_out_samples_are_in_the_table(observe: Observe, whole: Path, tmp_path: Path) -> None:
    data = tmp_path / "whole.npz"
    table = json.loads(observe(data, "held.json", "--held-out", 5).read_text())
    everything = json.loads(whole.read_text())
    assert "held_out" not in everything and "mask" not in everything
    assert (table["samples"], table["held_out"]["samples"]) == (SAMPLES - 5, 5)
    total = int(table["samples_hash"], 16) + int(table["held_out"]["hash"], 16)
    assert total % 2**64 == int(everything["samples_hash"], 16)


# The samples are done, and a signal does not end it.
SLOW = """#!/bin/sh
trap '' TERM
'{tool}' "$@" || exit
echo 'progress: 1000000/1000000 calibration samples' >&2
sleep 4
"""


@pytest.fixture
def slow(artifacts: Artifacts, images: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """A calibration whose quant-run takes its time to end; temporary files are in a folder of their own."""
    for folder in ("tools", "temporary"):
        (tmp_path / folder).mkdir()
    program = tmp_path / "tools" / "quant-run"
    program.write_text(SLOW.format(tool=tools_folder() / "quant-run"))
    program.chmod(0o755)
    program.with_name("quant-opt").symlink_to(tools_folder() / "quant-opt")
    monkeypatch.setenv("LOWBIT_TOOLS", str(program.parent))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    data = archive(tmp_path / "few.npz", images[:4])
    options = f"compile-to=calibrate calibration-data={data} save-table={tmp_path / 'table.json'}"
    return ["quant-opt", artifacts.imported(MODEL), f"--quantize-ptq={options}"]


def test_an_interruption_after_the_last_sample_counts(slow: list[object], tmp_path: Path) -> None:
    code, said = interrupt(slow, 1000000, signal.SIGTERM, group=False)
    assert code == 1
    assert "error: calibration: interrupted\n" in said
    assert f"note: '{tmp_path / 'table.json'}' has all samples" in said
    assert json.loads((tmp_path / "table.json").read_text())["samples"] == 4


def test_a_second_signal_leaves_no_temporary_files(slow: list[object], tmp_path: Path) -> None:
    environment = {**os.environ, "LOWBIT_PROGRESS": "1"}
    command = [str(tools_folder() / "quant-opt"), *map(str, slow[1:])]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)
    wait_for_samples(child, 1000000)
    # The module, the table and what quant-run says.
    assert {path.suffix for path in (tmp_path / "temporary").glob("lowbit-*")} == {".mlirbc", ".json", ".log"}
    child.send_signal(signal.SIGTERM)
    time.sleep(2.1)  # in one second they count as one
    assert child.poll() is None
    child.send_signal(signal.SIGTERM)
    assert child.wait(timeout=60) == -signal.SIGTERM
    assert not list((tmp_path / "temporary").glob("lowbit-*"))


# --- padding and memory


def test_padding_that_is_masked_changes_nothing(artifacts: Artifacts, observe: Observe, tmp_path: Path) -> None:
    """Padded sentences have the table of unpadded ones, every value of the model included."""
    module = observers(artifacts, "minilm", tmp_path, "observe=all channels=true")
    sentences = sorted(sts.load_pairs(PAIRS).calibration(), key=len)[::40]
    assert len({len(sentence) for sentence in sentences}) > 2
    folder = tmp_path / "apart"
    folder.mkdir()
    for i, sentence in enumerate(sentences):
        save(folder / f"{i}.npz", sts.pad([sentence]))
    padded = save(tmp_path / "padded.npz", sts.pad(sentences))
    apart = observe(folder, "apart.json", module=module)
    masked = observe(padded, "masked.json", "--mask", "attention_mask", module=module)
    with_mask, without = json.loads(masked.read_text()), json.loads(apart.read_text())
    # Of padded samples the hashes are others.
    assert with_mask.pop("samples_hash") != without.pop("samples_hash")
    assert with_mask.pop("mask") == "attention_mask"
    assert with_mask == without
    positions = sum(map(len, sentences))
    assert with_mask["values"]["embeddings/norm"]["count"] == 384 * positions


# What a process takes before it becomes another program counts for its peak: so a small one starts it.
MEASURE = """import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"""


def peak_memory(command: list[str]) -> int:
    """Of a child, in KiB."""
    done = subprocess.run([sys.executable, "-c", MEASURE, *command], capture_output=True, text=True)
    return int(must(done))


@pytest.mark.parametrize("how", ["stored", "deflated", "npy", "folder"])
def test_memory_does_not_grow_with_the_samples(
    how: str, artifacts: Artifacts, images: np.ndarray, tmp_path: Path
) -> None:
    observed = observers(artifacts, MODEL, tmp_path)
    peaks = []
    for count in (32, 32768):
        array = np.resize(images, (count, *images.shape[1:]))
        path = tmp_path / {"npy": "data.npy", "folder": f"data{count}"}.get(how, "data.npz")
        if how == "npy":
            np.save(path, array)
        elif how == "folder":
            path.mkdir()
            for i, image in enumerate(array):
                np.save(path / f"{i}.npy", image[None])
        elif how == "stored":
            archive(path, array)
        else:
            np.savez_compressed(path, allow_pickle=False, **{INPUT[MODEL]: array})
        command = [tools_folder() / "quant-run", observed, "--observe", tmp_path / "t.json", "--inputs", path]
        peaks.append(peak_memory(list(map(str, command))))
    assert peaks[1] <= 1.01 * peaks[0], peaks
