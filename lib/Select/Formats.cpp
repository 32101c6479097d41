//===- Formats.cpp - what phase 3 leaves on observers ---------------------===//
//
// In: settings, a format, parameters. Out: types and attributes.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Select/Formats.h"

using namespace mlir;
using namespace lowbit;

AffineType lowbit::formatFor(MLIRContext *context, const Settings &settings,
                             GranularityAttr granularity) {
  StorageRange range = settings.target().range;
  // Bytes where the integers fit one, for contractions of bytes are integer
  // ones; u2 to u7 fit a signed byte.
  unsigned width = range.max <= 255 && range.min >= -128 ? 8 : 16;
  bool isSigned = range.max < (1 << (width - 1));
  auto storage = IntegerType::get(
      context, width, isSigned ? IntegerType::Signless : IntegerType::Unsigned);
  return AffineType::get(context, storage, range.min, range.max, granularity,
                         std::nullopt);
}

void lowbit::setParameters(ObserveOp op, AffineType format,
                           ArrayRef<AffineParams> params) {
  std::vector<float> scales;
  std::vector<int32_t> zeroPoints;
  for (const AffineParams &p : params) {
    scales.push_back(p.scale);
    zeroPoints.push_back(p.zeroPoint);
  }
  MLIRContext *context = op.getContext();
  std::string id = op.getId().str();
  SmallVector<int64_t> shape = format.getGranularity().parameterShape(
      cast<RankedTensorType>(op.getType()).getShape());
  op.setFormat(format);
  op.setScaleAttr(
      makeElements(shape, ArrayRef(scales), context, id + ".scale"));
  op.setZeroPointAttr(
      makeElements(shape, ArrayRef(zeroPoints), context, id + ".zero_point"));
}
