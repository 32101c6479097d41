"""Probes against quantize and dequantize, bit for bit, and the server that runs them against requests good and bad."""

import json
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from artifacts import save, tools_folder
from lowbit.tools import run_tool

SPECIALS = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e-45, -1e-45, 1.2e-38, 3.4028235e38, -3.4028235e38]


def hexadecimal(value: float) -> str:
    return f"0x{np.float32(value).view(np.uint32):08X}"


def observed(count: int, attributes: str = "") -> str:
    return f"""
func.func @main(%x: tensor<{count}xf32> {{lowbit.name = "x"}}) -> (tensor<{count}xf32> {{lowbit.name = "y"}}) {{
  %0 = lowbit.observe %x "activation" "x" {attributes} : tensor<{count}xf32>
  return %0 : tensor<{count}xf32>
}}
"""


def inputs(scale: np.float32, zero_point: int, low: int, high: int) -> np.ndarray:
    """Special values, every step of the range and the ties between them, their neighbours, and random floats."""
    steps = np.arange(low - zero_point - 3, high - zero_point + 4, 0.5, dtype=np.float32)
    near = (steps * scale).astype(np.float32)
    random = np.random.default_rng(0)
    bits = random.integers(0, 2**32, 2000, dtype=np.uint32).view(np.float32)
    normal = (random.normal(size=2000) * 50 * scale).astype(np.float32)
    neighbours = [np.nextafter(near, np.float32(sign * np.inf)) for sign in (-1, 1)]
    return np.concatenate([np.array(SPECIALS, np.float32), near, *neighbours, bits, normal])


CASES = [
    (0.1, 3, -128, 127, "i8"),
    (0.02, -128, -128, 127, "i8"),
    (1 / 3, 127, -128, 127, "i8"),
    (2.0**-63, 0, -128, 127, "i8"),
    (1e30, 0, -127, 127, "i8, -127:127"),
    (0.7, 0, -7, 7, "i8, -7:7"),
    (0.25, 9, 0, 15, "ui8, 0:15"),
    (0.001, 1234, -32768, 32767, "i16"),
]


@pytest.mark.parametrize(("scale", "zero_point", "low", "high", "format"), CASES)
def test_a_probe_gives_the_bits_of_quantize_and_dequantize(
    scale: float, zero_point: int, low: int, high: int, format: str, tmp_path: Path
) -> None:
    x = inputs(np.float32(scale), zero_point, low, high)
    choice = (
        f"{{format = !lowbit.affine<{format}>, scale = dense<{hexadecimal(scale)}> : tensor<f32>, "
        f"zero_point = dense<{zero_point}> : tensor<i32>}}"
    )
    (tmp_path / "in.mlir").write_text(observed(len(x), choice))
    results = []
    for name, rest in {"qdq": {}, "probes": {"lowbit.probes": [[scale, low - zero_point, high - zero_point]]}}.items():
        module = tmp_path / f"{name}.mlir"
        run_tool("quant-opt", [str(tmp_path / "in.mlir"), f"--lowbit-insert-{name}", "-o", str(module)])
        data = {"x": x} | {key: np.array(rows, np.float32) for key, rows in rest.items()}
        save(tmp_path / f"{name}.npz", data)
        target = tmp_path / f"{name}-out.npz"
        run_tool("quant-run", [str(module), "--inputs", str(tmp_path / f"{name}.npz"), "-o", str(target)])
        results.append(np.load(target)["y"].view(np.uint32))
    np.testing.assert_array_equal(results[1], results[0])


def test_a_probe_that_is_off_changes_nothing(tmp_path: Path) -> None:
    x = inputs(np.float32(0.1), 3, -128, 127)
    (tmp_path / "in.mlir").write_text(observed(len(x)))
    module, target = tmp_path / "probes.mlir", tmp_path / "out.npz"
    run_tool("quant-opt", [str(tmp_path / "in.mlir"), "--lowbit-insert-probes", "-o", str(module)])
    save(tmp_path / "in.npz", {"x": x, "lowbit.probes": np.zeros((1, 3), np.float32)})
    run_tool("quant-run", [str(module), "--inputs", str(tmp_path / "in.npz"), "-o", str(target)])
    np.testing.assert_array_equal(np.load(target)["y"].view(np.uint32), x.view(np.uint32))


