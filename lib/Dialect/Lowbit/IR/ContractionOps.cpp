//===- ContractionOps.cpp - constraints of contractions -------------------===//
//
// C1 to C12 of contract and packed_contract, which differ in the type that the
// right-hand side has before it is packed.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/IR/AffineMap.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace lowbit;

namespace {
/// What both operations have.
class ContractionVerifier {
public:
  template <typename OpTy>
  ContractionVerifier(OpTy op, RankedTensorType rhsType)
      : op(op), lhs(cast<RankedTensorType>(op.getLhs().getType())),
        rhs(rhsType), init(cast<RankedTensorType>(op.getInit().getType())),
        result(cast<RankedTensorType>(op.getResult().getType())),
        extra(op.getExtra()), region(op.getEpilogue()),
        zeroPoints{{op.getLhsZeroPointAttr(), op.getDynamicLhsZeroPoint()},
                   {op.getRhsZeroPointAttr(), op.getDynamicRhsZeroPoint()}} {
    for (Attribute map : op.getIndexingMaps())
      maps.push_back(cast<AffineMapAttr>(map).getValue());
    for (Attribute type : op.getIteratorTypes())
      iterators.push_back(cast<StringAttr>(type).getValue());
  }

  LogicalResult verify() {
    return failure(failed(verifyMaps()) || failed(verifyShapes()) ||
                   failed(verifyOperands()) || failed(verifyZeroPoints()) ||
                   failed(verifyRegion()));
  }

private:
  InFlightDiagnostic error() { return op->emitOpError(); }
  bool isParallel(unsigned loop) const { return iterators[loop] == "parallel"; }

  LogicalResult verifyMaps() {
    size_t wanted = 3 + extra.size();
    if (maps.size() != wanted)
      return error() << "(C1) needs " << wanted
                     << " indexing maps, one an operand and the result, found "
                     << maps.size();
    for (StringRef iterator : iterators)
      if (iterator != "parallel" && iterator != "reduction")
        return error() << "(C1) an iterator type is \"parallel\" or "
                          "\"reduction\", found \""
                       << iterator << "\"";
    for (AffineMap map : maps)
      if (map.getNumDims() != iterators.size() || map.getNumSymbols() != 0)
        return error() << "(C1) a map has as many dimensions as there are "
                          "iterator types ("
                       << iterators.size() << ") and no symbols, found "
                       << AffineMapAttr::get(map);
    auto parallel = llvm::count(iterators, "parallel");
    AffineMap resultMap = maps.back();
    if (!resultMap.isProjectedPermutation() ||
        int64_t(resultMap.getNumResults()) != parallel ||
        !usesParallelLoops(resultMap))
      return error() << "(C2) the map of the result must be a permutation of "
                        "the parallel loops, found "
                     << AffineMapAttr::get(resultMap);
    for (AffineMap map : ArrayRef(maps).drop_front(2).drop_back())
      if (!map.isProjectedPermutation() || !usesParallelLoops(map))
        return error() << "(C3) extra operands are indexed by parallel loops, "
                          "found "
                       << AffineMapAttr::get(map);
    return success();
  }

  bool usesParallelLoops(AffineMap map) const {
    return llvm::all_of(map.getResults(), [&](AffineExpr expr) {
      return isParallel(cast<AffineDimExpr>(expr).getPosition());
    });
  }

  /// Every loop is a dimension somewhere (C10), and has one size (C4).
  LogicalResult verifyShapes() {
    SmallVector<RankedTensorType> types{lhs, rhs};
    for (Value value : extra)
      types.push_back(cast<RankedTensorType>(value.getType()));
    types.push_back(result);
    SmallVector<int64_t> sizes(iterators.size(), -1);
    for (auto [map, type] : llvm::zip(maps, types)) {
      if (int64_t(map.getNumResults()) != type.getRank())
        return error() << "(C4) the map " << AffineMapAttr::get(map)
                       << " does not fit " << type;
      for (auto [expr, size] : llvm::zip(map.getResults(), type.getShape())) {
        auto dim = dyn_cast<AffineDimExpr>(expr);
        if (!dim)
          continue;
        int64_t &known = sizes[dim.getPosition()];
        if (known >= 0 && size >= 0 && known != size)
          return error() << "(C4) loop d" << dim.getPosition()
                         << " has the sizes " << known << " and " << size;
        if (known == -1 || known == ShapedType::kDynamic)
          known = size;
      }
    }
    for (auto [loop, size] : llvm::enumerate(sizes))
      if (size == -1)
        return error() << "(C10) loop d" << loop
                       << " is no dimension of an operand or the result";
    // Sums of loops must stay inside the operand.
    for (auto [map, type] : llvm::zip(maps, types))
      for (auto [d, expr] : llvm::enumerate(map.getResults()))
        if (failed(verifySum(expr, type, d, sizes)))
          return failure();
    return success();
  }

