"""Reads StableHLO's self-checking interpreter tests: functions that compute on quantized constants and hold the result
against a constant.

In: the text of modules that `// -----` separates. Out: a Case for each function in which a quantized type occurs, with
every operation, type and attribute read; a line of such a function that is not understood is an error. Functions
without quantized types are not cases.
"""

import ast
import re
from dataclasses import dataclass

import numpy as np

# How numpy holds the elements of a constant. Unsigned and 4-bit types do not occur in quantized functions.
DTYPES = {"f32": np.float32, "i32": np.int32, "i8": np.int8, "i1": np.bool_, "i64": np.int64}


@dataclass(frozen=True)
class Quantized:
    """`!quant.uniform`: the integers of `storage`, and the scales and zero points along `axis` (None: one)."""

    storage: str
    low: int
    high: int
    axis: int | None
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]


@dataclass(frozen=True)
class Tensor:
    shape: tuple[int, ...]
    element: str | Quantized

    @property
    def quantized(self) -> Quantized:
        assert isinstance(self.element, Quantized), f"{self} is not quantized"
        return self.element


@dataclass(frozen=True)
class Op:
    """`attributes` is the text between the operands and the types; `value` is a constant's, or what a check expects."""

    name: str
    result: str | None
    operands: tuple[str, ...]
    attributes: str
    inputs: tuple[Tensor, ...]
    output: Tensor | None
    value: np.ndarray | None = None

    @property
    def type(self) -> Tensor:
        assert self.output, f"{self.name} has no result"
        return self.output


@dataclass(frozen=True)
class Case:
    file: str
    index: int
    """Position among the file's modules."""
    ops: tuple[Op, ...]

    @property
    def name(self) -> str:
        return self.file if self.index == 0 else f"{self.file}#{self.index}"


def read(file: str, text: str) -> list[Case]:
    """The quantized functions of a file."""
    found = []
    for index, part in enumerate(re.split(r"^// -----$", text, flags=re.M)):
        if "!quant." not in part:
            continue
        try:
            found.append(Case(file, index, _read_function(part)))
        except ValueError as error:
            raise ValueError(f"{file}, module {index}: {error}") from error
    return found


def _read_function(text: str) -> tuple[Op, ...]:
    ops: list[Op] = []
    functions = 0
    for line in map(str.strip, text.splitlines()):
        if re.match(r"(func\.)?return\b", line) or re.fullmatch(r"(//.*|module( attributes \{.*\})? \{|\}|)", line):
            continue
        if re.fullmatch(r"func\.func @\w+\(\)( -> .*)? \{", line):
            functions += 1
            continue
        ops.append(_read_op(line))
    if functions != 1:
        raise ValueError(f"{functions} functions where one is expected")
    return tuple(ops)


_STATEMENT = re.compile(r'(?:(%\w+) = )?"?((?:stablehlo|check)\.[\w.]+)"?(.*)')
_OPERANDS = re.compile(r"[\s(]*((?:%\w+)(?:,\s*%\w+)*)?\)?,?\s*")


def _read_op(line: str) -> Op:
    match = _STATEMENT.fullmatch(line)
    if not match:
        raise ValueError(f"not an operation: {line[:100]}")
    result, name, rest = match[1], match[2].removeprefix("stablehlo."), match[3].strip()
    if name == "custom_call":
        name, rest = rest.split("(", 1)
        name = name.strip().removeprefix("@")
        rest = "(" + rest
    rest, types = _split_last(rest, " : ")
    inputs, output = _read_signature(types)
    if name == "constant":
        assert output
        return Op(name, result, (), "", (), output, _read_dense(rest, output))
    found = _OPERANDS.match(rest)
    assert found
    operands = tuple(re.findall(r"%\w+", found[1] or ""))
    attributes = rest[found.end() :].strip()
    if name == "check.expect_eq_const" or name == "check.expect_almost_eq_const":
        if len(operands) != 1 or output is None:
            raise ValueError(f"a form of {name} that is not known: {line[:100]}")
        return Op(name, None, operands, "", (output,), None, _read_dense(attributes, output))
    if len(inputs) != len(operands):
        if len(inputs) or len(set(operands)) == 0:
            raise ValueError(f"{len(operands)} operands and {len(inputs)} types: {line[:100]}")
        assert output  # `op %a, %b : T` gives one type for all
        inputs = (output,) * len(operands)
    return Op(name, result, operands, attributes, inputs, output)