MODEL = """
func.func @main(%x: tensor<?x5xf32> {lowbit.name = "x", lowbit.dims = ["batch", "5"]})
    -> (tensor<?x3xf32> {lowbit.name = "y"}) {
  %w = arith.constant dense<[[1.0, -2.0, 3.0], [0.5, 0.25, 1.5], [-1.0, 1.0, 0.0], [2.0, 2.0, -2.0], [0.1, 0.2, 0.3]]>
      : tensor<5x3xf32>
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x5xf32>
  %empty = tensor.empty(%n) : tensor<?x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x3xf32>) -> tensor<?x3xf32>
  %xo = lowbit.observe %x "activation" "x" : tensor<?x5xf32>
  %wo = lowbit.observe %w "weight" "w" {axis = 1 : i64} : tensor<5x3xf32>
  %y = linalg.matmul ins(%xo, %wo : tensor<?x5xf32>, tensor<5x3xf32>) outs(%init : tensor<?x3xf32>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}
"""
WEIGHTS = np.array([[1, -2, 3], [0.5, 0.25, 1.5], [-1, 1, 0], [2, 2, -2], [0.1, 0.2, 0.3]], np.float32)


class Server:
    def __init__(self, module: Path, data: Path, *options: str) -> None:
        command = [str(tools_folder() / "quant-run"), str(module), "--evaluate", "--inputs", str(data), *options]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.greeting = self.read()

    def read(self) -> dict:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def say(self, line: str) -> dict:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.read()

    def ask(self, request: object) -> dict:
        return self.say(json.dumps(request))


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("probed")
    (folder / "model.mlir").write_text(MODEL)
    run_tool("quant-opt", [str(folder / "model.mlir"), "--lowbit-insert-probes", "-o", str(folder / "probed.mlir")])
    x = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    return folder / "probed.mlir", save(folder / "x.npz", {"x": x})


@pytest.fixture
def server(probed: tuple[Path, Path]) -> Server:
    return Server(*probed)


X = {"id": "x", "scale": 0.02, "zero_point": 3, "min": -128, "max": 127}
W = {"id": "w", "scale": [0.02, 0.02, 0.03], "zero_point": [0, 0, 0], "min": -127, "max": 127, "block": [5, 1]}


def test_greeting(server: Server, probed: tuple[Path, Path], tmp_path: Path) -> None:
    table = tmp_path / "t.json"
    observed = [str(probed[0].with_name("model.mlir")), "--observe", str(table), "--inputs", str(probed[1])]
    run_tool("quant-run", [*observed, "--held-out", "32"])
    held_out = json.loads(table.read_text())["held_out"]
    assert held_out["samples"] == 10
    assert server.greeting == {
        "ready": True,
        "samples": 10,
        "of": 40,
        "held_out": True,
        "left_out": 0,
        "held_out_hash": held_out["hash"],
        "outputs": ["y"],
        "probes": ["x"],
        "weights": ["w"],
    }


