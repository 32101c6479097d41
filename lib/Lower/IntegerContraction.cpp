//===- IntegerContraction.cpp - contractions on integers ------------------===//
//
//   C = matmul(A, B)             ->  acc = matmul(a, b)       i8 x i8 -> i32
//   sum_k (b - zb)[k, n] * za    ->  one integer reduction
//
//===----------------------------------------------------------------------===//
#include "lowbit/Lower/IntegerContraction.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lowbit;

/// A tensor of zeros with the dimensions `sizes`.
static Value emitZeros(OpBuilder &builder, Location loc,
                       ArrayRef<OpFoldResult> sizes) {
  Type i32 = builder.getI32Type();
  Value empty = tensor::EmptyOp::create(builder, loc, sizes, i32);
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(0));
  return linalg::FillOp::create(builder, loc, zero, empty).getResult(0);
}

/// The sizes of `init`, from the tensor.empty under it where there is one.
static SmallVector<OpFoldResult> sizesOf(OpBuilder &builder, Location loc,
                                         Value init) {
  if (auto fill = init.getDefiningOp<linalg::FillOp>())
    init = fill.getOutputs()[0];
  if (auto empty = init.getDefiningOp<tensor::EmptyOp>())
    return empty.getMixedSizes();
  return tensor::getMixedSizes(builder, loc, init);
}

/// yield(acc + extsi(a) * extsi(b))
static void buildBody(OpBuilder &b, Location loc, ValueRange args) {
  Type i32 = b.getI32Type();
  Value x = arith::ExtSIOp::create(b, loc, i32, args[0]);
  Value y = arith::ExtSIOp::create(b, loc, i32, args[1]);
  Value product = arith::MulIOp::create(b, loc, x, y);
  Value sum = arith::AddIOp::create(b, loc, args[2], product);
  linalg::YieldOp::create(b, loc, ValueRange{sum});
}

Value lowbit::emitIntegerContraction(OpBuilder &builder, const Contraction &c,
                                     Value lhs, Value rhs) {
  Operation *op = c.op;
  Location loc = op->getLoc();
  auto resultType = cast<RankedTensorType>(op->getResult(0).getType());
  Type type = resultType.clone(builder.getI32Type());
  Value zeros = emitZeros(builder, loc, sizesOf(builder, loc, c.init()));
  if (zeros.getType() != type)
    zeros = tensor::CastOp::create(builder, loc, type, zeros);
  ValueRange outs = zeros;
  SmallVector<Value> ins{lhs, rhs};
  SmallVector<AffineMap> maps = linalg::LinalgOp(c.op).getIndexingMapsArray();
  SmallVector<Attribute> mapAttrs;
  for (AffineMap map : maps)
    mapAttrs.push_back(AffineMapAttr::get(map));
  auto mapList = builder.getArrayAttr(mapAttrs);

  Operation *made;
  if (auto conv = dyn_cast<linalg::Conv2DNhwcHwcfOp>(op)) {
    made = linalg::Conv2DNhwcHwcfOp::create(builder, loc, type, ins, outs,
                                            conv.getStridesAttr(),
                                            conv.getDilationsAttr());
  } else if (auto matmul = dyn_cast<linalg::MatmulOp>(op)) {
    auto integer =
        linalg::MatmulOp::create(builder, loc, TypeRange{type}, ins, outs);
    integer.setIndexingMapsAttr(mapList);
    made = integer;
  } else if (auto matmul = dyn_cast<linalg::BatchMatmulOp>(op)) {
    auto integer =
        linalg::BatchMatmulOp::create(builder, loc, TypeRange{type}, ins, outs);
    integer.setIndexingMapsAttr(mapList);
    made = integer;
  } else if (isa<linalg::GenericOp>(op)) {
    made = linalg::GenericOp::create(
        builder, loc, type, ins, outs, maps,
        linalg::LinalgOp(c.op).getIteratorTypesArray(), buildBody);
  } else {
    made = linalg::ContractOp::create(builder, loc, type, ins, outs, mapList);
  }
  if (auto id = op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr))
    made->setAttr(LowbitDialect::kIdAttr,
                  builder.getStringAttr(id.getValue() + ".i32"));
  return made->getResult(0);
}

