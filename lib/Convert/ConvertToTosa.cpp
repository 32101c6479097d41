//===- ConvertToTosa.cpp - to TOSA ----------------------------------------===//
//
//   lowbit.requantize in fixed point  ->  tosa.rescale
//   lowbit.contract                   ->  tosa.matmul, tosa.conv2d
//                                         (TosaExportContractions.cpp)
//
// In: any module. Out: the same with tosa operations where TOSA 1.0 has one of
// the same meaning. What it cannot say stays: there is a remark with the reason
// and a statistic.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Convert/Passes.h"

#include "TosaExport.h"

#include "lowbit/Numerics/Requantize.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_CONVERTTOTOSA
#include "lowbit/Convert/Passes.h.inc"
} // namespace lowbit

Value lowbit::tosaScalar(OpBuilder &b, Location loc, Type element,
                         int64_t value) {
  auto type = RankedTensorType::get({1}, element);
  APInt number(element.getIntOrFloatBitWidth(), value, /*isSigned=*/true,
               /*implicitTrunc=*/true);
  return tosa::ConstOp::create(b, loc, type,
                               DenseElementsAttr::get(type, number));
}

Value lowbit::tosaReshape(OpBuilder &b, Location loc, Value value,
                          ArrayRef<int64_t> shape) {
  auto rank = int64_t(shape.size());
  auto attr = DenseIntElementsAttr::get(
      RankedTensorType::get({rank}, b.getIndexType()), shape);
  Value size = tosa::ConstShapeOp::create(
      b, loc, tosa::shapeType::get(b.getContext(), rank), attr);
  auto type = cast<RankedTensorType>(value.getType());
  return tosa::ReshapeOp::create(b, loc, type.clone(shape), value, size);
}

//===----------------------------------------------------------------------===//
// Requantize
//===----------------------------------------------------------------------===//

namespace {
/// How integers are stored, as TOSA says it.
struct Storage {
  IntegerType type;
  bool isUnsigned;
  int64_t min, max;
  bool isWhole;
};
} // namespace

static Storage storageOf(Type type) {
  Type element = getElementTypeOrSelf(type);
  if (auto affine = dyn_cast<AffineType>(element))
    return {affine.getPlainStorage(), !affine.isSigned(), affine.getMin(),
            affine.getMax(),
            AffineType::fullRange(affine.getStorage()) ==
                std::pair(affine.getMin(), affine.getMax())};
  auto integer = cast<IntegerType>(element);
  if (integer.getWidth() > 16)
    return {integer, false, INT32_MIN, INT32_MAX, true};
  auto [min, max] = AffineType::fullRange(integer);
  return {integer, false, min, max, true};
}

/// TOSA has zero points for 8 bits, and 32768 for unsigned 16 bits.
static bool isTosaZeroPoint(const Storage &storage, int64_t zero) {
  unsigned width = storage.type.getWidth();
  return zero == 0 || width == 8 ||
         (width == 16 && storage.isUnsigned && zero == 32768);
}

std::string lowbit::whyNoRescale(RequantizeOp op, int64_t rank,
                                 bool assumeDefined) {
  if (!op.isFixedPoint())
    return "its scale is a float; tosa.rescale has a multiplier and a shift";
  if (!op.getZeroPointAttr())
    return "its zero point is one of the run";
  if (op.getAxis() && int64_t(*op.getAxis()) != rank - 1)
    return "its scales run along dimension " + std::to_string(*op.getAxis()) +
           "; those of tosa.rescale run along the last";
  Storage from = storageOf(op.getInput().getType()),
          to = storageOf(op.getOutput().getType());
  auto isByteMultiple = [](const Storage &s) {
    return s.type.getWidth() % 8 == 0;
  };
  if (!isByteMultiple(from) || !isByteMultiple(to))
    return "tosa.rescale has integers of 8, 16 and 32 bits";
  if (!to.isWhole)
    return "the range of its result is " + std::to_string(to.min) + ":" +
           std::to_string(to.max) +
           "; tosa.rescale clamps to the whole storage";
  if (from.isUnsigned && to.isUnsigned)
    return "tosa.rescale is not from unsigned to unsigned";
  if (from.type.getWidth() == 32 && to.isUnsigned)
    return "tosa.rescale is not from i32 to unsigned";
  auto zeroOut = readIntegers(op.getZeroPointAttr());
  auto multipliers = readIntegers(op.getMultiplierAttr()),
       shifts = readIntegers(op.getShiftAttr());
  if (!zeroOut || !multipliers || !shifts)
    return "its numbers cannot be read";
  int64_t zeroIn = int32_t(op.getInputZeroPoint());
  if (!isTosaZeroPoint(from, zeroIn) || !isTosaZeroPoint(to, zeroOut->front()))
    return "TOSA has zero points for 8-bit integers only";
  for (auto [m, s] : llvm::zip(*multipliers, *shifts))
    if (!assumeDefined && (!isTosaValue(from.min - zeroIn, {m, s}) ||
                           !isTosaValue(from.max - zeroIn, {m, s})))
      return "with a shift of " + std::to_string(s) +
             " TOSA defines results for values below 2^" +
             std::to_string(s - 1) +
             " only; assume-defined trusts that they are";
  return "";
}

