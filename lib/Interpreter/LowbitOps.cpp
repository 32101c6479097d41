//===- LowbitOps.cpp - operations of lowbit -------------------------------===//
//
// Quantization by lib/Numerics (N7, N8), parameters, observation and checks.
// Refused: scales that are not finite and positive, zero points out of range,
// an index that lowbit.check_range does not allow.
//
//===----------------------------------------------------------------------===//
#include "Machine.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Numerics/Affine.h"

#include <cmath>

using namespace mlir;

namespace lowbit::interpreter {
namespace {

/// The parameters of each element of a tensor.
class ElementParameters {
public:
  /// Attributes or operands; `shape` is the tensor's.
  template <typename OpTy>
  static FailureOr<ElementParameters>
  read(Machine &m, OpTy op, AffineType format, ArrayRef<int64_t> shape) {
    ElementParameters result;
    if (op.getDynamicScale()) {
      Tensor scale = m.get(op.getDynamicScale());
      Tensor zeroPoint = m.get(op.getDynamicZeroPoint());
      for (int64_t i = 0; i < scale.size(); ++i)
        result.scales.push_back(float(scale.get(i).f));
      for (int64_t i = 0; i < zeroPoint.size(); ++i)
        result.zeroPoints.push_back(int32_t(zeroPoint.get(i).i));
    } else {
      llvm::append_range(result.scales,
                         op.getScaleAttr().template getValues<float>());
      llvm::append_range(result.zeroPoints,
                         op.getZeroPointAttr().template getValues<int32_t>());
    }
    if (auto axis = format.getAxis()) {
      result.axisSize = shape[*axis];
      for (int64_t size : shape.drop_front(*axis + 1))
        result.inner *= size;
    }
    if (failed(result.verify(op, format)))
      return failure();
    return result;
  }

  AffineParams at(int64_t offset) const {
    int64_t i = offset / inner % axisSize;
    return {scales[i], zeroPoints[i]};
  }

private:
  LogicalResult verify(Operation *op, AffineType format) const {
    if (int64_t(scales.size()) != axisSize ||
        int64_t(zeroPoints.size()) != axisSize)
      return op->emitOpError("has ")
             << scales.size() << " scales and " << zeroPoints.size()
             << " zero points for " << axisSize << " channels";
    for (auto [i, scale] : llvm::enumerate(scales))
      if (!std::isfinite(scale) || scale <= 0)
        return op->emitOpError("scale must be finite and positive, found ")
               << scale << " at index " << i;
    for (auto [i, zeroPoint] : llvm::enumerate(zeroPoints))
      if (zeroPoint < format.getMin() || zeroPoint > format.getMax())
        return op->emitOpError("zero point must be in ")
               << format.getMin() << ":" << format.getMax() << ", found "
               << zeroPoint << " at index " << i;
    return success();
  }

  SmallVector<float> scales;
  SmallVector<int32_t> zeroPoints;
  int64_t axisSize = 1;
  /// Elements that follow each other with one index of the axis.
  int64_t inner = 1;
};

StorageRange rangeOf(AffineType format) {
  return {int32_t(format.getMin()), int32_t(format.getMax())};
}

/// Computes each element of the result from that of the input and its
/// parameters.
template <typename OpTy, typename Function>
LogicalResult mapElements(Machine &m, OpTy op, AffineType format,
                          Function function) {
  Tensor input = m.get(op.getInput());
  if (input.isUndefined())
    return op.emitOpError("reads elements of tensor.empty, which are "
                          "undefined");
  auto parameters = ElementParameters::read(m, op, format, input.shape());
  if (failed(parameters))
    return failure();
  Tensor result =
      Tensor::create(getElementTypeOrSelf(op.getType()), input.shape());
  for (int64_t i = 0; i < input.size(); ++i)
    result.set(i, function(input.get(i), parameters->at(i)));
  return m.set(op, result);
}

LogicalResult quantizeOp(Machine &m, QuantizeOp op) {
  auto format = cast<AffineType>(getElementTypeOrSelf(op.getType()));
  return mapElements(m, op, format, [&](Scalar x, AffineParams parameters) {
    return Scalar::ofInt(quantize(float(x.f), parameters, rangeOf(format)));
  });
}

LogicalResult dequantizeOp(Machine &m, DequantizeOp op) {
  auto format = cast<AffineType>(getElementTypeOrSelf(op.getInput().getType()));
  return mapElements(m, op, format, [](Scalar q, AffineParams parameters) {
    return Scalar::ofFloat(dequantize(int32_t(q.i), parameters));
  });
}

LogicalResult fakeQuantOp(Machine &m, FakeQuantOp op) {
  auto format = cast<AffineType>(op.getFormat());
  return mapElements(m, op, format, [&](Scalar x, AffineParams parameters) {
    return Scalar::ofFloat(fakeQuant(float(x.f), parameters, rangeOf(format)));
  });
}

/// The same bits; in the bytes of a narrow integer they may look different.
LogicalResult storageCast(Machine &m, StorageCastOp op) {
  Tensor input = m.get(op.getInput());
  Tensor result =
      Tensor::create(getElementTypeOrSelf(op.getType()), input.shape());
  for (int64_t i = 0; i < input.size(); ++i)
    result.set(i, input.get(i));
  result.markUndefined(input.isUndefined());
  return m.set(op, result);
}

LogicalResult getParameter(Machine &m, GetParameterOp op) {
  auto bytes = m.parameters.read(op.getOutput());
  if (failed(bytes))
    return failure();
  return m.set(op,
               Tensor::view(bytes->type.getElementType(),
                            bytes->type.getShape(), bytes->data, bytes->owned));
}

LogicalResult observe(Machine &m, ObserveOp op) {
  Tensor input = m.get(op.getInput());
  if (m.hooks.onObserve)
    m.hooks.onObserve(op.getId(), input);
  return m.set(op, input);
}

LogicalResult tap(Machine &m, TapOp op) {
  if (m.hooks.onTap)
    m.hooks.onTap(op.getId(), m.get(op.getInput()));
  return success();
}

LogicalResult checkRange(Machine &m, CheckRangeOp op) {
  Tensor indices = m.get(op.getIndices());
  int64_t lower = op.getLowerAttr().getInt(),
          upper = op.getUpperAttr().getInt();
  for (int64_t i = 0; i < indices.size(); ++i) {
    int64_t index = indices.get(i).i;
    if (index < lower || index >= upper)
      return op.emitError(op.getMessage())
             << ": index " << index << " at position " << i
             << " is out of range [" << lower << ", " << upper << ")";
  }
  return success();
}
} // namespace

void addLowbitHandlers(HandlerTable &table) {
  table.add<QuantizeOp>(quantizeOp);
  table.add<DequantizeOp>(dequantizeOp);
  table.add<FakeQuantOp>(fakeQuantOp);
  table.add<StorageCastOp>(storageCast);
  table.add<GetParameterOp>(getParameter);
  table.add<ObserveOp>(observe);
  table.add<TapOp>(tap);
  table.add<MarkOp>([](Machine &, MarkOp) { return success(); });
  table.add<CheckRangeOp>(checkRange);
}
} // namespace lowbit::interpreter