def test_evaluations_are_what_numpy_computes(server: Server, probed: tuple[Path, Path]) -> None:
    """Every sample's number, with activations and weights quantized one by one."""
    x = np.load(probed[1])["x"]

    def fake(values: np.ndarray, scale: float | list[float], zero: int, low: int, high: int) -> np.ndarray:
        step = np.float32(scale)
        return (np.clip(np.rint(values / step) + zero, low, high) - zero) * step

    def expected(a: np.ndarray, w: np.ndarray) -> list[float]:
        y, z = x.astype(np.float64) @ WEIGHTS.astype(np.float64), a.astype(np.float64) @ w.astype(np.float64)
        signal, noise = (y**2).mean(1), ((y - z) ** 2).mean(1)
        return sorted(10 * np.log10(signal / noise))

    def measured() -> list[float]:
        answer = server.ask({"evaluate": 0})
        flat = [db for (db,) in answer["db"]]
        assert answer["mean_db"] == pytest.approx(np.mean(flat), abs=1e-9)
        return sorted(flat)

    def check(a: np.ndarray, w: np.ndarray) -> None:
        # Ten of forty, and which ones is the server's affair: each has to be one of ours.
        ours = np.array(expected(a, w))
        for db in measured():
            assert np.abs(ours - db).min() < 1e-3

    xq = fake(x, 0.02, 3, -128, 127)
    wq = fake(WEIGHTS, [0.02, 0.02, 0.03], 0, -127, 127)
    assert min(measured()) > 100
    assert server.ask({"set": [X]}) == {"values": 1}
    check(xq, WEIGHTS)
    server.ask({"set": [W]})
    check(xq, wq)
    server.ask({"set": [{"id": "x"}]})
    check(x, wq)
    server.ask({"set": [{"id": "w"}]})
    assert min(measured()) > 100


def test_other_bytes_of_a_weight(server: Server, tmp_path: Path) -> None:
    (tmp_path / "twice").write_bytes((2 * WEIGHTS).tobytes())
    assert server.ask({"load": "w", "file": str(tmp_path / "twice")}) == {"bytes": 60}
    # Twice the output is an error as large as the signal.
    assert server.ask({"evaluate": 0})["mean_db"] == pytest.approx(0, abs=1e-5)
    server.ask({"set": [{**W, "scale": [0.04, 0.04, 0.06]}]})
    doubled = server.ask({"evaluate": 0})
    assert server.ask({"load": "w"}) == {"bytes": 0}
    server.ask({"set": [{"id": "w"}]})
    assert server.ask({"evaluate": 0})["mean_db"] > 100
    assert doubled["mean_db"] == pytest.approx(0, abs=0.2)


# In requests, RANGE is short for `"min": 0, "max": 1`.
BAD = {
    "not json": "Invalid JSON",
    "[1, 2]": "a request should be an object",
    "{}": "a request should be an object",
    '{"evaluate": -1}': "at most 10",
    '{"evaluate": 11}': "at most 10",
    '{"evaluate": "all"}': "at most 10",
    '{"evaluate": 0, "sampels": 3}': "unknown key 'sampels'",
    '{"set": {"id": "x"}}': "an array of values",
    '{"set": [3]}': "an object with 'id'",
    '{"set": [{"id": "z"}]}': "there is no value 'z'",
    '{"set": [{"id": "x", "scale": "big"}]}': "'scale' should be a number",
    '{"set": [{"id": "x", "scale": 0.1}]}': "'zero_point' should be a number",
    '{"set": [{"id": "x", "scale": 0.1, "zero_point": 0.5, RANGE}]}': "'zero_point' should be a number",
    '{"set": [{"id": "x", "scale": 0.1, "zero_point": 0, "min": 0}]}': "'max' should be a number",
    '{"set": [{"id": "x", "scale": 0, "zero_point": 0, RANGE}]}': "positive and finite",
    '{"set": [{"id": "x", "scale": 1e60, "zero_point": 0, RANGE}]}': "positive and finite",
    '{"set": [{"id": "x", "scale": 0.1, "zero_point": 9, RANGE}]}': "zero point 9 is not in [0, 1]",
    '{"set": [{"id": "x", "scale": 0.1, "zero_point": 0, "min": 1, "max": 1}]}': "are no storage range",
    '{"set": [{"id": "x", "scale": 0.1, "zero_point": 0, "min": 0, "max": 99999999}]}': "are no storage range",
    '{"set": [{"id": "x", "scale": [0.1, 0.1], "zero_point": [0, 0], RANGE}]}': "1 scales were expected",
    '{"set": [{"id": "x", "scale": [0.1], "zero_point": [0], RANGE, "block": [1, 1]}]}': "no blocks",
    '{"set": [{"id": "w", "scale": [0.1], "zero_point": [0, 0], RANGE}]}': "1 scales and 2 zero points",
    '{"set": [{"id": "w", "scale": [], "zero_point": [], RANGE}]}': "leave it out for float",
    '{"set": [{"id": "w", "scale": [1], "zero_point": [0], RANGE, "block": [5]}]}': "2 dimensions, found 1",
    '{"set": [{"id": "w", "scale": [1], "zero_point": [0], RANGE, "block": [5, 0]}]}': "at least one element",
    '{"set": [{"id": "w", "scale": [1], "zero_point": [0], RANGE, "block": [5, 1]}]}': "3 scales were expected",
    '{"load": "nothing", "file": "x"}': "cannot open 'x'",
    '{"load": "nothing"}': "no parameter is named 'nothing'",
    '{"load": 3}': "should be the name of a parameter",
}


