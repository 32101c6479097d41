//===- SelectRanges.cpp - formats and parameters --------------------------===//
//
// In: observers, with statistics where activations are static. Out: `format`
// on each, and `scale` and `zero_point` where they are known. The arithmetic is
// rules N2 to N5 of docs/numerics.md. Refused: a mode or method that is not
// available, missing statistics, a weight that is not finite.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Select/Passes.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/ParameterAccess.h"
#include "lowbit/Numerics/Affine.h"
#include "lowbit/Select/Choices.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_SELECTRANGES
#include "lowbit/Select/Passes.h.inc"
} // namespace lowbit

/// The greatest magnitude for each index of `axis` (one without an axis). NaN
/// and infinity come out as they are; `badIndex` is then the first element.
static std::vector<float> channelMagnitudes(const ConstantBytes &bytes,
                                            std::optional<int64_t> axis,
                                            std::optional<size_t> &badIndex) {
  ArrayRef<int64_t> shape = bytes.type.getShape();
  int64_t channels = axis ? shape[*axis] : 1, inner = 1;
  if (axis)
    for (int64_t size : shape.drop_front(*axis + 1))
      inner *= size;
  else
    inner = bytes.type.getNumElements();
  std::vector<float> magnitudes(channels, 0.0f);
  ArrayRef<float> values = bytes.as<float>();
  int64_t step = std::max<int64_t>(inner, 1);
  for (int64_t start = 0, end = values.size(), channel = 0; start < end;
       start += step, channel = (channel + 1) % channels) {
    float &magnitude = magnitudes[channel];
    for (int64_t i = start; i < start + step; ++i) {
      float absolute = std::fabs(values[i]);
      if (!std::isfinite(absolute) && !badIndex)
        badIndex = i;
      magnitude = std::max(magnitude, absolute);
    }
  }
  return magnitudes;
}

/// Writes format, scale and zero point.
static void setChoice(ObserveOp op, AffineType format,
                      ArrayRef<AffineParams> params) {
  Builder builder(op.getContext());
  SmallVector<int64_t, 1> shape;
  if (format.isPerAxis())
    shape.push_back(params.size());
  std::vector<float> scales;
  std::vector<int32_t> zeroPoints;
  for (const AffineParams &p : params) {
    scales.push_back(p.scale);
    zeroPoints.push_back(p.zeroPoint);
  }
  op.setFormat(format);
  MLIRContext *context = op.getContext();
  std::string id = op.getId().str();
  op.setScaleAttr(
      makeElements(shape, ArrayRef(scales), context, id + ".scale"));
  op.setZeroPointAttr(
      makeElements(shape, ArrayRef(zeroPoints), context, id + ".zero_point"));
}

namespace {
struct SelectRanges : lowbit::impl::SelectRangesBase<SelectRanges> {
  using SelectRangesBase::SelectRangesBase;

  void runOnOperation() override {
    for (std::string problem : {checkMode(mode), checkMethod(method)})
      if (!problem.empty()) {
        getOperation().emitError(problem);
        return signalPassFailure();
      }
    ParameterReader reader(getOperation());
    WalkResult result = getOperation().walk([&](ObserveOp op) {
      if (op.getRole() == "value")
        return WalkResult::advance();
      return WalkResult(op.isActivation() ? selectActivation(op)
                                          : selectConstant(op, reader));
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }

  LogicalResult selectActivation(ObserveOp op) {
    auto i8 = IntegerType::get(&getContext(), 8);
    AffineType format = AffineType::getFull(i8);
    if (mode == "dynamic") {
      op.setFormat(format);
      ++numDynamic;
      return success();
    }
    if (!op.getMinAttr())
      return op.emitError("the value '")
             << op.getId()
             << "' has no statistics, which mode=static needs; calibrate first";
    float min = op.getMin()->convertToFloat(),
          max = op.getMax()->convertToFloat();
    if (!std::isfinite(min) || !std::isfinite(max))
      return op.emitError("the value '")
             << op.getId() << "' has a range that is not finite (" << min
             << " to " << max << ")";
    ChosenParams chosen =
        chooseAsymmetric(min, max, rangeForWidth(8, true, /*narrow=*/false));
    if (chosen.floored) {
      op.emitRemark("the value '")
          << op.getId() << "' was zero on all calibration data; its scale is "
          << "the floor";
      ++numDead;
    }
    setChoice(op, format, chosen.params);
    ++numStatic;
    return success();
  }

  LogicalResult selectConstant(ObserveOp op, ParameterReader &reader) {
    FailureOr<ConstantBytes> bytes = reader.read(op.getInput());
    if (failed(bytes))
      return failure();
    std::optional<int64_t> axis;
    if (op.getAxis())
      axis = int64_t(*op.getAxis());
    std::optional<size_t> badIndex;
    std::vector<float> magnitudes = channelMagnitudes(*bytes, axis, badIndex);
    if (badIndex)
      return op.emitError("the weight '")
             << op.getId() << "' is not finite: element " << *badIndex << " is "
             << bytes->as<float>()[*badIndex];
    StorageRange range = rangeForWidth(8, true, /*narrow=*/true);
    SmallVector<AffineParams> params;
    unsigned dead = 0;
    for (float magnitude : magnitudes) {
      ChosenParams chosen = chooseSymmetric(magnitude, range);
      dead += chosen.floored;
      params.push_back(chosen.params);
    }
    // Row 0 of a table is often the padding token; a dead row costs nothing.
    if (dead > 0 && op.getRole() == "weight")
      op.emitRemark("the weight '")
          << op.getId() << "' has " << dead << " of " << magnitudes.size()
          << " channels without a value of note; their scale is the floor";
    numDead += dead;
    setChoice(op,
              AffineType::get(IntegerType::get(&getContext(), 8), range.min,
                              range.max, axis),
              params);
    ++numStatic;
    return success();
  }
};
} // namespace
