//===- ContractOps.cpp - quantized contractions ---------------------------===//
//
// For each index of the parallel loops the sum of products, exact (N9) or in
// f32 by fma in the order of the loops (F2), then the region. A packed
// right-hand side is unpacked first. Refused: sizes that do not agree, an index
// outside an operand, a sum that the accumulator does not hold.
//
//===----------------------------------------------------------------------===//
#include "Body.h"
#include "Machine.h"

#include "lowbit/Dialect/Lowbit/IR/Evaluate.h"

#include <cmath>

using namespace mlir;

namespace lowbit::interpreter {
namespace {

/// An operand by its loops: offset = sum of stride * index + base.
struct Indexed {
  int64_t base = 0;
  SmallVector<int64_t> strides;

  int64_t at(ArrayRef<int64_t> loops) const {
    int64_t offset = base;
    for (size_t i = 0; i < strides.size(); ++i)
      offset += strides[i] * loops[i];
    return offset;
  }
};

template <typename OpTy> class Contraction {
public:
  Contraction(Machine &m, OpTy op) : m(m), op(op) {
    for (Attribute map : op.getIndexingMaps())
      maps.push_back(cast<AffineMapAttr>(map).getValue());
    for (auto [loop, type] : llvm::enumerate(op.getIteratorTypes()))
      (cast<StringAttr>(type).getValue() == "parallel" ? parallel : reduction)
          .push_back(loop);
  }

  LogicalResult run(Tensor rhs, ArrayRef<int64_t> rhsShape) {
    SmallVector<Tensor> extras;
    SmallVector<SmallVector<int64_t>> shapes;
    Tensor lhs = m.get(op.getLhs()), init = m.get(op.getInit());
    shapes.emplace_back(lhs.shape());
    shapes.emplace_back(rhsShape);
    for (Value value : op.getExtra()) {
      extras.push_back(m.get(value));
      shapes.emplace_back(extras.back().shape());
    }
    shapes.emplace_back(init.shape());
    for (const Tensor *tensor : {&lhs, &rhs})
      if (tensor->isUndefined() && tensor->size() != 0)
        return op.emitOpError("reads elements of tensor.empty, which are "
                              "undefined");
    if (failed(findExtents(shapes)) || failed(findStrides(shapes)))
      return failure();

    Block &block = op.getEpilogue().front();
    Value yielded = block.getTerminator()->getOperand(0);
    auto body = Body::prepare(m, block, yielded);
    if (failed(body))
      return failure();
    Type accumulator = block.getArgument(0).getType();
    if (!accumulator.isF32()) {
      auto left = integers(lhs, getElementTypeOrSelf(op.getLhs().getType()),
                           op.getLhsZeroPointAttr(),
                           op.getDynamicLhsZeroPoint(), lhs.shape(), nullptr);
      auto right =
          integers(rhs, rhsElement(), op.getRhsZeroPointAttr(),
                   op.getDynamicRhsZeroPoint(), rhsShape, granularity());
      if (failed(left) || failed(right))
        return failure();
      lhsInts = std::move(*left);
      rhsInts = std::move(*right);
    } else {
      lhsFloats = floats(lhs);
      rhsFloats = floats(rhs);
    }

    SmallVector<int64_t> loops(extents.size(), 0), outer, inner;
    for (unsigned loop : parallel)
      outer.push_back(extents[loop]);
    for (unsigned loop : reduction)
      inner.push_back(extents[loop]);
    auto allocated = m.allocate(
        op, getElementTypeOrSelf(op.getResult().getType()), init.shape());
    if (failed(allocated))
      return failure();
    Tensor result = *allocated;
    LogicalResult done = forEachIndex(outer, [&](auto index) {
      for (auto [loop, i] : llvm::zip_equal(parallel, index))
        loops[loop] = i;
      FailureOr<Scalar> sum = accumulate(loops, inner, accumulator);
      if (failed(sum))
        return LogicalResult(failure());
      body->setArgument(0, *sum);
      for (auto [i, extra] : llvm::enumerate(extras))
        body->setArgument(i + 1, extra.get(accesses[2 + i].at(loops)));
      if (failed(body->evaluate(loops)))
        return LogicalResult(failure());
      result.set(accesses.back().at(loops), body->result(0));
      return success();
    });
    if (failed(done))
      return failure();
    return m.set(op.getResult(), result);
  }

private:
  GranularityAttr granularity() const {
    auto format = dyn_cast<AffineType>(rhsElement());
    return format ? format.getGranularity() : GranularityAttr();
  }
  Type rhsElement() const {
    if constexpr (std::is_same_v<OpTy, PackedContractOp>)
      return cast<RankedTensorType>(OpTy(op).getRhsType()).getElementType();
    else
      return getElementTypeOrSelf(OpTy(op).getRhs().getType());
  }

  LogicalResult findExtents(ArrayRef<SmallVector<int64_t>> shapes) {
    extents.assign(maps.front().getNumDims(), -1);
    for (auto [map, shape] : llvm::zip_equal(maps, shapes))
      for (auto [expr, size] : llvm::zip_equal(map.getResults(), shape))
        if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
          int64_t &extent = extents[dim.getPosition()];
          if (extent >= 0 && extent != size)
            return op.emitOpError("has operands of different sizes, ")
                   << extent << " and " << size << ", along loop "
                   << dim.getPosition();
          extent = size;
        }
    return success();
  }