  LogicalResult verifySum(AffineExpr expr, RankedTensorType type, int64_t d,
                          ArrayRef<int64_t> sizes) {
    if (isa<AffineDimExpr>(expr))
      return success();
    AffineMap sum = AffineMap::get(sizes.size(), 0, expr);
    bool isKnown = true, isEmpty = false, isLegal = true;
    expr.walk([&](AffineExpr e) {
      auto binary = dyn_cast<AffineBinaryOpExpr>(e);
      if (auto constant = dyn_cast<AffineConstantExpr>(e))
        isLegal &= constant.getValue() >= 0;
      if (binary)
        isLegal &= binary.getKind() == AffineExprKind::Add ||
                   binary.getKind() == AffineExprKind::Mul;
      if (auto dim = dyn_cast<AffineDimExpr>(e)) {
        isKnown &= !ShapedType::isDynamic(sizes[dim.getPosition()]);
        isEmpty |= sizes[dim.getPosition()] == 0;
      }
    });
    if (!isLegal)
      return error() << "(C4) an index is a sum of loops times constants that "
                        "are not negative, found "
                     << AffineMapAttr::get(sum);
    if (!isKnown || isEmpty)
      return success();
    std::optional<int64_t> end = lastIndex(expr, sizes);
    if (!end)
      return error() << "(C4) the index " << AffineMapAttr::get(sum)
                     << " reaches more than 64 bits hold";
    if (type.isDynamicDim(d))
      return success();
    if (*end >= type.getDimSize(d))
      return error() << "(C4) the index " << AffineMapAttr::get(sum)
                     << " reaches " << *end << " in a dimension of "
                     << type.getDimSize(d);
    return success();
  }

  /// The value at the ends of the loops; none where 64 bits do not hold it.
  static std::optional<int64_t> lastIndex(AffineExpr expr,
                                          ArrayRef<int64_t> sizes) {
    if (auto constant = dyn_cast<AffineConstantExpr>(expr))
      return constant.getValue();
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      return sizes[dim.getPosition()] - 1;
    auto binary = cast<AffineBinaryOpExpr>(expr);
    auto left = lastIndex(binary.getLHS(), sizes),
         right = lastIndex(binary.getRHS(), sizes);
    int64_t result;
    if (!left || !right ||
        (binary.getKind() == AffineExprKind::Mul
             ? llvm::MulOverflow(*left, *right, result)
             : llvm::AddOverflow(*left, *right, result)))
      return std::nullopt;
    return result;
  }

  LogicalResult verifyOperands() {
    Type a = lhs.getElementType(), b = rhs.getElementType();
    auto isInteger = [](Type type) {
      return type.isSignlessInteger(8) || type.isSignlessInteger(16) ||
             isa<AffineType>(type);
    };
    bool areFloats = isa<SmallFloatType>(a) && isa<SmallFloatType>(b);
    if (!(isInteger(a) && isInteger(b)) && !areFloats)
      return error() << "(C5) operands must be i8, i16 or affine, or both of a "
                        "float format, found "
                     << a << " and " << b;
    for (Type type : {a, b})
      if (auto format = dyn_cast<QuantizedTypeInterface>(type))
        if (format.getPack() || format.getGranularity().isBlockwise())
          return error() << "(C5) operands are not packed and have no blocks, "
                            "found "
                         << type;
    if (init != result)
      return error() << "(C9) the init must have the type of the result, "
                     << result << ", found " << init;
    return success();
  }

