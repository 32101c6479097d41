"""Reads MLIR in its generic form (`--mlir-print-op-generic`): text in, operations out.

A small and strict reader for the proofs. What it does not know is an error, so that no operation, attribute or type is
passed over unseen. Locations are not printed in that form and are not read.
"""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field


class Unknown(Exception):
    """Something that the reader or the translator has no meaning for."""


@dataclass(frozen=True)
class Type:
    """`i8`, `index`, `f32`, an affine type, or a shaped type, whose kind is tensor, memref or vector."""

    kind: str
    shape: tuple[int | None, ...] = ()
    element: "Type | None" = None

    @property
    def width(self) -> int:
        if not re.fullmatch(r"i\d+", self.kind):
            raise Unknown(f"width of {self.kind}")
        return int(self.kind[1:])

    @property
    def is_shaped(self) -> bool:
        return self.element is not None


@dataclass(frozen=True)
class AffineMap:
    dims: int
    text: tuple[str, ...]

    def dim(self, result: int) -> int | None:
        """The loop that a result is, when it is just a loop."""
        match = re.fullmatch(r"d(\d+)", self.text[result])
        return int(match[1]) if match else None

    def __call__(self, loops: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(_evaluate(expression)(loops) for expression in self.text)


@dataclass(frozen=True)
class Number:
    """A scalar attribute: an integer, or the bits of a float."""

    value: int
    type: Type


@dataclass(frozen=True)
class Dense:
    """Elements in row-major order; one stands for all."""

    values: tuple[int, ...]
    type: Type

    def flat(self) -> list[int]:
        size = 1
        for extent in self.type.shape:
            size *= extent or 0
        return list(self.values) * (size if len(self.values) == 1 else 1)


@dataclass
class Block:
    arguments: list[tuple[str, Type]]
    ops: list["Op"] = field(default_factory=list)


@dataclass
class Op:
    name: str
    operands: list[str]
    results: list[str]
    attributes: dict[str, object]
    regions: list[list[Block]]
    operand_types: list[Type]
    result_types: list[Type]

    def attribute(self, name: str) -> object:
        if name not in self.attributes:
            raise Unknown(f"{self.name} without {name}")
        return self.attributes[name]


_EXPRESSIONS: dict[str, Callable[[tuple[int, ...]], int]] = {}


def _evaluate(expression: str) -> Callable[[tuple[int, ...]], int]:
    if expression not in _EXPRESSIONS:
        python = expression.replace("floordiv", "//").replace(" mod ", " % ")
        if not re.fullmatch(r"(d\d+|\d+|[-+*/%() ])*", python):
            raise Unknown(f"affine expression {expression}")
        code = compile(re.sub(r"d(\d+)", r"loops[\1]", python), "<affine>", "eval")
        _EXPRESSIONS[expression] = lambda loops: eval(code, {"loops": loops})
    return _EXPRESSIONS[expression]


class Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.maps: dict[str, AffineMap] = {}

    # Characters and words.
    def skip(self) -> None:
        match = re.compile(r"(\s|//[^\n]*)*").match(self.text, self.at)
        self.at = match.end() if match else self.at

    def peek(self, word: str) -> bool:
        self.skip()
        return self.text.startswith(word, self.at)

    def accept(self, word: str) -> bool:
        if not self.peek(word):
            return False
        self.at += len(word)
        return True

    def expect(self, word: str) -> None:
        if not self.accept(word):
            raise Unknown(f"expected {word!r} at {self.text[self.at : self.at + 60]!r}")

    def match(self, pattern: str) -> str | None:
        self.skip()
        found = re.compile(pattern).match(self.text, self.at)
        if not found:
            return None
        self.at = found.end()
        return found[0]

    def need(self, pattern: str) -> str:
        found = self.match(pattern)
        if found is None:
            raise Unknown(f"expected {pattern} at {self.text[self.at : self.at + 60]!r}")
        return found

    def string(self) -> str:
        return self.need(r'"(?:[^"\\]|\\.)*"')[1:-1]

    def listed(self, end: str, item: Callable[[], object]) -> list:
        items: list = []
        while not self.accept(end):
            if items:
                self.expect(",")
            items.append(item())
        return items

    # Types.
    def type(self) -> Type:
        kind = self.match(r"(tensor|memref|vector)<")
        if kind:
            shape: list[int | None] = []
            while (extent := self.match(r"(\?|\d+)x")) is not None:
                shape.append(None if extent[0] == "?" else int(extent[:-1]))
            element = self.type()
            self.expect(">")  # A layout or an encoding is not known.
            return Type(kind[:-1], tuple(shape), element)
        if kind := self.match(r"!lowbit\.(affine|float)<[^<>]*>"):
            return Type(kind)
        return Type(self.need(r"i\d+\b|index\b|f32\b|f8E8M0FNU\b|none\b"))

    def types(self) -> list[Type]:
        return self.listed(")", self.type) if self.accept("(") else [self.type()]

    # Attributes.
    def affine_map(self) -> AffineMap:
        text = self.need(r"affine_map<\([d0-9, ]*\) -> \((?:[^()]|\([^()]*\))*\)>")
        dims, results = text[len("affine_map<(") : -2].split(") -> (", 1)
        split = tuple(part.strip() for part in results.split(",") if part.strip())
        return AffineMap(dims.count("d"), split)

    def scalar(self, type: Type, text: str) -> int:
        if text in ("true", "false"):
            return int(text == "true")
        if type.kind != "f32":
            return int(text, 0)
        if text.startswith("0x"):
            return int(text, 16)
        return struct.unpack("<I", struct.pack("<f", float(text)))[0]

    def dense(self) -> Dense:
        self.expect("dense<")
        words: list[str] = []
        while not self.accept(">"):
            if not self.match(r"[\[\],]"):
                words.append(self.need(r"true|false|0x[0-9A-Fa-f]+|-?[0-9.]+(?:[eE][+-]?\d+)?"))
        self.expect(":")
        type = self.type()
        assert type.element
        return Dense(tuple(self.scalar(type.element, word) for word in words), type)

    def attribute(self) -> object:
        if self.peek('"'):
            return self.string()
        if self.accept("["):
            return self.listed("]", self.attribute)
        if self.accept("{"):
            return self.dictionary("}")
        if self.peek("dense<"):
            return self.dense()
        if self.match(r"array<i\d+"):
            self.match(":")
            return self.listed(">", lambda: int(self.need(r"-?\d+")))
        if self.peek("affine_map<"):
            return self.affine_map()
        if self.peek("#map"):
            return self.maps[self.need(r"#map\d*")]
        if enum := self.match(r"#[a-z]+\.[a-z_]+<[a-z_, ]*>"):
            return enum
        if symbol := self.match(r'@(\w|[.$])+|@"[^"]*"'):
            return symbol
        if self.accept("("):  # A function type.
            arguments = self.listed(")", self.type)
            self.expect("->")
            return (arguments, self.types())
        if boolean := self.match(r"(true|false)\b"):
            return Number(int(boolean == "true"), Type("i1"))
        if text := self.match(r"0x[0-9A-Fa-f]+|-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?"):
            type = self.type() if self.accept(":") else Type("i64")
            return Number(self.scalar(type, text), type)
        return self.type()

    def dictionary(self, end: str) -> dict[str, object]:
        entries: dict[str, object] = {}
        while not self.accept(end):
            if entries:
                self.expect(",")
            name = self.need(r"[\w.$]+")
            entries[name] = self.attribute() if self.accept("=") else True
        return entries

    # Operations.
    def value(self) -> str:
        return self.need(r"%[\w$.]+(?:#\d+)?")

    def op(self) -> Op:
        results: list[str] = []
        if self.peek("%"):
            name = self.value()
            count = int(self.need(r"\d+")) if self.accept(":") else 0
            results = [f"{name}#{i}" for i in range(count)] if count else [name]
            self.expect("=")
        name = self.string()
        self.expect("(")
        operands = self.listed(")", self.value)
        attributes: dict[str, object] = {}
        if self.accept("<{"):
            attributes = self.dictionary("}")
            self.expect(">")
        regions: list[list[Block]] = []
        if self.accept("("):
            regions = self.listed(")", self.region)
        if self.accept("{"):
            attributes |= self.dictionary("}")
        self.expect(":")
        self.expect("(")
        operand_types = self.listed(")", self.type)
        self.expect("->")
        return Op(name, operands, results, attributes, regions, operand_types, self.types())

    def region(self) -> list[Block]:
        self.expect("{")
        blocks: list[Block] = []
        while not self.accept("}"):
            if self.match(r"\^bb\d+"):
                arguments = self.listed(")", self.argument) if self.accept("(") else []
                self.expect(":")
                blocks.append(Block(arguments))
                continue
            if not blocks:
                blocks.append(Block([]))
            blocks[-1].ops.append(self.op())
        return blocks

    def argument(self) -> tuple[str, Type]:
        name = self.value()
        self.expect(":")
        return name, self.type()

    def module(self) -> Op:
        while self.peek("#map"):
            name = self.need(r"#map\d*")
            self.expect("=")
            self.maps[name] = self.affine_map()
        module = self.op()
        self.skip()
        if module.name != "builtin.module" or self.at != len(self.text):
            raise Unknown(f"after the module: {self.text[self.at : self.at + 60]!r}")
        return module


def read(text: str) -> Op:
    """The one module in `text`."""
    return Reader(text).module()


def functions(module: Op) -> dict[str, Op]:
    return {str(op.attribute("sym_name")): op for op in module.regions[0][0].ops if op.name == "func.func"}