  LogicalResult findStrides(ArrayRef<SmallVector<int64_t>> shapes) {
    bool isEmpty = llvm::is_contained(extents, 0);
    for (auto [map, shape] : llvm::zip_equal(maps, shapes)) {
      SmallVector<int64_t> rows = computeStrides(shape);
      SmallVector<int64_t> zeros(extents.size(), 0), ends;
      for (int64_t extent : extents)
        ends.push_back(extent - 1);
      SmallVector<int64_t> first = map.compose(zeros), last = map.compose(ends);
      for (auto [d, size] : llvm::enumerate(shape))
        if (!isEmpty && (first[d] < 0 || last[d] >= size))
          return op.emitOpError("reads index ")
                 << last[d] << " of a dimension of " << size;
      Indexed indexed;
      auto offset = [&](ArrayRef<int64_t> at) {
        int64_t sum = 0;
        for (auto [i, row] : llvm::zip_equal(at, rows))
          sum += i * row;
        return sum;
      };
      indexed.base = offset(first);
      for (size_t loop = 0; loop < extents.size(); ++loop) {
        SmallVector<int64_t> unit(zeros);
        unit[loop] = 1;
        indexed.strides.push_back(offset(map.compose(unit)) - indexed.base);
      }
      accesses.push_back(std::move(indexed));
    }
    return success();
  }

  /// The integers of an operand without their zero points (C6).
  FailureOr<std::vector<int64_t>> integers(const Tensor &tensor, Type element,
                                           ElementsAttr attr, Value dynamic,
                                           ArrayRef<int64_t> shape,
                                           GranularityAttr spread) {
    std::optional<std::vector<int32_t>> zeroPoints = std::vector<int32_t>{0};
    if (dynamic) {
      Tensor values = m.get(dynamic);
      zeroPoints->clear();
      for (int64_t i = 0; i < values.size(); ++i)
        zeroPoints->push_back(int32_t(values.get(i).i));
    } else if (attr) {
      zeroPoints = readIntegers(attr);
    }
    if (!zeroPoints)
      return op.emitOpError("has zero points that cannot be read");
    bool isOne = zeroPoints->size() == 1 || !spread || !spread.isPerAxis();
    if (!isOne && int64_t(zeroPoints->size()) != shape[*spread.getAxis()])
      return op.emitOpError("has ")
             << zeroPoints->size() << " zero points where there should be "
             << shape[*spread.getAxis()];
    int64_t min, max;
    if (auto format = dyn_cast<AffineType>(element))
      std::tie(min, max) = std::pair(format.getMin(), format.getMax());
    else
      std::tie(min, max) = AffineType::fullRange(cast<IntegerType>(element));
    for (int32_t z : *zeroPoints)
      if (z < min || z > max)
        return op.emitOpError("has the zero point ")
               << z << ", which should be in " << min << ":" << max;
    ParameterIndex index(isOne ? GranularityAttr::get(op.getContext()) : spread,
                         shape);
    std::vector<int64_t> result(tensor.size());
    for (int64_t i = 0; i < tensor.size(); ++i)
      result[i] = tensor.get(i).i - (*zeroPoints)[isOne ? 0 : index(i)];
    return result;
  }

  /// The numbers that codes of a float format stand for, before any scale.
  static std::vector<float> floats(const Tensor &tensor) {
    auto format = cast<QuantizedTypeInterface>(tensor.elementType());
    KnownParameters one{{1.0f}, {}};
    std::vector<float> result(tensor.size());
    for (int64_t i = 0; i < tensor.size(); ++i)
      result[i] = dequantizeElement(int32_t(tensor.get(i).i), format, one, 0);
    return result;
  }