  LogicalResult verifyZeroPoints() {
    bool areFloats = isa<SmallFloatType>(lhs.getElementType());
    for (auto [side, zero] : llvm::enumerate(zeroPoints)) {
      StringRef name = side == 0 ? "lhs_zero_point" : "rhs_zero_point";
      if (!zero.attr && !zero.value)
        continue;
      if (areFloats)
        return error() << "(C6) float formats have no zero points, found "
                       << name;
      if (zero.attr && zero.value)
        return error() << "(C6) " << name
                       << " is an attribute or an operand, found both";
      Type type =
          zero.attr ? Type(zero.attr.getShapedType()) : zero.value.getType();
      RankedTensorType operand = side == 0 ? lhs : rhs;
      if (failed(verifyZeroPointType(name, type, operand, side == 1)) ||
          failed(verifyZeroPointRange(name, zero.attr, operand)))
        return failure();
    }
    return success();
  }

  LogicalResult verifyZeroPointType(StringRef name, Type type,
                                    RankedTensorType operand, bool isRhs) {
    ArrayRef<int64_t> shape;
    if (auto shaped = dyn_cast<ShapedType>(type))
      shape = shaped.getShape();
    bool fits = getElementTypeOrSelf(type).isInteger(32);
    auto format = dyn_cast<AffineType>(operand.getElementType());
    if (!shape.empty()) {
      fits &= isRhs && format && format.isPerAxis() &&
              *format.getAxis() < operand.getRank() && shape.size() == 1;
      if (fits) {
        int64_t size = operand.getDimSize(*format.getAxis());
        auto dim =
            dyn_cast<AffineDimExpr>(maps[1].getResult(*format.getAxis()));
        fits = (size == shape[0] || ShapedType::isDynamic(size) ||
                ShapedType::isDynamic(shape[0])) &&
               dim && isParallel(dim.getPosition());
      }
    }
    if (fits)
      return success();
    return error() << "(C6) " << name
                   << " must be i32 of rank 0, or of the right-hand side one "
                      "for each index of its format's axis, found "
                   << type;
  }

  LogicalResult verifyZeroPointRange(StringRef name, ElementsAttr attr,
                                     RankedTensorType operand) {
    auto values = attr ? readIntegers(attr) : std::nullopt;
    if (!values)
      return success();
    int64_t low, high;
    if (auto format = dyn_cast<AffineType>(operand.getElementType()))
      std::tie(low, high) = std::pair(format.getMin(), format.getMax());
    else
      std::tie(low, high) =
          AffineType::fullRange(cast<IntegerType>(operand.getElementType()));
    for (auto [index, value] : llvm::enumerate(*values))
      if (value < low || value > high)
        return error() << "(C6) " << name << " must be in " << low << ":"
                       << high << ", found " << value << " at index " << index;
    return success();
  }

  LogicalResult verifyRegion() {
    Block &block = region.front();
    SmallVector<Type> wanted;
    for (Value value : extra)
      wanted.push_back(getElementTypeOrSelf(value.getType()));
    if (block.getNumArguments() != wanted.size() + 1)
      return error() << "(C8) the region must have " << wanted.size() + 1
                     << " arguments, the accumulator and the elements of the "
                        "extra operands, found "
                     << block.getNumArguments();
    Type accumulator = block.getArgument(0).getType();
    bool areFloats = isa<SmallFloatType>(lhs.getElementType());
    if (areFloats ? !accumulator.isF32()
                  : !accumulator.isInteger(32) && !accumulator.isInteger(64))
      return error() << "(C7) the accumulator must be "
                     << (areFloats ? "f32" : "i32 or i64") << ", found "
                     << accumulator;
    for (auto [i, type] : llvm::enumerate(wanted))
      if (block.getArgument(i + 1).getType() != type)
        return error() << "(C8) argument " << i + 1 << " of the region must be "
                       << type << ", found "
                       << block.getArgument(i + 1).getType();
    if (failed(verifyScalars(block)))
      return failure();
    auto yield = dyn_cast<YieldOp>(block.back());
    if (!yield)
      return error() << "(C8) the region must end with lowbit.yield";
    if (yield.getValue().getType() != result.getElementType())
      return error() << "(C8) the region must yield " << result.getElementType()
                     << ", found " << yield.getValue().getType();
    return success();
  }

