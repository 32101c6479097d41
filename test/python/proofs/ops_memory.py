"""memref, vector and scf, and the dot-product instructions: what contractions are expanded into.

Instructions, by Intel's documentation (Intrinsics Guide, operation of _mm512_dpbusd_epi32 and _mm256_madd_epi16):
  vpdpbusd  each i32 lane += sum of four products of an unsigned byte (second operand) and a signed one (third), each
            product a signed word, the sum without saturation
  vpmaddwd  each i32 lane = sum of two products of signed words
Lanes of a wider type are made of narrower ones in little-endian order.
"""

from functools import reduce
from typing import Any

import z3

from proofs.ir import Op, Type, Unknown
from proofs.ops_linalg import mixed, numbers
from proofs.translate import Buffer, Machine, Tensor, constant_of, handles, indices, row_major


@handles("memref.alloc")
def alloc(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    [type] = op.result_types
    assert type.element
    sizes = iter(operands)
    shape = tuple(next(sizes) if extent is None else extent for extent in type.shape)
    cells = [machine.fresh(type.element) for _ in indices(shape)]
    return [Buffer(cells, 0, shape, row_major(shape))]


@handles("memref.dealloc")
def dealloc(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    operands[0].cells.clear()  # A later access is an error.
    return []


@handles("memref.extract_strided_metadata")
def metadata(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    [x] = operands
    return [Buffer(x.cells, 0, (), ()), x.offset, *x.shape, *x.strides]


@handles("memref.reinterpret_cast")
def reinterpret_cast(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    [offset] = mixed(op, "static_offsets", operands, 1)
    sizes, strides = mixed(op, "static_sizes", operands, 2), mixed(op, "static_strides", operands, 3)
    return [Buffer(operands[0].cells, offset, tuple(sizes), tuple(strides))]


@handles("memref.collapse_shape", "memref.expand_shape")
def reshape(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    """Of a buffer that is row-major and has a static result, as those of the proofs are."""
    buffer = operands[0]
    [type] = op.result_types
    if buffer.strides != row_major(buffer.shape) or None in type.shape:
        raise Unknown(f"{op.name} of strides {buffer.strides}")
    shape = tuple(extent or 0 for extent in type.shape)
    return [Buffer(buffer.cells, buffer.offset, shape, row_major(shape))]


@handles("memref.load")
def load(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    buffer, *index = operands
    return [buffer.cells[buffer.address(index)]]


@handles("memref.store")
def store(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    value, buffer, *index = operands
    buffer.cells[buffer.address(index)] = value
    return []


def lanes(buffer: Buffer, index: list[int], count: int) -> list[tuple[int, ...]]:
    return [(*index[:-1], index[-1] + i) for i in range(count)]


def vector_type(type: Type) -> tuple[int, Type]:
    if type.kind != "vector" or len(type.shape) != 1 or type.shape[0] is None or not type.element:
        raise Unknown(f"vector {type}")
    return type.shape[0], type.element


@handles("vector.load")
def vector_load(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    buffer, *index = operands
    count, _ = vector_type(op.result_types[0])
    return [Tensor((count,), [buffer.cells[buffer.address(place)] for place in lanes(buffer, index, count)])]


@handles("vector.store")
def vector_store(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    vector, buffer, *index = operands
    for place, x in zip(lanes(buffer, index, len(vector.elements)), vector.elements, strict=True):
        buffer.cells[buffer.address(place)] = x
    return []


@handles("vector.maskedload")
def masked_load(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    buffer, *index, mask, other = operands
    places = lanes(buffer, index, len(mask.elements))
    result = [
        buffer.cells[buffer.address(place)] if constant_of(m) else x
        for place, m, x in zip(places, mask.elements, other.elements, strict=True)
    ]
    return [Tensor(mask.shape, result)]


@handles("vector.maskedstore")
def masked_store(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    buffer, *index, mask, vector = operands
    places = lanes(buffer, index, len(mask.elements))
    for place, m, x in zip(places, mask.elements, vector.elements, strict=True):
        if constant_of(m):
            buffer.cells[buffer.address(place)] = x
    return []


@handles("vector.gather", "vector.scatter")
def gather_scatter(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    buffer, *index, apart, mask, vector = operands
    places = [(*index[:-1], index[-1] + constant_of(i)) for i in apart.elements]
    result = list(vector.elements)
    for i, (place, m) in enumerate(zip(places, mask.elements, strict=True)):
        if not constant_of(m):
            continue
        if op.name == "vector.gather":
            result[i] = buffer.cells[buffer.address(place)]
        else:
            buffer.cells[buffer.address(place)] = vector.elements[i]
    return [Tensor(mask.shape, result)] if op.results else []


@handles("vector.create_mask", "vector.constant_mask")
def create_mask(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    count, _ = vector_type(op.result_types[0])
    valid = operands[0] if operands else numbers(op.attribute("mask_dim_sizes"))[0]
    return [Tensor((count,), [z3.BitVecVal(int(i < valid), 1) for i in range(count)])]


@handles("vector.broadcast")
def broadcast(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    count, _ = vector_type(op.result_types[0])
    [x] = operands
    if isinstance(x, Tensor):
        if len(x.elements) != 1:
            raise Unknown("a broadcast of several elements")
        x = x.elements[0]
    return [Tensor((count,), [x] * count)]


@handles("vector.bitcast")
def bitcast(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    count, element = vector_type(op.result_types[0])
    elements, width = operands[0].elements, element.width
    old = elements[0].size()
    if old == width:
        return operands
    if old < width:
        group = width // old
        return [Tensor((count,), [join(elements[i * group : (i + 1) * group]) for i in range(count)])]
    return [Tensor((count,), [part for x in elements for part in split(x, width)])]


def split(x: Any, width: int) -> list[Any]:
    """The parts of a word, the lowest first. Those of joined bytes are the bytes."""
    joined = [x]
    while joined[0].decl().kind() == z3.Z3_OP_CONCAT:  # of two, the first of which may be one itself
        joined[:1] = joined[0].children()
    if all(part.size() == width for part in joined):
        return joined[::-1]
    parts = [z3.Extract(at + width - 1, at, x) for at in range(0, x.size(), width)]
    return [z3.simplify(part) for part in parts] if z3.is_bv_value(x) else parts


def join(parts: list[Any]) -> Any:
    """The word of some parts, the lowest first. That of the parts of a word is the word."""
    if all(part.decl().kind() == z3.Z3_OP_EXTRACT for part in parts):
        word = parts[0].arg(0)
        if all(part.eq(whole) for part, whole in zip(parts, split(word, parts[0].size()), strict=False)):
            if word.size() == sum(part.size() for part in parts):
                return word
    word = z3.Concat(*reversed(parts))
    return z3.simplify(word) if all(z3.is_bv_value(part) for part in parts) else word


@handles("vector.interleave")
def interleave(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    pairs = zip(operands[0].elements, operands[1].elements, strict=True)
    return [Tensor((2 * len(operands[0].elements),), [x for pair in pairs for x in pair])]


@handles("vector.shuffle")
def shuffle(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    both = operands[0].elements + operands[1].elements
    mask = numbers(op.attribute("mask"))
    return [Tensor((len(mask),), [both[i] for i in mask])]


@handles("vector.extract")
def vector_extract(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    [position] = numbers(op.attribute("static_position"))
    if len(operands) != 1 or op.result_types[0].is_shaped:
        raise Unknown("vector.extract of a vector, or at a place from data")
    return [operands[0].elements[position]]


@handles("vector.reduction")
def vector_reduction(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    """Of integers, whose sums have no order."""
    kind = str(op.attribute("kind"))
    combine = {"add": lambda a, b: a + b, "maxsi": lambda a, b: z3.If(a >= b, a, b)}
    if len(operands) != 1 or op.result_types[0].kind[0] != "i":
        raise Unknown("vector.reduction with a start, or of floats")
    for name, function in combine.items():
        if f"<{name}>" in kind:
            return [reduce(function, operands[0].elements)]
    raise Unknown(f"vector.reduction of kind {kind}")


# Loops.
@handles("scf.for")
def scf_for(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    lower, upper, step, *carried = operands
    if step <= 0:
        raise Unknown(f"a loop with step {step}")
    for i in range(lower, upper, step):
        carried = machine.body(op, [i, *carried])
    return carried


@handles("scf.parallel")
def scf_parallel(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    """Iterations in any order; here the last one first, so that a dependence on the order is seen."""
    sizes = numbers(op.attribute("operandSegmentSizes"))
    rank = sizes[0]
    if sizes[3]:
        raise Unknown("a parallel reduction")
    lower, upper, step = operands[:rank], operands[rank : 2 * rank], operands[2 * rank : 3 * rank]
    counts = [max(0, -(-(u - lo) // s)) for lo, u, s in zip(lower, upper, step, strict=True)]
    for index in reversed(indices(counts)):
        machine.body(op, [lo + i * s for lo, i, s in zip(lower, index, step, strict=True)])
    return []


@handles("scf.if")
def scf_if(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    blocks = op.regions[0 if constant_of(operands[0]) else 1]
    return machine.block(blocks[0], []) if blocks else []


# Instructions.
def vpdpbusd(accumulator: Any, a: list[Any], b: list[Any]) -> Any:
    for x, y in zip(a, b, strict=True):
        # A product of a byte of each kind fits a word, so it may as well be taken in 32 bits.
        accumulator = accumulator + z3.ZeroExt(24, x) * z3.SignExt(24, y)
    return accumulator


def vpmaddwd(a: list[Any], b: list[Any]) -> Any:
    first, second = (z3.SignExt(16, x) * z3.SignExt(16, y) for x, y in zip(a, b, strict=True))
    return first + second


@handles("llvm.call_intrinsic")
def intrinsic(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    count, _ = vector_type(op.result_types[0])
    name = str(op.attribute("intrin"))

    def group(x: Tensor, lane: int) -> list[Any]:
        size = len(x.elements) // count
        return x.elements[lane * size : (lane + 1) * size]

    if name in (f"llvm.x86.avx512.vpdpbusd.{32 * count}",):
        acc, a, b = operands
        return [Tensor((count,), [vpdpbusd(acc.elements[i], group(a, i), group(b, i)) for i in range(count)])]
    if name == "llvm.x86.avx2.pmadd.wd" and count == 8:
        a, b = operands
        return [Tensor((count,), [vpmaddwd(group(a, i), group(b, i)) for i in range(count)])]
    raise Unknown(f"intrinsic {name}")