def test_bad_requests_are_answered_and_change_nothing(server: Server) -> None:
    server.ask({"set": [X, W]})
    before = server.ask({"evaluate": 0})
    for request, message in BAD.items():
        answer = server.say(request.replace("RANGE", '"min": 0, "max": 1'))
        assert list(answer) == ["error"], request
        assert message in answer["error"], request
    # The good value before a bad one is not taken either.
    good = {**X, "scale": 5.0}
    assert "error" in server.ask({"set": [good, {"id": "z"}]})
    assert server.ask({"evaluate": 0}) == before


def test_the_same_numbers_on_any_number_of_threads(probed: tuple[Path, Path]) -> None:
    def answers(threads: int) -> list[dict]:
        server = Server(*probed, "--threads", str(threads))
        server.ask({"set": [X, W]})
        return [server.ask({"evaluate": count}) for count in (0, 3)]

    assert answers(1) == answers(2) == answers(8)


def test_it_ends_with_its_input(server: Server) -> None:
    assert server.process.stdin
    server.process.stdin.close()
    assert server.process.wait(timeout=20) == 0


def test_it_ends_when_nobody_reads(server: Server) -> None:
    """The reading end alone goes: the server finds out before its next run."""
    assert server.process.stdin and server.process.stdout
    server.process.stdout.close()
    try:
        for _ in range(100):
            server.process.stdin.write('{"evaluate": 0}\n')
            server.process.stdin.flush()
            if server.process.poll() is not None:
                break
            time.sleep(0.05)
    except BrokenPipeError:
        pass
    server.process.wait(timeout=20)


def test_few_samples_are_all_used(probed: tuple[Path, Path], tmp_path: Path) -> None:
    x = np.random.default_rng(1).normal(size=(3, 5)).astype(np.float32)
    server = Server(probed[0], save(tmp_path / "x.npz", {"x": x}))
    assert (server.greeting["samples"], server.greeting["of"], server.greeting["held_out"]) == (3, 3, False)