  FailureOr<Scalar> accumulate(SmallVectorImpl<int64_t> &loops,
                               ArrayRef<int64_t> inner, Type accumulator) {
    const Indexed &a = accesses[0], &b = accesses[1];
    float real = 0;
    int64_t sum = 0;
    bool fits = true;
    (void)forEachIndex(inner, [&](auto index) {
      for (auto [loop, i] : llvm::zip_equal(reduction, index))
        loops[loop] = i;
      if (accumulator.isF32()) {
        real = std::fma(lhsFloats[a.at(loops)], rhsFloats[b.at(loops)], real);
        return success();
      }
      fits &= !llvm::AddOverflow(
          sum, lhsInts[a.at(loops)] * rhsInts[b.at(loops)], sum);
      return success();
    });
    for (unsigned loop : reduction)
      loops[loop] = 0;
    if (accumulator.isF32())
      return Scalar::ofFloat(real);
    unsigned width = accumulator.getIntOrFloatBitWidth();
    if (!fits || wrap(sum, width) != sum)
      return op.emitOpError("has a sum at iteration ")
             << indexString(loops) << " that does not fit the accumulator's "
             << width << " bits (N9)";
    return Scalar::ofInt(sum);
  }

  Machine &m;
  OpTy op;
  SmallVector<AffineMap> maps;
  SmallVector<unsigned> parallel, reduction;
  SmallVector<int64_t> extents;
  SmallVector<Indexed> accesses;
  std::vector<int64_t> lhsInts, rhsInts;
  std::vector<float> lhsFloats, rhsFloats;
};

LogicalResult contract(Machine &m, ContractOp op) {
  Tensor rhs = m.get(op.getRhs());
  return Contraction<ContractOp>(m, op).run(rhs, rhs.shape());
}

/// [batch..., n / columns, k / group, n % columns, k % group] -> rhs_type
Tensor unpack(PackedContractOp op, const Tensor &packed) {
  auto type = cast<RankedTensorType>(op.getRhsType());
  AffineMap lhsMap = cast<AffineMapAttr>(op.getIndexingMaps()[0]).getValue(),
            map = cast<AffineMapAttr>(op.getIndexingMaps()[1]).getValue();
  int64_t width = op.getLayout().getColumns(),
          group = op.getLayout().getGroup();
  int64_t panels = packed.shape()[packed.rank() - 4],
          groups = packed.shape()[packed.rank() - 3];
  Tensor result = Tensor::create(type.getElementType(), type.getShape());
  int64_t at = 0;
  (void)forEachIndex(type.getShape(), [&](auto index) {
    // Columns and depth by the order of the loops, batch as it lies.
    int64_t batch = 0, n = 0, k = 0;
    for (unsigned loop = 0; loop < map.getNumDims(); ++loop)
      if (auto d =
              map.getResultPosition(getAffineDimExpr(loop, op.getContext()))) {
        bool isReduction =
            cast<StringAttr>(op.getIteratorTypes()[loop]).getValue() ==
            "reduction";
        if (!isReduction && lhsMap.isFunctionOfDim(loop))
          continue;
        int64_t &part = isReduction ? k : n;
        part = part * type.getDimSize(*d) + index[*d];
      }
    for (auto [d, i] : llvm::enumerate(index)) {
      unsigned loop = cast<AffineDimExpr>(map.getResult(d)).getPosition();
      bool isParallel =
          cast<StringAttr>(op.getIteratorTypes()[loop]).getValue() ==
          "parallel";
      if (isParallel && lhsMap.isFunctionOfDim(loop))
        batch = batch * type.getDimSize(d) + i;
    }
    int64_t offset = batch * panels + n / width;
    offset = offset * groups + k / group;
    offset = offset * width + n % width;
    result.set(at++, packed.get(offset * group + k % group));
    return success();
  });
  result.markUndefined(packed.isUndefined());
  return result;
}

LogicalResult packedContract(Machine &m, PackedContractOp op) {
  Tensor rhs = unpack(op, m.get(op.getRhs()));
  return Contraction<PackedContractOp>(m, op).run(rhs, rhs.shape());
}
} // namespace

void addContractHandlers(HandlerTable &table) {
  table.add<ContractOp>(contract);
  table.add<PackedContractOp>(packedContract);
}
} // namespace lowbit::interpreter
