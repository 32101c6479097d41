//===- FoldWeights.cpp - quantized constants ------------------------------===//
//
//   quantize(constant)        ->  storage_cast(integer constant)
//   move(integer constant)    ->  integer constant
//
// The floats are read from the mapped store. Refused: nothing; a quantize whose
// parameters are not known at compile time stays.
//
//===----------------------------------------------------------------------===//
#include "MoveBytes.h"

#include "lowbit/Fold/Passes.h"
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/DataMovement.h"
#include "lowbit/Import/ParameterAccess.h"
#include "lowbit/Numerics/Affine.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_FOLDWEIGHTS
#include "lowbit/Fold/Passes.h.inc"
} // namespace lowbit

/// Rule N7 for every element.
template <typename T>
static std::vector<char> quantizeAll(ArrayRef<float> values, QuantizeOp op,
                                     AffineType format) {
  std::vector<AffineParams> params;
  auto scales = op.getScaleAttr().getValues<float>();
  auto zeroPoints = op.getZeroPointAttr().getValues<int32_t>();
  for (auto [scale, zeroPoint] : llvm::zip(scales, zeroPoints))
    params.push_back({scale, zeroPoint});
  StorageRange range{int32_t(format.getMin()), int32_t(format.getMax())};
  int64_t inner = values.size();
  if (auto axis = format.getAxis()) {
    inner = 1;
    auto type = cast<RankedTensorType>(op.getInput().getType());
    for (int64_t size : type.getShape().drop_front(*axis + 1))
      inner *= size;
  }
  std::vector<char> bytes(values.size() * sizeof(T));
  T *out = reinterpret_cast<T *>(bytes.data());
  size_t channel = 0;
  for (int64_t start = 0, end = values.size(); start < end; start += inner) {
    for (int64_t i = start; i < start + inner; ++i)
      out[i] = static_cast<T>(quantize(values[i], params[channel], range));
    channel = (channel + 1) % params.size();
  }
  return bytes;
}

namespace {
struct FoldWeights : lowbit::impl::FoldWeightsBase<FoldWeights> {
  void runOnOperation() override {
    ParameterReader reader(getOperation());
    SmallVector<QuantizeOp> quantizes;
    getOperation().walk([&](QuantizeOp op) {
      if (op.getScaleAttr() && isConstantTensor(op.getInput()))
        quantizes.push_back(op);
    });
    for (QuantizeOp op : quantizes)
      if (failed(foldQuantize(op, reader)))
        return signalPassFailure();
    if (failed(foldMovement(reader)))
      return signalPassFailure();
    eraseDeadParameters(getOperation());
  }

  LogicalResult foldQuantize(QuantizeOp op, ParameterReader &reader) {
    FailureOr<ConstantBytes> floats = reader.read(op.getInput());
    if (failed(floats))
      return failure();
    auto type = cast<RankedTensorType>(op.getType());
    auto format = cast<AffineType>(type.getElementType());
    IntegerType plain = format.getPlainStorage();
    if (plain.getWidth() != 8 && plain.getWidth() != 16)
      return success(); // Packed storage is phase 5 of a later version.
    std::vector<char> bytes =
        plain.getWidth() == 8
            ? quantizeAll<int8_t>(floats->as<float>(), op, format)
            : quantizeAll<int16_t>(floats->as<float>(), op, format);
    OpBuilder builder(op);
    Value ints = makeLike(builder, op.getInput(),
                          ".i" + std::to_string(plain.getWidth()),
                          type.clone(plain), bytes);
    Value cast = StorageCastOp::create(builder, op.getLoc(), type, ints);
    Operation *constant = op.getInput().getDefiningOp();
    op.replaceAllUsesWith(cast);
    op.erase();
    // Storage casts meet: readers of the plain integers read the constant.
    for (Operation *user : llvm::make_early_inc_range(cast.getUsers()))
      if (auto back = dyn_cast<StorageCastOp>(user)) {
        back.replaceAllUsesWith(ints);
        back.erase();
      }
    if (cast.use_empty())
      cast.getDefiningOp()->erase();
    if (constant->use_empty())
      constant->erase();
    ++numWeights;
    return success();
  }

  /// A constant of the kind that `original` is: a parameter, or in the text.
  Value makeLike(OpBuilder &builder, Value original, StringRef suffix,
                 RankedTensorType type, ArrayRef<char> bytes) {
    Location loc = original.getLoc();
    auto inText = original.getDefiningOp<arith::ConstantOp>();
    if (inText && isa<DenseElementsAttr>(inText.getValue()))
      return arith::ConstantOp::create(
          builder, loc, DenseElementsAttr::getFromRawBuffer(type, bytes));
    ConstantBuilder constants(getOperation());
    return constants.createParameter(
        builder, loc, valueName(original) + suffix.str(), type, bytes);
  }

  LogicalResult foldMovement(ParameterReader &reader) {
    SmallVector<Operation *> moves;
    getOperation().walk([&](Operation *op) {
      if (movedOperand(op))
        moves.push_back(op);
    });
    // In order, so that a chain folds from its source on.
    for (Operation *op : moves) {
      Value source = movedOperand(op)->get();
      auto type = cast<RankedTensorType>(source.getType());
      if (!isConstantTensor(source) || !type.getElementType().isInteger(8))
        continue;
      FailureOr<ConstantBytes> bytes = reader.read(source);
      if (failed(bytes))
        return failure();
      std::optional<std::vector<char>> moved = moveBytes(op, bytes->data);
      if (!moved)
        continue;
      OpBuilder builder(op);
      Value made =
          makeLike(builder, source, "",
                   cast<RankedTensorType>(op->getResult(0).getType()), *moved);
      op->getResult(0).replaceAllUsesWith(made);
      op->erase();
      if (source.use_empty())
        source.getDefiningOp()->erase();
      ++numMoved;
    }
    return success();
  }
};
} // namespace