def test_the_samples_do_not_depend_on_files_and_order(probed: tuple[Path, Path], tmp_path: Path) -> None:
    x = np.load(probed[1])["x"]
    shuffled = np.random.default_rng(2).permutation(x)
    save(tmp_path / "a.npz", {"x": shuffled[:7]})
    save(tmp_path / "b.npz", {"x": shuffled[7:]})
    whole, parts = Server(*probed), Server(probed[0], tmp_path)
    for server in (whole, parts):
        server.ask({"set": [X, W]})
    assert whole.ask({"evaluate": 0}) == parts.ask({"evaluate": 0})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--inputs", "missing.npz"], "missing.npz"),
        (["--inputs", "random"], "random data needs every size"),
    ],
)
def test_what_cannot_start(arguments: list[str], message: str, probed: tuple[Path, Path]) -> None:
    command = [str(tools_folder() / "quant-run"), str(probed[0]), "--evaluate", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert message in done.stderr and done.stdout == ""


def test_a_module_without_probes(probed: tuple[Path, Path]) -> None:
    model = probed[0].parent / "model.mlir"
    command = [str(tools_folder() / "quant-run"), str(model), "--evaluate", "--inputs", str(probed[1])]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and "--lowbit-insert-probes" in done.stderr


# --- padding, and samples without a signal


MASKED = """
#map = affine_map<(b, s, c) -> (b, s, c)>
func.func @main(%x: tensor<?x?x4xf32> {lowbit.name = "x", lowbit.dims = ["batch", "seq", "4"]},
                %mask: tensor<?x?xi64> {lowbit.name = "mask", lowbit.dims = ["batch", "seq"]})
    -> (tensor<?x?x4xf32> {lowbit.name = "y"}, tensor<?x4xf32> {lowbit.name = "first"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %x, %c0 : tensor<?x?x4xf32>
  %s = tensor.dim %x, %c1 : tensor<?x?x4xf32>
  %xo = lowbit.observe %x "activation" "x" : tensor<?x?x4xf32>
  %empty = tensor.empty(%b, %s) : tensor<?x?x4xf32>
  %y = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%xo : tensor<?x?x4xf32>) outs(%empty : tensor<?x?x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %square = arith.mulf %in, %in : f32
    linalg.yield %square : f32
  } -> tensor<?x?x4xf32>
  %first = tensor.extract_slice %y[0, 0, 0] [%b, 1, 4] [1, 1, 1] : tensor<?x?x4xf32> to tensor<?x4xf32>
  return %y, %first : tensor<?x?x4xf32>, tensor<?x4xf32>
}
"""


def test_padding_that_is_masked_does_not_count(tmp_path: Path) -> None:
    """Values of great magnitude at padded positions, and the same samples without them: the same dB, bit for bit."""
    (tmp_path / "model.mlir").write_text(MASKED)
    module = tmp_path / "probed.mlir"
    run_tool("quant-opt", [str(tmp_path / "model.mlir"), "--lowbit-insert-probes", "-o", str(module)])
    numbers, lengths, longest = np.random.default_rng(0), [3, 1, 6], 6
    x = np.full((3, longest, 4), 1e6, np.float32)
    mask = np.zeros((3, longest), np.int64)
    folder = tmp_path / "apart"
    folder.mkdir()
    for i, length in enumerate(lengths):
        x[i, :length] = numbers.normal(size=(length, 4))
        mask[i, :length] = 1
        save(folder / f"{i}.npz", {"x": x[i : i + 1, :length], "mask": mask[i : i + 1, :length]})
    padded = save(tmp_path / "padded.npz", {"x": x, "mask": mask})

    def decibels(data: Path, *options: str) -> list[list[float]]:
        server = Server(module, data, *options)
        assert server.greeting["samples"] == 3
        server.ask({"set": [X]})
        return sorted(server.ask({"evaluate": 0})["db"], key=str)

    apart = decibels(folder)
    assert decibels(padded, "--mask", "mask") == apart
    assert decibels(padded) != apart


def test_a_sample_without_a_signal_does_not_count(probed: tuple[Path, Path], tmp_path: Path) -> None:
    """Its ratio would be 0 dB, or hugely negative, and decide the mean."""
    x = np.random.default_rng(1).normal(size=(3, 5)).astype(np.float32)
    few, more = (
        Server(probed[0], save(tmp_path / f"{len(data)}.npz", {"x": data}))
        for data in (x[:2], np.concatenate([x[:2], np.zeros((1, 5), np.float32)]))
    )
    assert (more.greeting["samples"], more.greeting["left_out"], few.greeting["left_out"]) == (2, 1, 0)
    for server in (few, more):
        server.ask({"set": [X]})
    assert more.ask({"evaluate": 0}) == few.ask({"evaluate": 0})
