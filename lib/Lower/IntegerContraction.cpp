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
#include "mlir/IR/ImplicitLocOpBuilder.h"

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

/// The named operation `op`, with its strides and dilations, on other types.
static Operation *emitNamed(OpBuilder &builder, linalg::LinalgOp op, Type type,
                            ValueRange ins, ValueRange outs) {
  OperationState state(op.getLoc(), op->getName());
  state.addOperands(ins);
  state.addOperands(outs);
  state.addTypes(type);
  state.propertiesAttr = op->getPropertiesAsAttribute();
  Block &body = state.addRegion()->emplaceBlock();
  for (Value operand : state.operands)
    body.addArgument(getElementTypeOrSelf(operand.getType()), op.getLoc());
  ImplicitLocOpBuilder inside(op.getLoc(), op->getContext());
  inside.setInsertionPointToStart(&body);
  op.getRegionBuilder()(inside, body, op->getAttrs(), /*emitError=*/{});
  return builder.create(state);
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
  if (auto matmul = dyn_cast<linalg::MatmulOp>(op)) {
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
  } else if (c.isConvolution) {
    made = emitNamed(builder, c.op, type, ins, outs);
  } else {
    made = linalg::ContractOp::create(builder, loc, type, ins, outs, mapList);
  }
  if (auto id = op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr))
    made->setAttr(LowbitDialect::kIdAttr,
                  builder.getStringAttr(id.getValue() + ".i32"));
  return made->getResult(0);
}

/// The size of a loop of an operand: of its own dimension there, or of that of
/// the filter or the result where it moves through the image.
static OpFoldResult sizeOfLoop(OpBuilder &builder, const Contraction &c,
                               unsigned operand, Value ints, unsigned loop) {
  Location loc = c.op->getLoc();
  AffineExpr expr = builder.getAffineDimExpr(loop);
  if (auto dim = c.map(operand).getResultPosition(expr))
    return tensor::getMixedSize(builder, loc, ints, *dim);
  if (auto dim = c.resultDim(loop))
    return sizesOf(builder, loc, c.init())[*dim];
  Value filter = c.op->getOperand(1 - operand);
  if (auto dequantize = filter.getDefiningOp<DequantizeOp>())
    filter = dequantize.getInput();
  auto dim = c.map(1 - operand).getResultPosition(expr);
  return tensor::getMixedSize(builder, loc, filter, *dim);
}

LoopTensor lowbit::emitWeightedSum(OpBuilder &builder, const Contraction &c,
                                   unsigned operand, Value ints,
                                   ZeroPoint subtract, ZeroPoint times) {
  Location loc = c.op->getLoc();
  MLIRContext *context = builder.getContext();
  // The loops in the order of the operand's dimensions.
  SmallVector<unsigned> loops;
  for (AffineExpr expr : c.map(operand).getResults())
    expr.walk([&](AffineExpr part) {
      if (auto dim = dyn_cast<AffineDimExpr>(part))
        loops.push_back(dim.getPosition());
    });
  unsigned rank = loops.size();
  SmallVector<AffineExpr> places(c.map(operand).getNumDims());
  LoopTensor sum;
  SmallVector<OpFoldResult> sizes, windowSizes;
  SmallVector<AffineExpr> kept, window;
  SmallVector<utils::IteratorType> iterators;
  for (auto [i, loop] : llvm::enumerate(loops)) {
    places[loop] = builder.getAffineDimExpr(i);
    bool isReduced = llvm::is_contained(c.reduction, loop);
    iterators.push_back(isReduced ? utils::IteratorType::reduction
                                  : utils::IteratorType::parallel);
    if (isReduced && !(operand == c.image && c.isWindow(loop)))
      continue;
    OpFoldResult size = sizeOfLoop(builder, c, operand, ints, loop);
    (isReduced ? windowSizes : sizes).push_back(size);
    (isReduced ? window : kept).push_back(places[loop]);
    if (!isReduced)
      sum.loops.push_back(loop);
  }
  SmallVector<Value> inputs{ints};
  SmallVector<AffineMap> maps{
      c.map(operand).replaceDimsAndSymbols(places, {}, rank, 0)};
  for (const ZeroPoint &z : {subtract, times})
    if (z.dynamic) {
      SmallVector<AffineExpr> indices;
      for (unsigned loop : z.loops)
        indices.push_back(places[loop]);
      inputs.push_back(z.dynamic);
      maps.push_back(AffineMap::get(rank, 0, indices, context));
    }
  // It says how large the window is, and is not read.
  if (!window.empty()) {
    inputs.push_back(tensor::EmptyOp::create(builder, loc, windowSizes,
                                             builder.getI8Type()));
    maps.push_back(AffineMap::get(rank, 0, window, context));
  }
  maps.push_back(AffineMap::get(rank, 0, kept, context));
  Value zeros = emitZeros(builder, loc, sizes);
  auto generic = linalg::GenericOp::create(
      builder, loc, zeros.getType(), inputs, zeros, maps, iterators,
      [&](OpBuilder &b, Location l, ValueRange args) {
        unsigned next = 1;
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
