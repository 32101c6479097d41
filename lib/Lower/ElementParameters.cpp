//===- ElementParameters.cpp - scales and zero points in bodies -----------===//
//
// In: the parameters of an operation, attributes or operands. Out: inputs of an
// elementwise body. Scales of 8 bits become f32 and are multiplied with the
// tensor scale, now if both are known, else once a parameter at run time.
// Refused: parameters in a resource that is not there.
//
//===----------------------------------------------------------------------===//
#include "LoweringPatterns.h"

#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/ParameterAccess.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lowbit;

SmallVector<ElementInput> ElementParameters::inputsAfter(Value value) const {
  SmallVector<ElementInput> inputs{ElementInput::of(value), scale};
  if (zeroPoint)
    inputs.push_back(*zeroPoint);
  return inputs;
}

ElementZeroPoint ElementParameters::zeroPointOf(ValueRange elements) const {
  if (!zeroPoint)
    return {};
  ElementZeroPoint z{elements.back(), std::nullopt};
  if (auto known = dyn_cast_or_null<IntegerAttr>(zeroPoint->number))
    z.known = known.getInt();
  return z;
}

static TypedAttr numberOf(OpBuilder &builder, float value) {
  return builder.getF32FloatAttr(value);
}
static TypedAttr numberOf(OpBuilder &builder, int32_t value) {
  return builder.getI32IntegerAttr(value);
}

template <typename T>
static ElementInput makeInput(OpBuilder &builder, Operation *op,
                              ArrayRef<T> values, ArrayRef<int64_t> shape,
                              StringRef suffix, ElementInput access) {
  // One number for all, as the zero points of symmetric weights are.
  if (!values.empty() && llvm::all_equal(values))
    return ElementInput::ofNumber(numberOf(builder, values.front()));
  ConstantBuilder constants(op->getParentOfType<ModuleOp>());
  Type element = numberOf(builder, T()).getType();
  access.value = constants.create(
      builder, op->getLoc(), valueName(op->getResult(0)) + suffix.str(),
      RankedTensorType::get(shape, element), values);
  return access;
}

ElementInput lowbit::makeElementInput(OpBuilder &builder, Operation *op,
                                      ArrayRef<float> values,
                                      ArrayRef<int64_t> shape, StringRef suffix,
                                      ElementInput access) {
  return makeInput(builder, op, values, shape, suffix, std::move(access));
}
ElementInput lowbit::makeElementInput(OpBuilder &builder, Operation *op,
                                      ArrayRef<int32_t> values,
                                      ArrayRef<int64_t> shape, StringRef suffix,
                                      ElementInput access) {
  return makeInput(builder, op, values, shape, suffix, std::move(access));
}

namespace {
class ParametersReader {
public:
  ParametersReader(OpBuilder &builder, QuantizationOpInterface op)
      : builder(builder), op(op), p(QuantParameters::of(op)),
        granularity(op.getQuantizedFormat().getGranularity()) {
    if (auto type = dyn_cast<RankedTensorType>(op.getParameterizedType()))
      rank = type.getRank();
  }

  FailureOr<ElementParameters> read() {
    ElementParameters parameters;
    FailureOr<ElementInput> scale = readScale();
    if (failed(scale))
      return failure();
    parameters.scale = *scale;
    if (p.dynamicZeroPoint)
      parameters.zeroPoint = with(p.dynamicZeroPoint);
    if (p.zeroPoint) {
      auto values = readIntegers(p.zeroPoint);
      if (!values)
        return unreadable("zero_point");
      parameters.zeroPoint = makeElementInput(
          builder, op, *values, p.zeroPoint.getShapedType().getShape(),
          ".zero_point", access());
    }
    return parameters;
  }

private:
  LogicalResult unreadable(StringRef what) {
    return op->emitOpError() << what
                             << " has no numbers here: its resource is "
                                "missing or has another size";
  }

