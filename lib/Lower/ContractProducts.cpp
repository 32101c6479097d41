//===- ContractProducts.cpp - sums of products and zero points ------------===//
//
//   sum (a - za)(b - zb) = sum a b - za sum b - zb sum a + count za zb
//
// The first sum is a contraction that code generation knows; the others are
// sums of one operand over the reduction loops, windows of a convolution
// included, for padding was done before (N21 of docs/numerics.md). All of it is
// modulo 2^32, as the accumulator is (N19).
//
//===----------------------------------------------------------------------===//
#include "ContractLowering.h"

#include "lowbit/Import/Contractions.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lowbit;

unsigned ContractNest::resultDim(unsigned loop) const {
  for (auto [i, expr] : llvm::enumerate(resultMap.getResults()))
    if (cast<AffineDimExpr>(expr).getPosition() == loop)
      return i;
  llvm_unreachable("the result has every parallel loop (C2)");
}

void lowbit::makeSigned(OpBuilder &builder, Operation *op,
                        ContractFactor &factor) {
  Type i8 = builder.getI8Type();
  factor.value =
      emitElementwise(
          builder, op, factor.value, ElementInput::of(factor.value), i8,
          [&](ElementBuilder e, ValueRange args) {
            Value top = e.make<arith::ConstantOp>(e.b.getI8IntegerAttr(-128));
            return SmallVector<Value>{e.make<arith::XOrIOp>(args[0], top)};
          })
          .front();
  factor.isSigned = true;
  factor.range = factor.range.minus({128, 128});
  ContractZeroPoint &zero = factor.zeroPoint;
  if (zero.known.empty() && !zero.dynamic)
    zero.known.push_back(0);
  for (int32_t &value : zero.known)
    value -= 128;
  if (zero.dynamic)
    zero.dynamic =
        emitElementwise(builder, op, zero.dynamic,
                        ElementInput::of(zero.dynamic), builder.getI32Type(),
                        [&](ElementBuilder e, ValueRange args) {
                          return SmallVector<Value>{
                              e.make<arith::SubIOp>(args[0], e.i32(128))};
                        })
            .front();
}

/// The zero point as an input of a body over `loops`; none when it is 0.
static std::optional<ElementInput> zeroPointInput(OpBuilder &builder,
                                                  const ContractNest &nest,
                                                  const ContractZeroPoint &zero,
                                                  ArrayRef<unsigned> loops) {
  if (zero.isZero())
    return std::nullopt;
  if (!zero.dynamic && llvm::all_equal(zero.known))
    return ElementInput::ofNumber(builder.getI32IntegerAttr(zero.known[0]));
  Value value = zero.dynamic;
  if (!value) {
    auto type = RankedTensorType::get({int64_t(zero.known.size())},
                                      builder.getI32Type());
    value = arith::ConstantOp::create(
        builder, nest.op->getLoc(),
        DenseElementsAttr::get(type, ArrayRef(zero.known)));
  }
  ElementInput input = ElementInput::single(value, loops.size());
  if (zero.loop) {
    auto at = llvm::find(loops, *zero.loop) - loops.begin();
    input.map = AffineMap::get(loops.size(), 0, builder.getAffineDimExpr(at),
                               builder.getContext());
  }
  return input;
}

static Value emitZeros(OpBuilder &builder, const ContractNest &nest,
                       ArrayRef<OpFoldResult> sizes) {
  return emitFilled(builder, nest.op->getLoc(), sizes,
                    builder.getZeroAttr(nest.accumulator));
}

Value lowbit::emitEmptySums(OpBuilder &builder, const ContractNest &nest) {
  SmallVector<OpFoldResult> sizes;
  for (AffineExpr expr : nest.resultMap.getResults())
    sizes.push_back(nest.sizes[cast<AffineDimExpr>(expr).getPosition()]);
  return emitZeros(builder, nest, sizes);
}

