"""lowbit.contract: what it means (rules N9 and N21 of docs/numerics.md).

The sum, over the reduction loops, of (a - za) * (b - zb), modulo 2^width of the accumulator, then the region on each
sum. Zero points may run along a dimension of their operand.
"""

from typing import Any

import z3

from proofs.ir import AffineMap, Op, Type, Unknown
from proofs.ops_linalg import read
from proofs.ops_lowbit import Format, integers, segments
from proofs.translate import Machine, Tensor, handles, indices


def factor(op: Op, name: str, type: Type, values: Tensor, dynamic: list[Any], width: int) -> Tensor:
    """value - zero point, at the width of the accumulator."""
    element = type.element
    assert element
    format = Format.parse(element) if element.kind.startswith("!") else None
    points = [z3.BitVecVal(0, 32)]
    if dynamic or name in op.attributes:
        points, _ = integers(op, name, dynamic)

    def steps(place: tuple[int, ...]) -> z3.BitVecRef:
        value = values[place]
        wide = format.widen(value, width) if format else z3.SignExt(width - value.size(), value)
        if len(points) > 1 and (format is None or format.axis is None):
            raise Unknown(f"{name} without an axis")
        point = points[place[format.axis]] if len(points) > 1 and format and format.axis is not None else points[0]
        return wide - z3.SignExt(width - 32, point)

    return Tensor.build(values.shape, steps)


@handles("lowbit.contract")
def contract(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    [lhs], [rhs], lhs_point, rhs_point, extra, [init] = segments(op, operands)
    [[block]] = op.regions
    width = block.arguments[0][1].width
    maps = op.attribute("indexing_maps")
    iterators = op.attribute("iterator_types")
    assert isinstance(maps, list) and isinstance(iterators, list)
    a = factor(op, "lhs_zero_point", op.operand_types[0], lhs, lhs_point, width)
    b = factor(op, "rhs_zero_point", op.operand_types[1], rhs, rhs_point, width)
    values = [a, b, *extra, init]
    extents: dict[int, int] = {}
    for value, map in zip(values, maps, strict=True):
        assert isinstance(map, AffineMap)
        for result in range(len(map.text)):
            loop = map.dim(result)
            if loop is not None and extents.setdefault(loop, value.shape[result]) != value.shape[result]:
                raise Unknown(f"loop {loop} has lengths {extents[loop]} and {value.shape[result]}")
    if len(extents) != len(iterators):
        raise Unknown("a loop without a length")
    sums: dict[tuple[int, ...], z3.BitVecRef] = {}
    outer: dict[tuple[int, ...], tuple[int, ...]] = {}
    for loops in indices([extents[i] for i in range(len(extents))]):
        place = maps[-1](loops)
        product = read(a, maps[0](loops)) * read(b, maps[1](loops))
        sums[place] = sums[place] + product if place in sums else product
        outer.setdefault(place, loops)

    def element(place: tuple[int, ...]) -> Any:
        others = [read(x, map(outer[place])) for x, map in zip(extra, maps[2:-1], strict=True)]
        zero = z3.BitVecVal(0, width)  # of no products
        return machine.body(op, [sums.get(place, zero), *others])[0]

    return [Tensor.build(init.shape, element)]