def _split_last(text: str, separator: str) -> tuple[str, str]:
    """Around the last separator that no bracket encloses."""
    places, depth = [], 0
    for place in range(len(text)):
        character = text[place]
        if character in "<([{":
            depth += 1
        elif (character == ">" and text[place - 1] != "-") or character in ")]}":
            depth -= 1
        elif depth == 0 and text.startswith(separator, place):
            places.append(place)
    if not places or depth:
        raise ValueError(f"no type in: {text[:100]}")
    return text[: places[-1]].strip(), text[places[-1] + len(separator) :].strip()


def _split(text: str) -> list[str]:
    """Around the commas that no bracket encloses."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "<([{") - (character in ">)]}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def _read_signature(text: str) -> tuple[tuple[Tensor, ...], Tensor | None]:
    if "->" not in text:
        return (), _read_type(text)
    before, after = (part.strip() for part in text.split("->"))
    if not (before.startswith("(") and before.endswith(")")):
        raise ValueError(f"not a function type: {text}")
    return tuple(map(_read_type, _split(before[1:-1]))), None if after == "()" else _read_type(after)


def _read_type(text: str) -> Tensor:
    match = re.fullmatch(r"tensor<((?:\d+x)*)(.*)>", text.strip())
    if not match:
        raise ValueError(f"not a tensor type: {text}")
    shape = tuple(map(int, match[1].split("x")[:-1]))
    if not match[2].startswith("!"):
        if match[2] not in DTYPES:
            raise ValueError(f"element type {match[2]}")
        return Tensor(shape, match[2])
    kind = re.fullmatch(r"!quant\.uniform<i(\d+)(?:<(-?\d+):(-?\d+)>)?:f32(?::(\d+))?, (.*)>", match[2])
    if not kind:
        raise ValueError(f"quantized type {match[2]}")
    width = int(kind[1])
    low, high = (int(kind[2]), int(kind[3])) if kind[2] else (-(1 << (width - 1)), (1 << (width - 1)) - 1)
    pairs = [part.split(":") for part in _split(kind[5].strip("{}"))]
    if (kind[4] is None) != (not kind[5].startswith("{")) or (
        kind[4] is not None and shape[int(kind[4])] != len(pairs)
    ):
        raise ValueError(f"parameters of {match[2]} in {text}")
    scales = tuple(float(pair[0]) for pair in pairs)
    zero_points = tuple(int(pair[1]) if len(pair) > 1 else 0 for pair in pairs)
    return Tensor(shape, Quantized(f"i{width}", low, high, int(kind[4]) if kind[4] else None, scales, zero_points))


def _read_dense(text: str, tensor: Tensor) -> np.ndarray:
    match = re.fullmatch(r"dense<(.*)>", text.strip())
    if not match or isinstance(tensor.element, Quantized):
        raise ValueError(f"not a constant of {tensor.element}: {text[:100]}")
    dtype = np.dtype(DTYPES[tensor.element])
    if match[1].startswith('"0x'):
        flat = np.frombuffer(bytes.fromhex(match[1][3:-1]), dtype)
    elif tensor.element == "i1":
        flat = np.array(ast.literal_eval(match[1].replace("true", "True").replace("false", "False")), dtype)
    elif tensor.element == "f32":
        flat = _read_floats(match[1])
    else:
        flat = np.array(ast.literal_eval(match[1]), np.int64).astype(dtype)
    if flat.ndim == 0 or flat.shape == tensor.shape:
        return np.broadcast_to(flat, tensor.shape).copy()
    if flat.ndim == 1 and match[1].startswith('"') and flat.size == np.prod(tensor.shape):
        return flat.reshape(tensor.shape)
    raise ValueError(f"a constant of shape {flat.shape} for {tensor.shape}")


def _read_floats(text: str) -> np.ndarray:
    """Decimals, and bit patterns such as 0x7F800000, as f32."""

    def quoted(match: re.Match[str]) -> str:
        word = match[0]
        value = np.uint32(int(word, 16)).view(np.float32) if "x" in word else np.float32(word)
        return str(int(value.view(np.uint32)))

    bits = ast.literal_eval(re.sub(r"[-+\w.]+", quoted, text.replace("E+", "E")))
    return np.array(bits, np.uint32).view(np.float32)
