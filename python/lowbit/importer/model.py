"""Imports a graph: walks the nodes, asks their handlers, gathers what cannot be expressed, writes the module."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import onnx

from . import ops  # noqa: F401  (registers the handlers)
from .context import HANDLERS, Context
from .dims import Dim, symbol
from .dims import text as dim_text
from .emitter import quote, tensor_type
from .errors import ModelError, Unsupported
from .fold import evaluate, fold_batch_norm
from .graph import Graph, Node, build_graph
from .layout import plain_layout
from .load import load_model
from .quantized import check_codes
from .shape_math import evaluate_shape_math
from .store import replacing
from .values import BORDER_CODES, CODES, Const, Tensor, Value, border_type, onnx_element_type, plain

Progress = Callable[[int, int], None]


def import_onnx(
    path: str | os.PathLike[str],
    mlir_path: str | os.PathLike[str],
    store_path: str | os.PathLike[str],
    shapes: Mapping[str, int] | None = None,
    *,
    progress: Progress | None = None,
) -> None:
    """Writes the float contract of an ONNX model: MLIR text, and its weights as a safetensors file.

    `shapes` gives sizes to dynamic dimensions by name ({"batch": 1}); all others stay dynamic. `progress` is called
    with the number of nodes done and the number of all. Both files are written whole or not at all, and the same model
    gives the same bytes.

    Raises ModelError with one complete message: the file cannot be read, is not a valid ONNX model of opset 7 or newer,
    names a dimension in `shapes` that it does not have, or uses operators that are not supported (all are listed).
    """
    source, mlir, store = Path(path), Path(mlir_path), Path(store_path)
    for target in (mlir, store):
        if not target.parent.is_dir():
            raise ModelError(f"{target}: the folder {target.parent} does not exist; make it first")
    graph = build_graph(*load_model(source))
    fold_batch_norm(graph)
    importer = _Importer(graph, source, dict(shapes or {}))
    importer.run(progress)
    text = importer.module(os.path.relpath(store, mlir.parent))
    with replacing(mlir) as temporary:
        temporary.write_text(text, encoding="utf-8")
        importer.ctx.store.write(store)


class _Importer:
    def __init__(self, graph: Graph, path: Path, shapes: dict[str, int]) -> None:
        self.graph, self.path, self.shapes = graph, path, shapes
        self.ctx = Context(graph)
        self.problems: list[tuple[Node, str]] = []
        self.arguments: list[tuple[str, Tensor]] = []
        self.results: list[tuple[str, Tensor]] = []

    def run(self, progress: Progress | None) -> None:
        self._bind_inputs()
        for name, array in self.graph.consts.items():
            self.ctx.values[name] = Const(array, name)
        for done, node in enumerate(self.graph.nodes):
            if progress:
                progress(done, len(self.graph.nodes))
            self._node(node)
        if self.problems:
            raise ModelError(self._report())
        self.ctx.emitter.location = "return"
        for name in self.graph.outputs:
            self._result(name)
        if progress:
            progress(len(self.graph.nodes), len(self.graph.nodes))

    # -- inputs

    def _bind_inputs(self) -> None:
        used: set[str] = set()
        for number, info in enumerate(self.graph.inputs):
            kind = info.type.tensor_type
            if not info.type.HasField("tensor_type") or not kind.HasField("shape"):
                raise ModelError(f"{self.path}: input {info.name} is not a tensor of known rank; export it with one")
            try:
                dtype = border_type(kind.elem_type)
            except Unsupported as error:
                raise ModelError(f"{self.path}: input {info.name}: {error}") from error
            shape: list[Dim] = []
            ssa = f"%arg{number}"
            for position, entry in enumerate(kind.shape.dim):
                size = self._input_dim(entry, f"{info.name}_d{position}", used)
                shape.append(size)
                if not isinstance(size, int):
                    self.ctx.emitter.bind(size, ssa, position)
            tensor = plain(ssa, dtype, tuple(shape))
            self.ctx.emitter.argument_types[ssa] = tensor_type(shape, dtype)
            self.arguments.append((info.name, tensor))
            self.ctx.values[info.name] = tensor
        self._check_shapes(used)

    def _input_dim(self, entry: onnx.TensorShapeProto.Dimension, fallback: str, used: set[str]) -> Dim:
        if entry.HasField("dim_value") and entry.dim_value > 0:
            return int(entry.dim_value)
        name = re.sub(r"\W+", "_", entry.dim_param) if entry.dim_param else fallback
        used.add(name)
        return self.shapes[name] if name in self.shapes else symbol(name)

    def _check_shapes(self, used: set[str]) -> None:
        known = ", ".join(sorted(used)) or "none, all its sizes are fixed"
        for name, size in self.shapes.items():
            if name not in used:
                near = difflib.get_close_matches(name, used, n=3, cutoff=0.4)
                hint = f"; did you mean {' or '.join(near)}?" if near else ""
                raise ModelError(
                    f"{self.path}: no dynamic dimension is called {name}; the model's dynamic dimensions: {known}{hint}"
                )
            if size < 1:
                raise ModelError(f"{self.path}: dimension {name} is set to {size}; sizes are 1 or more")

    # -- nodes

    def _node(self, node: Node) -> None:
        handler = HANDLERS.get(node.kind)
        missing = [name for name in node.inputs if name and name not in self.ctx.values]
        self.ctx.emitter.location = node.name
        try:
            values = None if missing else self._known(node)
            if values is None:
                if handler is None:
                    raise Unsupported("operator not supported")
                if missing:
                    return  # a consequence of a problem that is listed already
                check_codes(self.ctx, node)
                found = handler(self.ctx, node)
                values = found if isinstance(found, list) else [found]
        except Unsupported as error:
            self.problems.append((node, str(error)))
            self._stand_in(node)
            return
        for name, value in zip(node.outputs, values, strict=False):
            if name:
                self.ctx.values[name] = value

    def _known(self, node: Node) -> list[Value] | None:
        """The outputs of a node that can be computed now."""
        inputs = [self.ctx.values[name] for name in node.inputs if name]
        if any(isinstance(value, Const) and value.codes for value in inputs):
            return None  # folding would lose what they were dequantized from
        if all(isinstance(value, Const) for value in inputs):
            consts = {name: v.array for name in node.inputs if name and isinstance(v := self.ctx.values[name], Const)}
            arrays = evaluate(node, consts, self.graph.opset)
            if arrays is not None:
                return [Const(array, name) for array, name in zip(arrays, filter(None, node.outputs), strict=True)]
        value = evaluate_shape_math(self.ctx, node)
        return None if value is None else [value]

    def _stand_in(self, node: Node) -> None:
        """Lets the nodes behind a problem be looked at too, where ONNX knows the shape."""
        for name in node.outputs:
            kind = self.graph.types[name].tensor_type if name in self.graph.types else None
            if kind is None or not kind.HasField("shape") or not all(d.dim_value > 0 for d in kind.shape.dim):
                continue
            try:
                dtype = onnx_element_type(kind.elem_type)
            except Unsupported:
                continue
            self.ctx.values[name] = plain("%unsupported", dtype, tuple(int(d.dim_value) for d in kind.shape.dim))

    def _report(self) -> str:
        by_reason: dict[tuple[str, str], list[str]] = {}
        for node, reason in self.problems:
            by_reason.setdefault((node.kind, reason), []).append(node.name)
        lines = [f"  {kind}: {reason} (node {', '.join(names)})" for (kind, reason), names in by_reason.items()]
        kinds = sorted({node.kind for node, _ in self.problems})
        return (
            f"{self.path}: {len(self.problems)} of {len(self.graph.nodes)} nodes cannot be imported "
            f"({', '.join(kinds)}):\n" + "\n".join(lines)
        )

    # -- results and the module

    def _result(self, name: str) -> None:
        if name not in self.ctx.values:
            raise ModelError(f"{self.path}: output {name} is not computed by any node")
        if (dtype := self.ctx.values[name].dtype) in CODES and dtype not in BORDER_CODES:
            raise ModelError(
                f"{self.path}: output {name} holds elements of {dtype}, which data files do not; end the model with "
                "DequantizeLinear"
            )
        try:
            self.results.append((name, plain_layout(self.ctx, self.ctx.values[name])))
        except Unsupported as error:
            raise ModelError(f"{self.path}: output {name}: {error}") from error

    def module(self, store: str) -> str:
        """The module's text."""
        arguments = [f"%arg{k}: {_border(name, t)}" for k, (name, t) in enumerate(self.arguments)]
        results = [_border(name, t) for name, t in self.results]
        values = ", ".join(t.ssa for _, t in self.results)
        types = ", ".join(tensor_type(t.shape, t.dtype) for _, t in self.results)
        lines = [f"module attributes {{lowbit.store = {quote(store)}}} {{"]
        lines += [f"  {line}" for line in self.ctx.parameters()]
        lines.append("  func.func @main(\n      " + ",\n      ".join(arguments) + ")")
        lines.append("      -> (" + ",\n          ".join(results) + ") {")
        body = [*self.ctx.emitter.lines, f"return {values} : {types}"]
        lines += ["    " + line.replace("\n", "\n    ") for line in body]
        # No line of a binary file, and none of this text.
        place = f"loc({quote(self.path.name)}:0:0)"
        return "\n".join([*lines, f"  }} {place}", f"}} {place}", ""])


def _border(name: str, tensor: Tensor) -> str:
    dims = ", ".join(quote(dim_text(d)) for d in tensor.logical)
    kind = tensor_type(tensor.logical, tensor.dtype)
    sign = ", lowbit.unsigned" if tensor.dtype.startswith("u") else ""
    return f"{kind} {{lowbit.dims = [{dims}], lowbit.name = {quote(name)}{sign}}}"
