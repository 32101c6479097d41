//===- Parameters.cpp - the parameters of quantization --------------------===//
//
// Constraints P2 to P11 of the operations that have parameters, reading them,
// and comparing them by content.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "lowbit/Numerics/Affine.h"

#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;
using namespace lowbit;

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

QuantParameters QuantParameters::of(QuantizationOpInterface op) {
  return {op.getScaleAttr(),        op.getZeroPointAttr(),
          op.getTensorScaleAttr(),  op.getDynamicScale(),
          op.getDynamicZeroPoint(), op.getDynamicTensorScale()};
}

QuantParameters QuantParameters::withConstants() const {
  QuantParameters known = *this;
  for (auto [attr, dynamic] :
       {std::pair(&known.scale, &known.dynamicScale),
        std::pair(&known.zeroPoint, &known.dynamicZeroPoint),
        std::pair(&known.tensorScale, &known.dynamicTensorScale)})
    if (*dynamic && matchPattern(*dynamic, m_Constant(attr)))
      *dynamic = {};
  return known;
}

static bool isSame(ElementsAttr a, ElementsAttr b) {
  return a || b ? haveEqualContent(a, b) : true;
}

bool QuantParameters::equals(const QuantParameters &other) const {
  QuantParameters x = withConstants(), y = other.withConstants();
  return isSame(x.scale, y.scale) && isSame(x.zeroPoint, y.zeroPoint) &&
         isSame(x.tensorScale, y.tensorScale) &&
         x.dynamicScale == y.dynamicScale &&
         x.dynamicZeroPoint == y.dynamicZeroPoint &&
         x.dynamicTensorScale == y.dynamicTensorScale;
}

std::optional<KnownParameters> QuantParameters::read() const {
  if (!isStatic() || !scale)
    return std::nullopt;
  auto scales = readFloats(scale);
  if (!scales)
    return std::nullopt;
  KnownParameters known;
  known.scales = std::move(*scales);
  if (zeroPoint) {
    auto zeroPoints = readIntegers(zeroPoint);
    if (!zeroPoints)
      return std::nullopt;
    known.zeroPoints = std::move(*zeroPoints);
  }
  if (tensorScale) {
    auto factor = readFloats(tensorScale);
    if (!factor)
      return std::nullopt;
    for (float &value : known.scales)
      value *= factor->front();
  }
  return known;
}