  /// How an element finds its parameter.
  ElementInput access() {
    ElementInput input;
    SmallVector<AffineExpr> exprs;
    if (granularity.getAxis())
      exprs.push_back(builder.getAffineDimExpr(*granularity.getAxis()));
    bool hasBlocks = false;
    for (auto [d, block] : llvm::enumerate(granularity.getBlock())) {
      exprs.push_back(block == GranularityAttr::kWhole
                          ? builder.getAffineConstantExpr(0)
                          : builder.getAffineDimExpr(d));
      hasBlocks |= block > 1;
    }
    if (hasBlocks)
      input.blocks = llvm::to_vector(granularity.getBlock());
    else
      input.map = AffineMap::get(rank, 0, exprs, builder.getContext());
    return input;
  }
  ElementInput with(Value value) {
    ElementInput input = access();
    input.value = value;
    return input;
  }

  FailureOr<ElementInput> readScale() {
    bool hasFactor = p.tensorScale || p.dynamicTensorScale;
    std::optional<std::vector<float>> scales, factor;
    if (p.scale && !(scales = readFloats(p.scale)))
      return unreadable("scale");
    if (p.tensorScale && !(factor = readFloats(p.tensorScale)))
      return unreadable("tensor_scale");
    if (scales && (factor || !hasFactor)) {
      if (factor)
        for (float &value : *scales)
          value *= factor->front();
      return makeElementInput(builder, op, *scales,
                              p.scale.getShapedType().getShape(), ".scale",
                              access());
    }
    if (!hasFactor && getElementTypeOrSelf(p.dynamicScale.getType()).isF32())
      return with(p.dynamicScale);
    return emitScale(scales, factor);
  }

  /// One f32 a parameter, of what the run brings.
  FailureOr<ElementInput> emitScale(std::optional<std::vector<float>> &scales,
                                    std::optional<std::vector<float>> &factor) {
    Value like = p.dynamicScale;
    bool isTensor = isa<RankedTensorType>(op.getParameterizedType());
    Type f32 = builder.getF32Type();
    if (!like && isTensor) {
      ConstantBuilder constants(op->getParentOfType<ModuleOp>());
      like = constants.create(
          builder, op->getLoc(), valueName(op->getResult(0)) + ".scale",
          RankedTensorType::get(p.scale.getShapedType().getShape(), f32),
          ArrayRef(*scales));
    } else if (!like) {
      like = arith::ConstantOp::create(builder, op->getLoc(),
                                       numberOf(builder, scales->front()));
    }
    unsigned likeRank = 0;
    if (auto type = dyn_cast<RankedTensorType>(like.getType()))
      likeRank = type.getRank();
    SmallVector<ElementInput> inputs{ElementInput::of(like)};
    if (factor)
      inputs.push_back(
          ElementInput::ofNumber(numberOf(builder, factor->front())));
    else if (p.dynamicTensorScale)
      inputs.push_back(ElementInput::single(p.dynamicTensorScale, likeRank));
    Type element = getElementTypeOrSelf(like.getType());
    SmallVector<Value> made = emitElementwise(
        builder, op, like, inputs, f32, [&](ElementBuilder e, ValueRange args) {
          Value scale = args[0];
          if (!element.isF32()) {
            Value bits = e.make<arith::BitcastOp>(e.b.getI8Type(), scale);
            scale = emitDecode(e, e.extend(bits, e.b.getI32Type(), false),
                               isa<Float8E8M0FNUType>(element) ? kF8E8M0FNU
                                                               : kF8E4M3FN);
          }
          if (args.size() > 1)
            scale = e.make<arith::MulFOp>(scale, args[1]);
          return SmallVector<Value>{scale};
        });
    return with(made.front());
  }

  OpBuilder &builder;
  QuantizationOpInterface op;
  QuantParameters p;
  GranularityAttr granularity;
  unsigned rank = 0;
};
} // namespace

FailureOr<ElementParameters>
lowbit::readElementParameters(OpBuilder &builder, QuantizationOpInterface op) {
  return ParametersReader(builder, op).read();
}