Value lowbit::emitRescale(OpBuilder &b, RequantizeOp op, Value input) {
  Location loc = op.getLoc();
  Storage from = storageOf(op.getInput().getType()),
          to = storageOf(op.getOutput().getType());
  auto type = cast<RankedTensorType>(input.getType());
  if (isa<AffineType>(type.getElementType()))
    input = StorageCastOp::create(b, loc, type.clone(from.type), input);
  auto list = [&](ElementsAttr attr) -> Value {
    auto numbers = *readIntegers(attr);
    Type element = attr.getElementType();
    auto listType = RankedTensorType::get({int64_t(numbers.size())}, element);
    SmallVector<APInt> values;
    for (int32_t number : numbers)
      values.push_back(APInt(element.getIntOrFloatBitWidth(), number, true));
    return tosa::ConstOp::create(b, loc, listType,
                                 DenseElementsAttr::get(listType, values));
  };
  bool isDouble = op.getFixedRounding() == FixedRoundingMode::Double;
  Value rescaled = tosa::RescaleOp::create(
      b, loc, type.clone(to.type), input, list(op.getMultiplierAttr()),
      list(op.getShiftAttr()),
      tosaScalar(b, loc, from.type, int32_t(op.getInputZeroPoint())),
      tosaScalar(b, loc, to.type, readIntegers(op.getZeroPointAttr())->front()),
      /*scale32=*/true,
      isDouble ? tosa::RoundingMode::DOUBLE_ROUND
               : tosa::RoundingMode::SINGLE_ROUND,
      /*per_channel=*/bool(op.getAxis()), from.isUnsigned, to.isUnsigned);
  return StorageCastOp::create(
      b, loc, type.clone(getElementTypeOrSelf(op.getOutput().getType())),
      rescaled);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct ConvertToTosa : lowbit::impl::ConvertToTosaBase<ConvertToTosa> {
  using ConvertToTosaBase::ConvertToTosaBase;

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    // Contractions first: they take the requantize in their region along.
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (isa<ContractOp, PackedContractOp, RequantizeOp>(op))
        ops.push_back(op);
      return isa<ContractOp, PackedContractOp>(op) ? WalkResult::skip()
                                                   : WalkResult::advance();
    });
    for (Operation *op : ops) {
      std::string reason;
      Location loc = op->getLoc();
      std::string name = op->getName().getStringRef().str();
      if (auto contract = dyn_cast<ContractOp>(op))
        reason = exportContraction(contract, assumeDefined);
      else if (auto requantize = dyn_cast<RequantizeOp>(op))
        reason = exportRequantize(requantize);
      else
        reason = "its operand is packed for one target";
      if (reason.empty()) {
        ++numConverted;
        continue;
      }
      ++numLeft;
      emitRemark(loc) << "'" << name << "' stays: " << reason;
    }
    foldStorageCasts();
  }

  std::string exportRequantize(RequantizeOp op) {
    auto type = dyn_cast<RankedTensorType>(op.getInput().getType());
    if (!type)
      return "it is of scalars; TOSA has tensors";
    std::string reason = whyNoRescale(op, type.getRank(), assumeDefined);
    if (!reason.empty())
      return reason;
    OpBuilder b(op);
    Value value = emitRescale(b, op, op.getInput());
    if (value.getType() != op.getType())
      value = tensor::CastOp::create(b, op.getLoc(), op.getType(), value);
    op.replaceAllUsesWith(value);
    op.erase();
    return "";
  }

  /// From integers to a format and back is nothing.
  void foldStorageCasts() {
    SmallVector<StorageCastOp> casts;
    getOperation().walk([&](StorageCastOp op) { casts.push_back(op); });
    for (StorageCastOp op : casts) {
      auto source = op.getInput().getDefiningOp<StorageCastOp>();
      if (source && source.getInput().getType() == op.getType())
        op.replaceAllUsesWith(source.getInput());
    }
    for (StorageCastOp op : llvm::reverse(casts))
      if (op->use_empty())
        op->erase();
  }
};
} // namespace