ParameterIndex::ParameterIndex(GranularityAttr granularity,
                               ArrayRef<int64_t> shape) {
  SmallVector<int64_t> blocks(shape.size(), GranularityAttr::kWhole);
  if (granularity.isBlockwise())
    blocks.assign(granularity.getBlock().begin(), granularity.getBlock().end());
  if (granularity.getAxis())
    blocks[*granularity.getAxis()] = 1;
  int64_t stride = 1;
  size_t step = 1;
  for (int64_t d = int64_t(shape.size()) - 1; d >= 0; --d) {
    if (blocks[d] != GranularityAttr::kWhole && shape[d] > 0) {
      dims.push_back({stride, shape[d], blocks[d], step});
      step *= llvm::divideCeil(uint64_t(shape[d]), uint64_t(blocks[d]));
    }
    stride *= std::max<int64_t>(shape[d], 1);
  }
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

namespace {
class ParameterVerifier {
public:
  explicit ParameterVerifier(QuantizationOpInterface op)
      : op(op), p(QuantParameters::of(op)), format(op.getQuantizedFormat()),
        granularity(format.getGranularity()), type(op.getParameterizedType()) {
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      shape = tensor.getShape();
  }

  LogicalResult verify() {
    return failure(failed(verifyPresence()) || failed(verifyGranularity()) ||
                   failed(verifyShapes()) || failed(verifyScales()) ||
                   failed(verifyZeroPoints()));
  }

private:
  InFlightDiagnostic error() { return op->emitOpError(); }

  LogicalResult verifyPresence() {
    if (bool(p.scale) == bool(p.dynamicScale))
      return error() << "(P2) needs one scale, an attribute or an operand, "
                        "found "
                     << (p.scale ? "both" : "none");
    bool hasZeroPoint = p.zeroPoint || p.dynamicZeroPoint;
    if (hasZeroPoint != format.hasZeroPoint())
      return error() << "(P3) " << Type(format) << " has "
                     << (hasZeroPoint ? "no zero_point, found one"
                                      : "a zero_point, found none");
    if (p.zeroPoint && p.dynamicZeroPoint)
      return error() << "(P3) needs one zero_point, an attribute or an "
                        "operand, found both";
    if ((p.tensorScale || p.dynamicTensorScale) &&
        !isa<Float8E4M3FNType>(granularity.getScale()))
      return error() << "(P4) a tensor_scale goes with scales of f8E4M3FN, "
                        "those of "
                     << Type(format) << " are " << granularity.getScale();
    if (p.tensorScale && p.dynamicTensorScale)
      return error() << "(P4) needs one tensor_scale, an attribute or an "
                        "operand, found both";
    return success();
  }

  LogicalResult verifyGranularity() {
    if (!isa<RankedTensorType>(type)) {
      if (!granularity.isPerTensor() || format.getPack())
        return error() << "(P10) a scalar has one scale and is not packed, "
                          "found "
                       << Type(format);
      return success();
    }
    auto rank = int64_t(shape.size());
    if (granularity.getAxis() && *granularity.getAxis() >= rank)
      return error() << "(P9) axis " << *granularity.getAxis()
                     << " is out of range for a tensor of rank " << rank;
    if (granularity.isBlockwise() &&
        int64_t(granularity.getBlock().size()) != rank)
      return error() << "(P9) a block of rank " << granularity.getBlock().size()
                     << " does not fit a tensor of rank " << rank;
    return lowbit::detail::verifyPackedShape(op, format, shape);
  }

  /// P6: attributes and operands alike; P5 for scales.
  LogicalResult verifyShapes() {
    SmallVector<int64_t> wanted;
    if (isa<RankedTensorType>(type))
      wanted = granularity.parameterShape(shape);
    Type f32 = Float32Type::get(op->getContext());
    Type i32 = IntegerType::get(op->getContext(), 32);
    return failure(failed(verifyOne("scale", p.scale, p.dynamicScale,
                                    granularity.getScale(), wanted)) ||
                   failed(verifyOne("zero_point", p.zeroPoint,
                                    p.dynamicZeroPoint, i32, wanted)) ||
                   failed(verifyOne("tensor_scale", p.tensorScale,
                                    p.dynamicTensorScale, f32, {})));
  }

  LogicalResult verifyOne(StringRef what, ElementsAttr attr, Value dynamic,
                          Type element, ArrayRef<int64_t> wanted) {
    if (!attr && !dynamic)
      return success();
    Type found = attr ? Type(attr.getShapedType()) : dynamic.getType();
    if (getElementTypeOrSelf(found) != element)
      return error() << "(P5) " << what << " must have elements of " << element
                     << ", found " << found;
    ArrayRef<int64_t> sizes;
    if (auto shaped = dyn_cast<ShapedType>(found))
      sizes = shaped.getShape();
    // Operands are scalars over a scalar and tensors over a tensor.
    bool fits = sizes.size() == wanted.size() &&
                (attr || isa<ShapedType>(found) == isa<ShapedType>(type));
    for (size_t i = 0; fits && i < sizes.size(); ++i)
      fits = sizes[i] == wanted[i] || ShapedType::isDynamic(sizes[i]) ||
             ShapedType::isDynamic(wanted[i]);
    if (fits)
      return success();
    Type right = RankedTensorType::get(wanted, element);
    if (!attr && !isa<ShapedType>(type))
      right = element;
    return error() << "(P6) " << what << " of " << Type(format) << " over "
                   << type << " must be " << right << ", found " << found;
  }

  LogicalResult verifyScales() {
    for (auto [what, attr] : {std::pair("scale", p.scale),
                              std::pair("tensor_scale", p.tensorScale)}) {
      if (!attr)
        continue;
      // A resource that is elsewhere is checked when it is read.
      auto values = readFloats(attr);
      if (!values)
        continue;
      int64_t steps = maxSteps();
      // Scales of 8 bits are what they are; a NaN makes its block NaN, by N27.
      bool isSmall = !attr.getElementType().isF32();
      for (auto [index, value] : llvm::enumerate(*values)) {
        if (isSmall && !std::isnan(value) && !(value > 0))
          return error() << "(P7) " << what
                         << " must be positive or NaN, found " << value
                         << " at index " << index;
        if (isSmall)
          continue;
        if (!std::isfinite(value) || value < kMinScale)
          return error() << "(P7) " << what
                         << " must be finite, positive and at least 2^-63, "
                            "found "
                         << value << " at index " << index;
        if (!std::isfinite(float(steps) * value))
          return error() << "(P7) " << what << " " << value << " at index "
                         << index << " is so large that " << steps
                         << " steps of it are infinite";
      }
    }
    return success();
  }

  /// The most steps from the zero point that an affine format may have; 1 for
  /// others.
  int64_t maxSteps() const {
    auto affine = dyn_cast<AffineType>(Type(format));
    if (!affine)
      return 1;
    auto zeroPoints = p.zeroPoint ? readIntegers(p.zeroPoint) : std::nullopt;
    if (!zeroPoints)
      return affine.getMax() - affine.getMin();
    int64_t steps = 0;
    for (int64_t z : *zeroPoints)
      steps = std::max({steps, z - affine.getMin(), affine.getMax() - z});
    return steps;
  }

  LogicalResult verifyZeroPoints() {
    auto affine = dyn_cast<AffineType>(Type(format));
    if (!affine || !p.zeroPoint)
      return success();
    auto values = readIntegers(p.zeroPoint);
    if (!values)
      return success();
    for (auto [index, value] : llvm::enumerate(*values))
      if (value < affine.getMin() || value > affine.getMax())
        return error() << "(P8) zero_point must be in " << affine.getMin()
                       << ":" << affine.getMax() << ", found " << value
                       << " at index " << index;
    return success();
  }

  QuantizationOpInterface op;
  QuantParameters p;
  QuantizedTypeInterface format;
  GranularityAttr granularity;
  Type type;
  ArrayRef<int64_t> shape;
};
} // namespace

LogicalResult lowbit::detail::verifyPackedShape(Operation *op,
                                                QuantizedTypeInterface format,
                                                ArrayRef<int64_t> shape) {
  auto pack = format.getPack();
  if (!pack)
    return success();
  if (*pack >= int64_t(shape.size()))
    return op->emitOpError()
           << "(P11) pack = " << *pack
           << " is out of range for a tensor of rank " << shape.size();
  int64_t size = shape[*pack];
  if (!ShapedType::isDynamic(size) &&
      size % 8 * format.getStorageWidth() % 8 != 0)
    return op->emitOpError()
           << "(P11) " << size << " elements of " << format.getStorageWidth()
           << " bits along dimension " << *pack << " do not fill whole bytes";
  return success();
}

LogicalResult lowbit::detail::verifyParameters(Operation *op) {
  auto quantization = cast<QuantizationOpInterface>(op);
  if (!quantization.getQuantizedFormat())
    return op->emitOpError() << "(P0) format must be a quantized type";
  return ParameterVerifier(quantization).verify();
}