LoopTensor lowbit::emitWeightedSum(OpBuilder &builder, const Contraction &c,
                                   unsigned operand, Value ints,
                                   ZeroPoint subtract, ZeroPoint times) {
  Location loc = c.op->getLoc();
  MLIRContext *context = builder.getContext();
  AffineMap map = c.map(operand);
  // In the order of the operand; those of an image in the order of the nest.
  SmallVector<unsigned> loops;
  if (map.isProjectedPermutation())
    for (AffineExpr expr : map.getResults())
      loops.push_back(cast<AffineDimExpr>(expr).getPosition());
  else
    for (unsigned loop = 0; loop < map.getNumDims(); ++loop)
      if (map.isFunctionOfDim(loop))
        loops.push_back(loop);
  SmallVector<AffineExpr> replaced(map.getNumDims(),
                                   getAffineConstantExpr(0, context));
  LoopTensor sum;
  SmallVector<OpFoldResult> sizes, windowSizes;
  SmallVector<AffineExpr> kept, window;
  SmallVector<utils::IteratorType> iterators;
  for (auto [i, loop] : llvm::enumerate(loops)) {
    bool isReduced = llvm::is_contained(c.reduction, loop);
    AffineExpr dim = builder.getAffineDimExpr(i);
    replaced[loop] = dim;
    iterators.push_back(isReduced ? utils::IteratorType::reduction
                                  : utils::IteratorType::parallel);
    auto own = map.getResultPosition(getAffineDimExpr(loop, context));
    if (!isReduced) {
      sum.loops.push_back(loop);
      kept.push_back(dim);
      sizes.push_back(own ? tensor::getMixedSize(builder, loc, ints, *own)
                          : tensor::getMixedSize(builder, loc, c.init(),
                                                 *c.resultDim(loop)));
    } else if (!own) {
      // An image does not give the size of the window; the filter does.
      window.push_back(dim);
      auto there =
          c.map(1 - operand).getResultPosition(getAffineDimExpr(loop, context));
      windowSizes.push_back(tensor::getMixedSize(
          builder, loc, c.op->getOperand(1 - operand), *there));
    }
  }
  unsigned count = loops.size();
  SmallVector<Value> inputs{ints};
  SmallVector<AffineMap> maps{
      map.replaceDimsAndSymbols(replaced, {}, count, 0)};
  unsigned firstZeroPoint = 1;
  if (!window.empty()) {
    inputs.push_back(tensor::EmptyOp::create(builder, loc, windowSizes,
                                             builder.getI8Type()));
    maps.push_back(AffineMap::get(count, 0, window, context));
    ++firstZeroPoint;
  }
  for (Value dynamic : {subtract.dynamic, times.dynamic})
    if (dynamic) {
      inputs.push_back(dynamic);
      maps.push_back(AffineMap::get(count, 0, context));
    }
  maps.push_back(AffineMap::get(count, 0, kept, context));
  Value zeros = emitZeros(builder, loc, sizes);
  auto generic = linalg::GenericOp::create(
      builder, loc, zeros.getType(), inputs, zeros, maps, iterators,
      [&](OpBuilder &b, Location l, ValueRange args) {
        unsigned next = firstZeroPoint;
        auto zeroPoint = [&](const ZeroPoint &z) -> Value {
          if (z.dynamic)
            return args[next++];
          return arith::ConstantOp::create(b, l, b.getI32IntegerAttr(z.known));
        };
        Value steps = arith::ExtSIOp::create(b, l, b.getI32Type(), args[0]);
        if (!subtract.isZero())
          steps = arith::SubIOp::create(b, l, steps, zeroPoint(subtract));
        Value product = arith::MulIOp::create(b, l, steps, zeroPoint(times));
        Value total = arith::AddIOp::create(b, l, args.back(), product);
        linalg::YieldOp::create(b, l, ValueRange{total});
      });
  sum.value = generic.getResult(0);
  return sum;
}
