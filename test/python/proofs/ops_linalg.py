"""linalg on tensors and buffers, and tensor: every loop runs, every element moves."""

from typing import Any

from proofs.ir import AffineMap, Number, Op, Type, Unknown
from proofs.translate import Buffer, Machine, Tensor, constant_of, handles, indices


def read(x: Any, index: tuple[int, ...]) -> Any:
    if isinstance(x, Buffer):
        return x.cells[x.address(index)]
    return x[index] if isinstance(x, Tensor) else x


def numbers(attribute: Any) -> list[int]:
    from proofs.ir import Dense

    if isinstance(attribute, Dense):
        return attribute.flat()
    return [int(x) for x in attribute]


def maps_of(op: Op, operands: list[Any]) -> list[AffineMap]:
    if "indexing_maps" in op.attributes:
        maps = op.attributes["indexing_maps"]
        assert isinstance(maps, list)
        return maps
    if op.name in ("linalg.conv_2d_nhwc_hwcf", "linalg.depthwise_conv_2d_nhwc_hwc"):
        s, d = (numbers(op.attribute(name)) for name in ("strides", "dilations"))
        pixel = (f"d1 * {s[0]} + d{{}} * {d[0]}", f"d2 * {s[1]} + d{{}} * {d[1]}")
        if op.name == "linalg.conv_2d_nhwc_hwcf":
            image = ("d0", pixel[0].format(4), pixel[1].format(5), "d6")
            return [AffineMap(7, image), AffineMap(7, ("d4", "d5", "d6", "d3")), AffineMap(7, ("d0", "d1", "d2", "d3"))]
        image = ("d0", pixel[0].format(4), pixel[1].format(5), "d3")
        return [AffineMap(6, image), AffineMap(6, ("d4", "d5", "d3")), AffineMap(6, ("d0", "d1", "d2", "d3"))]
    rank = len(operands[-1].shape)
    identity = tuple(f"d{i}" for i in range(rank))
    if op.name == "linalg.fill":
        return [AffineMap(rank, ()), AffineMap(rank, identity)]
    if op.name == "linalg.copy":
        return [AffineMap(rank, identity)] * 2
    if op.name == "linalg.transpose":
        permutation = numbers(op.attribute("permutation"))
        source = tuple(f"d{permutation.index(i)}" for i in range(rank))
        return [AffineMap(rank, source), AffineMap(rank, identity)]
    raise Unknown(f"the loops of {op.name}")


CONTRACTIONS = ["matmul", "batch_matmul", "contract", "conv_2d_nhwc_hwcf", "depthwise_conv_2d_nhwc_hwc"]


@handles(*[f"linalg.{name}" for name in ["generic", "fill", "copy", "transpose", *CONTRACTIONS]])
def structured(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    maps = maps_of(op, operands)
    extents: dict[int, int] = {}
    for x, map in zip(operands, maps, strict=True):
        for result in range(len(map.text)):
            loop = map.dim(result)
            if loop is not None and extents.setdefault(loop, x.shape[result]) != x.shape[result]:
                raise Unknown(f"{op.name}: loop {loop} has lengths {extents[loop]} and {x.shape[result]}")
    if len(extents) != maps[0].dims:
        raise Unknown(f"{op.name}: a loop without a length")
    inits = len(op.results) or 1
    outs = [x if isinstance(x, Buffer) else Tensor(x.shape, list(x.elements)) for x in operands[-inits:]]
    values = operands[:-inits] + outs
    before = machine.loops
    for loops in indices([extents[i] for i in range(maps[0].dims)]):
        machine.loops = loops
        places = [map(loops) for map in maps]
        results = machine.body(op, [read(x, place) for x, place in zip(values, places, strict=True)])
        for out, place, result in zip(outs, places[-inits:], results, strict=True):
            if isinstance(out, Buffer):
                out.cells[out.address(place)] = result
            else:
                out.elements[out.offset(place)] = result
    machine.loops = before
    return outs if op.results else []


@handles("linalg.index")
def index(machine: Machine, op: Op, _: list[Any]) -> list[Any]:
    return [machine.loops[machine.number(op.attribute("dim"))]]


# tensor
def shape_of(type: Type, dynamic: list[Any]) -> tuple[int, ...]:
    sizes = iter(dynamic)
    return tuple(constant_of(next(sizes)) if extent is None else extent for extent in type.shape)


@handles("tensor.empty")
def empty(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    [type] = op.result_types
    assert type.element
    element = type.element
    return [Tensor.build(shape_of(type, operands), lambda _: machine.fresh(element))]


@handles("tensor.dim", "memref.dim")
def dim(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    return [operands[0].shape[operands[1]]]


@handles("tensor.cast")
def cast(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    return operands


@handles("tensor.from_elements")
def from_elements(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    return [Tensor(shape_of(op.result_types[0], []), list(operands))]


@handles("tensor.extract")
def extract(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    return [operands[0][[constant_of(i) for i in operands[1:]]]]


@handles("tensor.expand_shape", "tensor.collapse_shape")
def reshape(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    return [Tensor(shape_of(op.result_types[0], operands[1:]), operands[0].elements)]


def mixed(op: Op, name: str, operands: list[Any], group: int) -> list[int]:
    """Static numbers, and operands where these say that a number is dynamic."""
    sizes = numbers(op.attribute("operandSegmentSizes"))
    first = sum(sizes[:group])
    dynamic = iter(operands[first : first + sizes[group]])
    return [next(dynamic) if x == -(2**63) else x for x in numbers(op.attribute(name))]


@handles("tensor.pad")
def pad(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    source = operands[0]
    low, high = mixed(op, "static_low", operands, 1), mixed(op, "static_high", operands, 2)
    shape = tuple(sum(x) for x in zip(low, source.shape, high, strict=True))

    def element(index: tuple[int, ...]) -> Any:
        inner = [i - before for i, before in zip(index, low, strict=True)]
        if all(0 <= i < extent for i, extent in zip(inner, source.shape, strict=True)):
            return source[inner]
        return machine.body(op, index)[0]

    return [Tensor.build(shape, element)]


def slice_places(op: Op, operands: list[Any], first: int) -> list[tuple[int, ...]]:
    """The places of a slice in the large tensor, in row-major order."""
    offsets, sizes, strides = (
        mixed(op, name, operands, first + i)
        for i, name in enumerate(["static_offsets", "static_sizes", "static_strides"])
    )
    return [tuple(o + i * s for o, i, s in zip(offsets, index, strides, strict=True)) for index in indices(sizes)]


@handles("tensor.extract_slice")
def extract_slice(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    elements = [operands[0][place] for place in slice_places(op, operands, 1)]
    return [Tensor(shape_of(op.result_types[0], []), elements)]


@handles("tensor.insert_slice")
def insert_slice(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    result = Tensor(operands[1].shape, list(operands[1].elements))
    for place, element in zip(slice_places(op, operands, 2), operands[0].elements, strict=True):
        result.elements[result.offset(place)] = element
    return [result]


@handles("tensor.concat")
def concat(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    dim = op.attribute("dim")
    axis = dim.value if isinstance(dim, Number) else 0
    shape = list(operands[0].shape)
    shape[axis] = sum(x.shape[axis] for x in operands)

    def element(index: tuple[int, ...]) -> Any:
        at = index[axis]
        for x in operands:
            if at < x.shape[axis]:
                return x[(*index[:axis], at, *index[axis + 1 :])]
            at -= x.shape[axis]
        raise Unknown("concat")

    return [Tensor.build(shape, element)]
