//===- PeakKernel.cpp - code that measures what the machine can do --------===//
//
// As many independent accumulators as the registers hold, one dot product each
// an iteration: no loads, no stores. Every accumulator has a row of its own
// that the loop carries and that starts from the argument, so that nothing can
// be computed before the loop or merged.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/CPU/PeakKernel.h"
#include "DotProduct.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace lowbit {

int64_t buildPeakFunction(OpBuilder &builder, ModuleOp module, TargetISA isa,
                          bool isFloat) {
  auto dot = createDotProduct(builder.getContext(), isa, isFloat);
  KernelBuilder b(module.getLoc(), builder.getContext());
  b.setInsertionPointToEnd(module.getBody());
  Type element = dot->accumulatorElement();
  auto func = func::FuncOp::create(
      b, "lowbit_peak", b.getFunctionType({b.getIndexType()}, {element}));
  b.setInsertionPointToStart(func.addEntryBlock());
  Value iterations = func.getArgument(0);

  // Two vector ports, at most five cycles an instruction: ten are enough.
  int64_t accumulators = std::min<int64_t>(16, dot->registers - 3);
  VectorType type = dot->accumulatorType();
  Value seed = arith::IndexCastOp::create(b, b.getI32Type(), iterations);
  if (isFloat)
    seed = arith::SIToFPOp::create(b, element, seed);
  SmallVector<Value> start;
  Value broadcast = vector::BroadcastOp::create(b, type, seed);
  start.append(accumulators, broadcast);

  // Opaque to the optimizer: made from the argument.
  Value row = dot->constantRow(b);
  auto rowType = cast<VectorType>(row.getType());
  Value mixed = broadcast;
  if (rowType != type)
    mixed = vector::BitCastOp::create(b, rowType, broadcast);
  if (isFloat)
    row = mixed;
  else
    row = arith::XOrIOp::create(b, row, mixed);
  SmallVector<Value> sums =
      b.loop(b.index(0), iterations, 1, start,
             [&](OpFoldResult, ArrayRef<Value> acc) -> SmallVector<Value> {
               SmallVector<Value> next;
               for (Value a : acc)
                 next.push_back(dot->emitDot(b, a, row, row));
               return next;
             });
  Value total = sums.front();
  for (Value sum : ArrayRef(sums).drop_front())
    total = isFloat ? arith::AddFOp::create(b, total, sum).getResult()
                    : arith::AddIOp::create(b, total, sum).getResult();
  Value result =
      vector::ReductionOp::create(b, vector::CombiningKind::ADD, total);
  func::ReturnOp::create(b, result);
  return 2 * accumulators * dot->lanes * dot->group;
}

} // namespace lowbit
