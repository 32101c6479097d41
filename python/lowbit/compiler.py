"""The verbs over files: import, run, bench, signature; ptq.py has calibrate and quantize.

The command line and the Python API both call these. Paths given for writing are temporary ones, or the caller's own
(see files.staged); a function here that fails may leave files in the folder that it was given.
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lowbit.errors import LowbitError
from lowbit.files import is_mlir, require_file, store_of
from lowbit.progress import Report, step
from lowbit.tools import pass_options, run_tool

Shapes = Mapping[str, int]

# A message names its place; the whole operation printed after it would bury it.
OPT_OPTIONS = ("--mlir-print-op-on-diagnostic=false",)


def import_model(source: Path, module: Path, shapes: Shapes | None = None) -> None:
    """Writes the model, ONNX or MLIR, as an MLIR module in bytecode, and its weights to the store beside it."""
    if is_mlir(source):
        with step(f"importing {source.name}"):
            _import_module(source, module, shapes)
    else:
        _import_onnx(source, module, shapes)


def _import_module(source: Path, module: Path, shapes: Shapes | None) -> None:
    """Brings linalg or TOSA to the float contract (docs/pipeline.md). What was imported before stays as it is."""
    passes = ["--lowbit-attach-weights", "--lowbit-import-module", "--symbol-dce"]
    if shapes:
        passes.append(f"--lowbit-specialize-shapes={pass_options({'shape': shape_text(shapes)})}")
    arguments = [*passes, "--lowbit-verify-float-contract", "--emit-bytecode", plain(source), "-o", plain(module)]
    run_tool("quant-opt", [*OPT_OPTIONS, *arguments], aliases={module.parent: str(source.parent)})


def _import_onnx(source: Path, module: Path, shapes: Shapes | None) -> None:
    from lowbit.importer import ModelError, import_onnx

    with tempfile.TemporaryDirectory(prefix="import-", dir=module.parent) as folder:
        # The name of the text goes into the locations within the module: it must not be one of a temporary folder.
        text = Path(folder) / source.name
        store = Path(folder) / "weights.safetensors"
        with step(f"importing {source.name}") as report:
            nodes = None if report is None else _counting(report, "nodes")
            try:
                import_onnx(source, text, store, shapes, progress=nodes)
            except ModelError as error:
                raise LowbitError(str(error)) from error
        arguments = ["--lowbit-attach-weights", "--emit-bytecode", plain(Path(text.name)), "-o", str(module.resolve())]
        run_tool("quant-opt", [*OPT_OPTIONS, *arguments], cwd=Path(folder))


@contextmanager
def opened(source: Path, shapes: Shapes | None = None) -> Iterator[tuple[Path, dict[Path, str]]]:
    """The module of a model, imported to a temporary folder if it is ONNX, and the names to use for it in messages."""
    if is_mlir(source):
        yield source, {}
        return
    with tempfile.TemporaryDirectory(prefix="lowbit-") as folder:
        module = Path(folder) / "model.mlir"
        import_model(source, module, shapes)
        store = store_of(module)
        yield module, {module: str(source), store: f"the weights of {source}", Path(folder): str(source.parent)}


def signature(module: Path, aliases: Mapping[Path, str] | None = None) -> dict[str, Any]:
    """`{"inputs": [{"name", "dtype", "shape", "dims"}], "outputs": [...]}`; an open dimension is None."""
    result: dict[str, Any] = _json("quant-run", run_tool("quant-run", [plain(module), "--signature"], aliases=aliases))
    return result


def copy_module(module: Path, output: Path, *, aliases: Mapping[Path, str] | None = None) -> None:
    """Writes the module as text to another folder, and its store beside it under the name that goes with it."""
    run_tool("quant-opt", [*OPT_OPTIONS, plain(module), "-o", plain(output)], aliases=aliases)


def run_model(
    module: Path,
    inputs: Path,
    output: Path,
    *,
    threads: int | None = None,
    shapes: Shapes | None = None,
    aliases: Mapping[Path, str] | None = None,
    report: Report | None = None,
    dump_values: bool = False,
    interpret: bool = False,
) -> None:
    """Runs the model on an npz of inputs; `output` gets its outputs, or with `dump_values` every value with an id.

    `interpret`: by the reference interpreter, which compiles nothing.
    """
    arguments: list[str] = [plain(module), "--inputs", plain(inputs), *(["--interpret"] if interpret else [])]
    arguments += ["--dump-values" if dump_values else "-o", plain(output), *_common(threads, shapes)]
    run_tool("quant-run", arguments, aliases=aliases, report=report)


def bench_model(
    module: Path,
    *,
    inputs: Path | None = None,
    threads: int | None = None,
    shapes: Shapes | None = None,
    aliases: Mapping[Path, str] | None = None,
    report: Report | None = None,
) -> dict[str, Any]:
    """Latency and operations a second: median_ms, min_ms, gops, peak_share, threads, target and more."""
    arguments = [
        plain(module),
        "--bench",
        *(["--inputs", plain(inputs)] if inputs else []),
        *_common(threads, shapes),
    ]
    result: dict[str, Any] = _json("quant-run", run_tool("quant-run", arguments, aliases=aliases, report=report))
    return result


def verify_contractions(module: Path, inputs: Path) -> str:
    """Checks every integer contraction of a run against plain arithmetic; the line that says how many were checked."""
    return run_tool("quant-run", [plain(module), "--inputs", plain(inputs), "--verify-contractions"]).strip()


def require_data(path: Path) -> Path:
    """Calibration or comparison data: a file, or a folder of files."""
    return path if path.is_dir() else require_file(path, "the data")


def _counting(report: Report, what: str) -> Callable[[int, int], None]:
    return lambda done, total: report(done, total, what)


def _common(threads: int | None, shapes: Shapes | None) -> list[str]:
    arguments = ["--threads", str(threads)] if threads else []
    if text := shape_text(shapes):
        arguments += ["--shape", text]
    return arguments


def shape_text(shapes: Shapes | None) -> str | None:
    """`batch=1,seq=128`"""
    return ",".join(f"{name}={size}" for name, size in shapes.items()) if shapes else None


def plain(path: Path) -> str:
    """A path that cannot be taken for an option."""
    text = str(path)
    return f"./{text}" if text.startswith("-") else text


def _json(tool: str, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise LowbitError(f"{tool} printed something that is not JSON: {text.strip()[:80]!r}") from error
