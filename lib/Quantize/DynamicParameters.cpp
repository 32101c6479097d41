//===- DynamicParameters.cpp - parameters at run time ---------------------===//
//
// N3 and N4 of docs/numerics.md, spelled in linalg on rank-0 tensors:
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

/// The reduction of all elements, from 0.
template <typename Combine>
static Value reduceAll(OpBuilder &builder, Location loc, Value input) {
  int64_t rank = cast<RankedTensorType>(input.getType()).getRank();
  auto scalar = RankedTensorType::get({}, builder.getF32Type());
  Value empty = tensor::EmptyOp::create(builder, loc, scalar, ValueRange{});
  Value zero =
      linalg::FillOp::create(builder, loc, constant(builder, loc, 0.0f), empty)
          .getResult(0);
  AffineMap maps[] = {builder.getMultiDimIdentityMap(rank),
                      AffineMap::get(rank, 0, builder.getContext())};
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::reduction);
  auto generic = linalg::GenericOp::create(
      builder, loc, scalar, input, zero, maps, iterators,
      [](OpBuilder &b, Location l, ValueRange args) {
        linalg::YieldOp::create(
            b, l, ValueRange{Combine::create(b, l, args[1], args[0])});
      });
  return generic.getResult(0);
}

/// An operation on rank-0 tensors.
static Value
emitScalar(OpBuilder &builder, Location loc, ValueRange inputs, Type element,
           llvm::function_ref<Value(OpBuilder &, ValueRange)> body) {
  auto type = RankedTensorType::get({}, element);
  Value empty = tensor::EmptyOp::create(builder, loc, type, ValueRange{});
  SmallVector<AffineMap> maps(inputs.size() + 1,
                              AffineMap::get(builder.getContext()));
  auto generic = linalg::GenericOp::create(
      builder, loc, type, inputs, empty, maps, ArrayRef<utils::IteratorType>{},
      [&](OpBuilder &b, Location l, ValueRange args) {
        linalg::YieldOp::create(b, l, ValueRange{body(b, args)});
      });
  return generic.getResult(0);
}

DynamicParameters lowbit::emitDynamicParameters(OpBuilder &builder,
                                                Location loc, Value input,
                                                AffineType format) {
  input = flatten(builder, loc, input);
  Value low = reduceAll<arith::MinNumFOp>(builder, loc, input);
  Value high = reduceAll<arith::MaxNumFOp>(builder, loc, input);
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
  return {scale, zeroPoint};
}