  LogicalResult verifyScalars(Block &block) {
    auto isScalar = [](Type type) {
      return type.isIntOrIndexOrFloat() || isa<QuantizedTypeInterface>(type);
    };
    for (Operation &inner : block) {
      if (inner.getNumRegions() != 0)
        return error() << "(C8) the region has operations on scalars, without "
                          "regions of their own, found '"
                       << inner.getName() << "'";
      for (TypeRange types : {TypeRange(inner.getOperandTypes()),
                              TypeRange(inner.getResultTypes())})
        for (Type type : types)
          if (!isScalar(type))
            return error() << "(C8) the region has operations on scalars, "
                              "found '"
                           << inner.getName() << "' with " << type;
      if (!isMemoryEffectFree(&inner))
        return error() << "(C8) the region has operations without effects, "
                          "found '"
                       << inner.getName() << "'";
    }
    return success();
  }

  struct ZeroPoints {
    ElementsAttr attr;
    Value value;
  };

  Operation *op;
  RankedTensorType lhs, rhs, init, result;
  ValueRange extra;
  Region &region;
  ZeroPoints zeroPoints[2];
  SmallVector<AffineMap> maps;
  SmallVector<StringRef> iterators;
};
} // namespace

LogicalResult ContractOp::verify() {
  return ContractionVerifier(*this, cast<RankedTensorType>(getRhs().getType()))
      .verify();
}

FailureOr<RankedTensorType> PackedContractOp::packedType() {
  auto plain = cast<RankedTensorType>(getRhsType());
  auto maps = llvm::map_to_vector(getIndexingMaps(), [](Attribute map) {
    return cast<AffineMapAttr>(map).getValue();
  });
  if (int64_t(maps[1].getNumResults()) != plain.getRank())
    return emitOpError() << "(C4) the map " << AffineMapAttr::get(maps[1])
                         << " does not fit " << plain;
  SmallVector<int64_t> batch;
  int64_t columns = 1, depth = 1;
  for (auto [expr, size] : llvm::zip(maps[1].getResults(), plain.getShape())) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim || ShapedType::isDynamic(size))
      return emitOpError() << "(C11) rhs_type must be static and each of its "
                              "dimensions one loop, found "
                           << plain << " with " << AffineMapAttr::get(maps[1]);
    unsigned loop = dim.getPosition();
    bool isReduction =
        cast<StringAttr>(getIteratorTypes()[loop]).getValue() == "reduction";
    int64_t &extent = isReduction ? depth : columns;
    if (!isReduction && maps[0].isFunctionOfDim(loop))
      batch.push_back(size);
    else if (llvm::MulOverflow(extent, size, extent))
      return emitOpError() << "(C11) rhs_type " << plain
                           << " has more elements than 64 bits count";
  }
  int64_t width = getLayout().getColumns(), group = getLayout().getGroup();
  SmallVector<int64_t> shape(batch);
  shape.append({int64_t(llvm::divideCeil(uint64_t(columns), uint64_t(width))),
                int64_t(llvm::divideCeil(uint64_t(depth), uint64_t(group))),
                width, group});
  return RankedTensorType::get(shape, IntegerType::get(getContext(), 8));
}

LogicalResult PackedContractOp::verify() {
  auto plain = cast<RankedTensorType>(getRhsType());
  if (failed(ContractionVerifier(*this, plain).verify()))
    return failure();
  FailureOr<RankedTensorType> wanted = packedType();
  if (failed(wanted))
    return failure();
  if (getRhs().getType() != *wanted)
    return emitOpError() << "(C11) " << plain << " in the layout "
                         << getLayout() << " is " << *wanted << ", found "
                         << getRhs().getType();
  Type element = plain.getElementType();
  auto format = dyn_cast<AffineType>(element);
  bool isByte =
      element.isSignlessInteger(8) || (format && format.getStorageWidth() == 8);
  Type zeroType;
  if (getRhsZeroPointAttr())
    zeroType = getRhsZeroPointAttr().getShapedType();
  else if (getDynamicRhsZeroPoint())
    zeroType = getDynamicRhsZeroPoint().getType();
  auto shaped = dyn_cast_or_null<ShapedType>(zeroType);
  if (!isByte || (shaped && shaped.getRank() != 0))
    return emitOpError() << "(C12) a packed right-hand side has 8 bits and one "
                            "zero point, found "
                         << element;
  return success();
}
