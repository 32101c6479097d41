//===- QuantizationOps.cpp - quantize, dequantize and their kin -----------===//
//
// Every format by lib/Numerics, on tensors, on scalars and in bodies. Refused:
// too many or too few parameters of the run, zero points and integers out of
// their format's range (P6, P8 and S4 of the dialect). Scales of the run are
// computed with as they are (N3).
//
//===----------------------------------------------------------------------===//
#include "Kernels.h"
#include "Machine.h"

#include "lowbit/Dialect/Lowbit/IR/Evaluate.h"
#include "lowbit/Numerics/Affine.h"
#include "lowbit/Numerics/FakeQuantGrad.h"
#include "lowbit/Numerics/Requantize.h"

using namespace mlir;

namespace lowbit::interpreter {
namespace {

std::vector<float> floatsOf(const Tensor &tensor) {
  std::vector<float> result(tensor.size());
  for (int64_t i = 0; i < tensor.size(); ++i)
    result[i] = float(tensor.get(i).f);
  return result;
}

std::vector<int32_t> integersOf(const Tensor &tensor) {
  std::vector<int32_t> result(tensor.size());
  for (int64_t i = 0; i < tensor.size(); ++i)
    result[i] = int32_t(tensor.get(i).i);
  return result;
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

/// What is wrong with parameters of the run; empty when nothing is.
std::string checkParameters(QuantizedTypeInterface format,
                            const KnownParameters &p, size_t count) {
  if (p.scales.size() != count ||
      (format.hasZeroPoint() && p.zeroPoints.size() != count))
    return "has " + std::to_string(p.scales.size()) + " scales and " +
           std::to_string(p.zeroPoints.size()) +
           " zero points where there should be " + std::to_string(count);
  if (auto affine = dyn_cast<AffineType>(Type(format)))
    for (int32_t z : p.zeroPoints)
      if (z < affine.getMin() || z > affine.getMax())
        return "has the zero point " + std::to_string(z) +
               ", which should be in " + std::to_string(affine.getMin()) + ":" +
               std::to_string(affine.getMax());
  return "";
}

/// The parameters of an operation on a value of `shape`.
FailureOr<KnownParameters> readParameters(Machine &m,
                                          QuantizationOpInterface op,
                                          ArrayRef<int64_t> shape) {
  auto given = QuantParameters::of(op);
  KnownParameters p;
  std::optional<std::vector<float>> scales, factor;
  std::optional<std::vector<int32_t>> zeroPoints = std::vector<int32_t>();
  if (given.dynamicScale)
    scales = floatsOf(m.get(given.dynamicScale));
  else
    scales = readFloats(given.scale);
  if (given.dynamicTensorScale)
    factor = floatsOf(m.get(given.dynamicTensorScale));
  else if (given.tensorScale)
    factor = readFloats(given.tensorScale);
  else
    factor = std::vector<float>();
  if (given.dynamicZeroPoint)
    zeroPoints = integersOf(m.get(given.dynamicZeroPoint));
  else if (given.zeroPoint)
    zeroPoints = readIntegers(given.zeroPoint);
  if (!scales || !zeroPoints || !factor)
    return op->emitOpError("has parameters that cannot be read");
  p.scales = std::move(*scales);
  p.zeroPoints = std::move(*zeroPoints);
  for (float &scale : p.scales)
    if (!factor->empty())
      scale *= factor->front();
  QuantizedTypeInterface format = op.getQuantizedFormat();
  int64_t count = 1;
  for (int64_t size : format.getGranularity().parameterShape(shape))
    count *= size;
  std::string problem = checkParameters(format, p, count);
  if (!problem.empty())
    return op->emitOpError(problem);
  return p;
}

FailureOr<Tensor> definedInput(Machine &m, Operation *op, Value value) {
  Tensor input = m.get(value);
  if (input.isUndefined() && input.size() != 0)
    return op->emitOpError("reads elements of tensor.empty, which are "
                           "undefined");
  return input;
}

//===----------------------------------------------------------------------===//
// Tensors and scalars of a function
//===----------------------------------------------------------------------===//

/// result[i] = function(input[i], parameters, index of the element's own).
template <typename OpTy, typename Function>
LogicalResult mapElements(Machine &m, OpTy op, Function function) {
  auto input = definedInput(m, op, op.getInput());
  if (failed(input))
    return failure();
  auto parameters = readParameters(m, op, input->shape());
  if (failed(parameters))
    return failure();
  ParameterIndex index(op.getQuantizedFormat().getGranularity(),
                       input->shape());
  Tensor result =
      Tensor::create(getElementTypeOrSelf(op.getType()), input->shape());
  for (int64_t i = 0; i < input->size(); ++i)
    result.set(i, function(input->get(i), *parameters, index(i)));
  return m.set(op, result);
}

Scalar quantizeScalar(QuantizeOp op, Scalar x, const KnownParameters &p,
                      size_t i) {
  return Scalar::ofInt(quantizeElement(float(x.f), op.getQuantizedFormat(), p,
                                       i, op.getRounding(), op.getSaturate()));
}

Scalar dequantizeScalar(DequantizeOp op, Scalar q, const KnownParameters &p,
                        size_t i) {
  return Scalar::ofFloat(
      dequantizeElement(int32_t(q.i), op.getQuantizedFormat(), p, i));
}

Scalar fakeQuantScalar(FakeQuantOp op, Scalar x, const KnownParameters &p,
                       size_t i) {
  QuantizedTypeInterface format = op.getQuantizedFormat();
  int32_t code = quantizeElement(float(x.f), format, p, i, op.getRounding(),
                                 op.getSaturate());
  return Scalar::ofFloat(dequantizeElement(code, format, p, i));
}

LogicalResult fakeQuantGrad(Machine &m, FakeQuantGradOp op) {
  auto input = definedInput(m, op, op.getInput());
  auto gradient = definedInput(m, op, op.getGradient());
  if (failed(input) || failed(gradient))
    return failure();
  if (input->shape() != gradient->shape())
    return op.emitOpError("has an input of shape ")
           << sizesString(input->shape()) << " and a gradient of shape "
           << sizesString(gradient->shape());
  auto parameters = readParameters(m, op, input->shape());
  if (failed(parameters))
    return failure();
  auto format = cast<AffineType>(Type(op.getQuantizedFormat()));
  StorageRange range{int32_t(format.getMin()), int32_t(format.getMax())};
  ParameterIndex index(format.getGranularity(), input->shape());
  Type f32 = Float32Type::get(op.getContext());
  SmallVector<int64_t> shape =
      format.getGranularity().parameterShape(input->shape());
  Tensor dx = Tensor::create(f32, input->shape()),
         ds = Tensor::create(f32, shape), dz = Tensor::create(f32, shape);
  std::vector<FakeQuantGradSum> sums(ds.size());
  for (int64_t i = 0; i < input->size(); ++i) {
    size_t own = index(i);
    FakeQuantGrad term = lowbit::fakeQuantGrad(
        float(input->get(i).f), float(gradient->get(i).f),
        {parameters->scales[own], parameters->zeroPoint(own)}, range,
        toNumerics(op.getRounding()));
    dx.set(i, Scalar::ofFloat(term.x));
    sums[own].add(term);
  }
  for (int64_t i = 0; i < ds.size(); ++i) {
    ds.set(i, Scalar::ofFloat(sums[i].scale()));
    dz.set(i, Scalar::ofFloat(sums[i].zeroPoint()));
  }
  return failure(failed(m.set(op.getInputGradient(), dx)) ||
                 failed(m.set(op.getScaleGradient(), ds)) ||
                 failed(m.set(op.getZeroPointGradient(), dz)));
}

/// The same bits; a packed dimension counts bytes.
LogicalResult storageCast(Machine &m, StorageCastOp op) {
  Tensor input = m.get(op.getInput());
  Type from = getElementTypeOrSelf(op.getInput().getType());
  Type to = getElementTypeOrSelf(op.getType());
  auto quantized = dyn_cast<QuantizedTypeInterface>(from);
  auto format = quantized ? quantized : cast<QuantizedTypeInterface>(to);
  auto pack = format.getPack();
  SmallVector<int64_t> shape(input.shape());
  unsigned width = format.getStorageWidth();
  auto affine = dyn_cast<AffineType>(Type(format));
  auto checkCode = [&](int64_t code) -> LogicalResult {
    if (!affine || quantized ||
        (code >= affine.getMin() && code <= affine.getMax()))
      return success();
    return op.emitOpError("makes a ")
           << Type(format) << " of " << code << ", which is not in its range";
  };
  if (pack && quantized && shape[*pack] * width % 8 != 0)
    return op.emitOpError("has ")
           << shape[*pack] << " elements of " << width
           << " bits along the packed dimension, which do not fill bytes";
  if (pack && !quantized && shape[*pack] * 8 % width != 0)
    return op.emitOpError("has ")
           << shape[*pack] << " bytes along the packed dimension, which "
           << width << " bits an element do not fill";
  if (pack)
    shape[*pack] =
        quantized ? shape[*pack] * width / 8 : shape[*pack] * 8 / width;
  Tensor result = Tensor::create(to, shape);
  result.markUndefined(input.isUndefined());
  if (!pack) {
    for (int64_t i = 0; i < input.size(); ++i) {
      result.set(i, input.get(i));
      if (!input.isUndefined() && failed(checkCode(result.get(i).i)))
        return failure();
    }
  } else if (quantized) {
    std::vector<char> bytes =
        toStorage(integersOf(input), input.shape(), format);
    for (int64_t i = 0; i < result.size(); ++i)
      result.set(i, Scalar::ofInt(bytes[i]));
  } else {
    std::vector<int32_t> codes = fromStorage(input.bytes(), shape, format);
    for (int64_t i = 0; i < result.size(); ++i) {
      result.set(i, Scalar::ofInt(codes[i]));
      if (failed(checkCode(codes[i])))
        return failure();
    }
  }
  return m.set(op, result);
}

//===----------------------------------------------------------------------===//
// Requantize
//===----------------------------------------------------------------------===//

/// The numbers of a requantize; scales or fixed scales, one or one an index.
struct Requantizer {
  std::vector<float> scales;
  std::vector<FixedScale> fixed;
  int32_t zeroPoint = 0, inputZeroPoint = 0;
  StorageRange range;
  Rounding rounding = Rounding::HalfEven;
  FixedRounding fixedRounding = FixedRounding::Single;

  /// What attributes say.
  static FailureOr<Requantizer> of(RequantizeOp op) {
    Requantizer r;
    auto format = cast<AffineType>(getElementTypeOrSelf(op.getType()));
    r.range = {int32_t(format.getMin()), int32_t(format.getMax())};
    r.inputZeroPoint = int32_t(op.getInputZeroPoint());
    r.rounding = toNumerics(op.getRounding());
    if (op.getFixedRounding() == FixedRoundingMode::Double)
      r.fixedRounding = FixedRounding::Double;
    bool isRead = true;
    if (ElementsAttr scale = op.getScaleAttr()) {
      auto values = readFloats(scale);
      isRead &= values.has_value();
      r.scales = values.value_or(std::vector<float>());
    }
    if (op.isFixedPoint()) {
      auto multipliers = readIntegers(op.getMultiplierAttr());
      auto shifts = readIntegers(op.getShiftAttr());
      isRead &= multipliers && shifts;
      if (isRead)
        for (auto [multiplier, shift] : llvm::zip_equal(*multipliers, *shifts))
          r.fixed.push_back({multiplier, shift});
    }
    if (ElementsAttr zeroPoint = op.getZeroPointAttr()) {
      auto values = readIntegers(zeroPoint);
      isRead &= values.has_value();
      r.zeroPoint = values ? values->front() : 0;
    }
    if (!isRead)
      return op.emitOpError("has parameters that cannot be read");
    return r;
  }

  std::string check() const {
    if (zeroPoint < range.min || zeroPoint > range.max)
      return "has the zero point " + std::to_string(zeroPoint) +
             ", which should be in " + std::to_string(range.min) + ":" +
             std::to_string(range.max);
    return "";
  }

  Scalar apply(Scalar x, size_t i) const {
    auto acc = int32_t(x.i);
    if (!fixed.empty())
      return Scalar::ofInt(requantizeFixed(acc, inputZeroPoint, fixed[i],
                                           fixedRounding, zeroPoint, range));
    return Scalar::ofInt(
        requantize(acc, inputZeroPoint, scales[i], zeroPoint, range, rounding));
  }
};

LogicalResult requantizeOp(Machine &m, RequantizeOp op) {
  auto input = definedInput(m, op, op.getInput());
  auto requantizer = Requantizer::of(op);
  if (failed(input) || failed(requantizer))
    return failure();
  if (op.getDynamicScale())
    requantizer->scales = floatsOf(m.get(op.getDynamicScale()));
  if (op.getDynamicZeroPoint())
    requantizer->zeroPoint = int32_t(m.get(op.getDynamicZeroPoint()).value().i);
  size_t given =
      std::max(requantizer->scales.size(), requantizer->fixed.size());
  std::optional<int64_t> axis;
  if (op.getAxis())
    axis = int64_t(*op.getAxis());
  size_t wanted = axis ? input->shape()[*axis] : 1;
  if (given != wanted)
    return op.emitOpError("has ")
           << given << " scales where there should be " << wanted;
  if (std::string problem = requantizer->check(); !problem.empty())
    return op.emitOpError(problem);
  ParameterIndex index(GranularityAttr::get(op.getContext(), axis),
                       input->shape());
  Tensor result =
      Tensor::create(getElementTypeOrSelf(op.getType()), input->shape());
  for (int64_t i = 0; i < input->size(); ++i)
    result.set(i, requantizer->apply(input->get(i), index(i)));
  return m.set(op, result);
}

//===----------------------------------------------------------------------===//
// Scalars of a body
//===----------------------------------------------------------------------===//

/// A kernel whose operands are the input and then the parameters of the run, in
/// the order of the operation.
template <typename OpTy, typename Function>
FailureOr<Kernel> scalarKernel(OpTy op, Function function) {
  auto given = QuantParameters::of(op);
  auto known = [](ElementsAttr attr) -> std::optional<float> {
    auto values = attr ? readFloats(attr) : std::nullopt;
    return values ? std::optional(values->front()) : std::nullopt;
  };
  std::optional<float> scale = known(given.scale),
                       factor = known(given.tensorScale);
  std::optional<int32_t> zeroPoint;
  if (given.zeroPoint)
    if (auto values = readIntegers(given.zeroPoint))
      zeroPoint = values->front();
  if (bool(given.scale) != bool(scale) ||
      bool(given.tensorScale) != bool(factor) ||
      bool(given.zeroPoint) != bool(zeroPoint))
    return op->emitOpError("has parameters that cannot be read");
  bool hasScale = bool(given.dynamicScale),
       hasZeroPoint = bool(given.dynamicZeroPoint),
       hasFactor = bool(given.dynamicTensorScale);
  return Kernel([=](const Scalar *x, Context &c) mutable -> Scalar {
    const Scalar *next = x + 1;
    KnownParameters p;
    p.scales = {hasScale ? float(next++->f) : *scale};
    if (hasZeroPoint)
      p.zeroPoints = {int32_t(next++->i)};
    else if (zeroPoint)
      p.zeroPoints = {*zeroPoint};
    if (hasFactor || factor)
      p.scales[0] *= hasFactor ? float(next->f) : *factor;
    std::string problem = checkParameters(op.getQuantizedFormat(), p, 1);
    return problem.empty() ? function(op, x[0], p, 0)
                           : c.fail(std::move(problem));
  });
}

FailureOr<Kernel> requantizeKernel(RequantizeOp op) {
  auto requantizer = Requantizer::of(op);
  if (failed(requantizer))
    return failure();
  bool hasScale = bool(op.getDynamicScale()),
       hasZeroPoint = bool(op.getDynamicZeroPoint());
  return Kernel([=](const Scalar *x, Context &c) -> Scalar {
    Requantizer r = *requantizer;
    const Scalar *next = x + 1;
    if (hasScale)
      r.scales = {float(next++->f)};
    if (hasZeroPoint)
      r.zeroPoint = int32_t(next->i);
    std::string problem = r.check();
    return problem.empty() ? r.apply(x[0], 0) : c.fail(std::move(problem));
  });
}

/// The same bits, seen as signed or unsigned.
FailureOr<Kernel> storageCastKernel(StorageCastOp op) {
  auto format = *elementFormat(getElementTypeOrSelf(op.getType()));
  return Kernel([=](const Scalar *x, Context &) {
    return Scalar::ofInt(format.isUnsigned
                             ? int64_t(zeroExtend(x[0].i, format.width))
                             : wrap(x[0].i, format.width));
  });
}
} // namespace

void addQuantizationHandlers(HandlerTable &table) {
  table.add<QuantizeOp>([](Machine &m, QuantizeOp op) {
    return mapElements(m, op, [&](Scalar x, const auto &p, size_t i) {
      return quantizeScalar(op, x, p, i);
    });
  });
  table.add<DequantizeOp>([](Machine &m, DequantizeOp op) {
    return mapElements(m, op, [&](Scalar x, const auto &p, size_t i) {
      return dequantizeScalar(op, x, p, i);
    });
  });
  table.add<FakeQuantOp>([](Machine &m, FakeQuantOp op) {
    return mapElements(m, op, [&](Scalar x, const auto &p, size_t i) {
      return fakeQuantScalar(op, x, p, i);
    });
  });
  table.add<FakeQuantGradOp>(fakeQuantGrad);
  table.add<RequantizeOp>(requantizeOp);
  table.add<StorageCastOp>(storageCast);
}

void addQuantizationKernels(KernelTable &table) {
  table.add<QuantizeOp>(
      [](QuantizeOp op) { return scalarKernel(op, quantizeScalar); });
  table.add<DequantizeOp>(
      [](DequantizeOp op) { return scalarKernel(op, dequantizeScalar); });
  table.add<FakeQuantOp>(
      [](FakeQuantOp op) { return scalarKernel(op, fakeQuantScalar); });
  table.add<RequantizeOp>(requantizeKernel);
  table.add<StorageCastOp>(storageCastKernel);
}
} // namespace lowbit::interpreter