Value lowbit::emitProducts(OpBuilder &builder, const ContractNest &nest,
                           bool subtracts) {
  Location loc = nest.op->getLoc();
  SmallVector<unsigned> loops;
  for (unsigned loop = 0; loop < nest.iterators.size(); ++loop)
    loops.push_back(loop);
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  std::optional<ElementInput> zeroPoints[2];
  for (const ContractFactor &factor : nest.factors) {
    inputs.push_back(factor.value);
    maps.push_back(factor.map);
  }
  for (int i : {0, 1}) {
    if (subtracts)
      zeroPoints[i] =
          zeroPointInput(builder, nest, nest.factors[i].zeroPoint, loops);
    if (zeroPoints[i] && zeroPoints[i]->isArgument()) {
      inputs.push_back(zeroPoints[i]->value);
      maps.push_back(zeroPoints[i]->map);
    }
  }
  Value zeros = emitEmptySums(builder, nest);
  maps.push_back(nest.resultMap);
  auto generic = linalg::GenericOp::create(
      builder, loc, zeros.getType(), inputs, zeros, maps, nest.iterators,
      [&](OpBuilder &b, Location l, ValueRange args) {
        ElementBuilder e{b, l};
        Value sum = args.back(), terms[2];
        ValueRange rest = args.drop_front(2);
        for (int i : {0, 1}) {
          terms[i] = args[i];
          if (nest.accumulator.isF32())
            continue;
          terms[i] =
              e.extend(args[i], nest.accumulator, nest.factors[i].isSigned);
          if (!zeroPoints[i])
            continue;
          Value zero = zeroPoints[i]->value;
          if (zeroPoints[i]->number)
            zero = e.make<arith::ConstantOp>(zeroPoints[i]->number);
          else if (zeroPoints[i]->isArgument()) {
            zero = rest.front();
            rest = rest.drop_front();
          }
          terms[i] = e.make<arith::SubIOp>(
              terms[i], e.extend(zero, nest.accumulator, true));
        }
        Value result = nest.accumulator.isF32()
                           ? e.make<arith::MulFOp>(terms[0], terms[1])
                           : e.make<arith::MulIOp>(terms[0], terms[1]);
        // Without a reduction the zeros are not read, as of any elementwise
        // operation; 0 + -0 is 0 all the same.
        if (nest.accumulator.isF32())
          result = e.make<arith::AddFOp>(
              nest.hasReduction() ? sum : e.f32(0.0f), result);
        else if (nest.hasReduction())
          result = e.make<arith::AddIOp>(sum, result);
        linalg::YieldOp::create(b, l, result);
      });
  if (auto id = nest.op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr))
    generic->setAttr(
        LowbitDialect::kIdAttr,
        builder.getStringAttr(id.getValue() +
                              (nest.accumulator.isF32() ? ".f32" : ".i32")));
  if (nest.accumulator.isF32())
    generic->setAttr(LowbitDialect::kFloatReasonAttr,
                     builder.getStringAttr("its operands are small floats"));
  return generic.getResult(0);
}

/// The sum of a factor over the reduction loops.
static Correction emitFactorSum(OpBuilder &builder, const ContractNest &nest,
                                const ContractFactor &factor) {
  Location loc = nest.op->getLoc();
  // The loops of the sum; those of the nest that it does without are 0 in the
  // map.
  SmallVector<unsigned> loops;
  Correction sum;
  SmallVector<utils::IteratorType> iterators;
  SmallVector<AffineExpr> replaced(nest.iterators.size(),
                                   builder.getAffineConstantExpr(0));
  SmallVector<AffineExpr> kept;
  SmallVector<OpFoldResult> sizes;
  for (unsigned loop = 0; loop < nest.iterators.size(); ++loop) {
    bool isReduction = nest.isReduction(loop);
    if (!isReduction && !factor.map.isFunctionOfDim(loop))
      continue;
    replaced[loop] = builder.getAffineDimExpr(loops.size());
    if (!isReduction) {
      kept.push_back(replaced[loop]);
      sizes.push_back(nest.sizes[loop]);
      sum.loops.push_back(loop);
    }
    loops.push_back(loop);
    iterators.push_back(nest.iterators[loop]);
  }
  unsigned count = loops.size();
  SmallVector<Value> inputs{factor.value};
  SmallVector<AffineMap> maps{
      factor.map.replaceDimsAndSymbols(replaced, {}, count, 0)};
  Value zeros = emitZeros(builder, nest, sizes);
  AffineMap resultMap = AffineMap::get(count, 0, kept, builder.getContext());
  // The zeros give the sizes of the parallel loops. A window does not give
  // those of the others; an empty tensor of the size of the window does.
  SmallVector<OpFoldResult> windowSizes;
  SmallVector<AffineExpr> window;
  for (auto [d, loop] : llvm::enumerate(loops)) {
    AffineExpr dim = builder.getAffineDimExpr(d);
    if (!nest.isReduction(loop) ||
        llvm::is_contained(maps[0].getResults(), dim))
      continue;
    window.push_back(dim);
    windowSizes.push_back(nest.sizes[loop]);
  }
  if (!window.empty()) {
    inputs.push_back(tensor::EmptyOp::create(builder, loc, windowSizes,
                                             builder.getI8Type()));
    maps.push_back(AffineMap::get(count, 0, window, builder.getContext()));
  }
  maps.push_back(resultMap);
  auto generic = linalg::GenericOp::create(
      builder, loc, zeros.getType(), inputs, zeros, maps, iterators,
      [&](OpBuilder &b, Location l, ValueRange args) {
        ElementBuilder e{b, l};
        Value term = e.extend(args[0], nest.accumulator, factor.isSigned);
        if (nest.hasReduction())
          term = e.make<arith::AddIOp>(args.back(), term);
        linalg::YieldOp::create(b, l, term);
      });
  sum.tensor = generic.getResult(0);
  return sum;
}

