//===- DynamicParameters.cpp - parameters at run time ---------------------===//
//
// N3 and N4 of docs/numerics.md, spelled in linalg, for the whole tensor or for
// each row of it:
//
//   low, high  = min(x, 0), max(x, 0)   minnumf, maxnumf: NaN passed over
//   scale      = min(max((high - low) / steps, 2^-63), cap)
//   zero_point = clamp(round_half_even(qmin - low / scale), qmin, qmax)
//
//===----------------------------------------------------------------------===//
#include "DynamicParameters.h"

#include "lowbit/Numerics/Affine.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lowbit;

static Value constant(OpBuilder &builder, Location loc, float value) {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getF32FloatAttr(value));
}

/// All elements in one dimension: the lanes of a reduction then run along all
/// of them, and not along the last dimension only.
static Value flatten(OpBuilder &builder, Location loc, Value input) {
  int64_t rank = cast<RankedTensorType>(input.getType()).getRank();
  if (rank < 2)
    return input;
  ReassociationIndices all = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  return tensor::CollapseShapeOp::create(builder, loc, input, all);
}

/// The reduction of the elements of each row, from 0; `kept` are the dimensions
/// that tell rows apart.
template <typename Combine>
static Value reduceRows(OpBuilder &builder, Location loc, Value input,
                        ArrayRef<int64_t> kept) {
  int64_t rank = cast<RankedTensorType>(input.getType()).getRank();
  SmallVector<OpFoldResult> sizes;
  SmallVector<AffineExpr> places;
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::reduction);
  for (int64_t dim : kept) {
    sizes.push_back(tensor::getMixedSize(builder, loc, input, dim));
    places.push_back(builder.getAffineDimExpr(dim));
    iterators[dim] = utils::IteratorType::parallel;
  }
  Value empty =
      tensor::EmptyOp::create(builder, loc, sizes, builder.getF32Type());
  Value zero =
      linalg::FillOp::create(builder, loc, constant(builder, loc, 0.0f), empty)
          .getResult(0);
  AffineMap maps[] = {builder.getMultiDimIdentityMap(rank),
                      AffineMap::get(rank, 0, places, builder.getContext())};
  auto generic = linalg::GenericOp::create(
      builder, loc, zero.getType(), input, zero, maps, iterators,
      [](OpBuilder &b, Location l, ValueRange args) {
        linalg::YieldOp::create(
            b, l, ValueRange{Combine::create(b, l, args[1], args[0])});
      });
  return generic.getResult(0);
}

/// An operation on each row's numbers.
static Value
emitScalar(OpBuilder &builder, Location loc, ValueRange inputs, Type element,
           llvm::function_ref<Value(OpBuilder &, ValueRange)> body) {
  unsigned rank = cast<RankedTensorType>(inputs[0].getType()).getRank();
  Value empty = tensor::EmptyOp::create(
      builder, loc, tensor::getMixedSizes(builder, loc, inputs[0]), element);
  SmallVector<AffineMap> maps(inputs.size() + 1,
                              builder.getMultiDimIdentityMap(rank));
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      builder, loc, empty.getType(), inputs, empty, maps, iterators,
      [&](OpBuilder &b, Location l, ValueRange args) {
        linalg::YieldOp::create(b, l, ValueRange{body(b, args)});
      });
  return generic.getResult(0);
}

/// One number for each row, in the shape of the format's parameters: 1 in the
/// dimensions that are whole.
static Value inParameterShape(OpBuilder &builder, Location loc, Value numbers,
                              RankedTensorType input, AffineType format) {
  ArrayRef<int64_t> blocks = format.getGranularity().getBlock();
  auto type = cast<RankedTensorType>(numbers.getType());
  SmallVector<ReassociationIndices> groups(type.getRank());
  SmallVector<OpFoldResult> sizes;
  int64_t next = 0;
  for (auto [dim, block] : llvm::enumerate(blocks)) {
    bool isRow = block == 1;
    // Whole dimensions go with the row before them, the first with the first.
    groups[std::max<int64_t>(next - !isRow, 0)].push_back(dim);
    sizes.push_back(isRow ? tensor::getMixedSize(builder, loc, numbers, next)
                          : builder.getIndexAttr(1));
    next += isRow;
  }
  auto shape = RankedTensorType::get(
      format.getGranularity().parameterShape(input.getShape()),
      type.getElementType());
  return tensor::ExpandShapeOp::create(builder, loc, shape, numbers, groups,
                                       sizes);
}

DynamicParameters lowbit::emitDynamicParameters(OpBuilder &builder,
                                                Location loc, Value input,
                                                AffineType format) {
  auto type = cast<RankedTensorType>(input.getType());
  SmallVector<int64_t> kept;
  for (auto [dim, block] : llvm::enumerate(format.getGranularity().getBlock()))
    if (block == 1)
      kept.push_back(dim);
  if (kept.empty())
    input = flatten(builder, loc, input);
  Value low = reduceRows<arith::MinNumFOp>(builder, loc, input, kept);
  Value high = reduceRows<arith::MaxNumFOp>(builder, loc, input, kept);
  float steps = float(format.getMax() - format.getMin());
  float qmin = float(format.getMin()), qmax = float(format.getMax());
  // The cap of N3 is what the library gives for an endless range.
  float cap =
      chooseAsymmetric(-INFINITY, INFINITY,
                       {int32_t(format.getMin()), int32_t(format.getMax())})
          .params.scale;
  Value scale = emitScalar(
      builder, loc, {low, high}, builder.getF32Type(),
      [&](OpBuilder &b, ValueRange args) -> Value {
        Value width = arith::SubFOp::create(b, loc, args[1], args[0]);
        Value wanted =
            arith::DivFOp::create(b, loc, width, constant(b, loc, steps));
        Value floored = arith::MaxNumFOp::create(b, loc, wanted,
                                                 constant(b, loc, kMinScale));
        return arith::MinNumFOp::create(b, loc, floored, constant(b, loc, cap));
      });
  Value zeroPoint = emitScalar(
      builder, loc, {low, scale}, builder.getI32Type(),
      [&](OpBuilder &b, ValueRange args) -> Value {
        Value below = arith::DivFOp::create(b, loc, args[0], args[1]);
        Value zero =
            arith::SubFOp::create(b, loc, constant(b, loc, qmin), below);
        Value whole = math::RoundEvenOp::create(b, loc, zero);
        Value atLeast =
            arith::MaxNumFOp::create(b, loc, whole, constant(b, loc, qmin));
        Value clamped =
            arith::MinNumFOp::create(b, loc, atLeast, constant(b, loc, qmax));
        return arith::FPToSIOp::create(b, loc, b.getI32Type(), clamped);
      });
  if (kept.empty())
    return {scale, zeroPoint};
  return {inParameterShape(builder, loc, scale, type, format),
          inParameterShape(builder, loc, zeroPoint, type, format)};
}
