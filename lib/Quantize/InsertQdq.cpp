//===- InsertQdq.cpp - observers become QDQ -------------------------------===//
//
//   observe(x)  ->  dequantize(quantize(x))
//
// In: observers with a choice. Out: none. Refused: a per-axis format without
// parameters, which no reduction here finds.
//
//===----------------------------------------------------------------------===//
#include "DynamicParameters.h"

#include "lowbit/Quantize/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_INSERTQDQ
#include "lowbit/Quantize/Passes.h.inc"
} // namespace lowbit

namespace {
struct InsertQdq : lowbit::impl::InsertQdqBase<InsertQdq> {
  void runOnOperation() override {
    SmallVector<ObserveOp> observers;
    getOperation().walk([&](ObserveOp op) { observers.push_back(op); });
    for (ObserveOp op : observers) {
      if (op.getFormat() && failed(insertPair(op)))
        return signalPassFailure();
      if (!op.getFormat())
        op.getOutput().replaceAllUsesWith(op.getInput());
      op.erase();
    }
  }

  LogicalResult insertPair(ObserveOp op) {
    OpBuilder builder(op);
    auto format = cast<AffineType>(*op.getFormat());
    auto type = cast<RankedTensorType>(op.getType());
    Value scale, zeroPoint;
    if (!op.getScaleAttr()) {
      if (format.isPerAxis())
        return op.emitError("a format along an axis needs scale and zero_point "
                            "at compile time");
      DynamicParameters found =
          emitDynamicParameters(builder, op.getLoc(), op.getInput(), format);
      scale = found.scale;
      zeroPoint = found.zeroPoint;
      ++numDynamic;
    } else {
      ++numStatic;
    }
    Value quantized = QuantizeOp::create(
        builder, op.getLoc(), type.clone(Type(format)), op.getInput(), scale,
        zeroPoint, op.getScaleAttr(), op.getZeroPointAttr());
    Value back = DequantizeOp::create(builder, op.getLoc(), type, quantized,
                                      scale, zeroPoint, op.getScaleAttr(),
                                      op.getZeroPointAttr());
    op.getOutput().replaceAllUsesWith(back);
    return success();
  }
};
} // namespace