/// tensor * zero point, a tensor of the loops of both.
static Correction emitTimes(OpBuilder &builder, const ContractNest &nest,
                            Correction sum, const ContractZeroPoint &zero,
                            bool isNegative) {
  Location loc = nest.op->getLoc();
  Correction product;
  product.loops = sum.loops;
  if (zero.loop && !llvm::is_contained(product.loops, *zero.loop))
    product.loops.push_back(*zero.loop);
  SmallVector<OpFoldResult> sizes;
  for (unsigned loop : product.loops)
    sizes.push_back(nest.sizes[loop]);
  Value like = tensor::EmptyOp::create(builder, loc, sizes, nest.accumulator);
  ElementInput input;
  input.value = sum.tensor;
  SmallVector<AffineExpr> dims;
  for (unsigned i = 0; i < sum.loops.size(); ++i)
    dims.push_back(builder.getAffineDimExpr(i));
  input.map =
      AffineMap::get(product.loops.size(), 0, dims, builder.getContext());
  product.tensor =
      emitElementwise(
          builder, nest.op, like,
          {input, *zeroPointInput(builder, nest, zero, product.loops)},
          nest.accumulator,
          [&](ElementBuilder e, ValueRange args) {
            Value factor = e.extend(args[1], nest.accumulator, true);
            Value value = e.make<arith::MulIOp>(args[0], factor);
            if (isNegative)
              value = e.make<arith::SubIOp>(
                  e.make<arith::ConstantOp>(e.b.getZeroAttr(nest.accumulator)),
                  value);
            return SmallVector<Value>{value};
          })
          .front();
  return product;
}

/// How many products a sum has, as a rank-0 tensor.
static Correction emitCount(OpBuilder &builder, const ContractNest &nest) {
  Location loc = nest.op->getLoc();
  Value count = arith::ConstantIndexOp::create(builder, loc, 1);
  for (unsigned loop = 0; loop < nest.iterators.size(); ++loop)
    if (nest.isReduction(loop))
      count = arith::MulIOp::create(
          builder, loc, count,
          getValueOrCreateConstantIndexOp(builder, loc, nest.sizes[loop]));
  Value number =
      arith::IndexCastOp::create(builder, loc, nest.accumulator, count);
  return {
      tensor::FromElementsOp::create(
          builder, loc, RankedTensorType::get({}, nest.accumulator), number),
      {}};
}

SmallVector<Correction> lowbit::emitCorrections(OpBuilder &builder,
                                                const ContractNest &nest) {
  SmallVector<Correction> corrections;
  const ContractZeroPoint &za = nest.factors[0].zeroPoint,
                          &zb = nest.factors[1].zeroPoint;
  if (!za.isZero())
    corrections.push_back(
        emitTimes(builder, nest, emitFactorSum(builder, nest, nest.factors[1]),
                  za, /*isNegative=*/true));
  if (!zb.isZero())
    corrections.push_back(
        emitTimes(builder, nest, emitFactorSum(builder, nest, nest.factors[0]),
                  zb, /*isNegative=*/true));
  if (!za.isZero() && !zb.isZero())
    corrections.push_back(
        emitTimes(builder, nest,
                  emitTimes(builder, nest, emitCount(builder, nest), za,
                            /*isNegative=*/false),
                  zb, /*isNegative=*/false));
  return corrections;
}
