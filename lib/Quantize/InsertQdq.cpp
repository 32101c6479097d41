//===- InsertQdq.cpp - observers become QDQ -------------------------------===//
//
//   observe(x)  ->  dequantize(quantize(x))
//
// In: observers with a choice. Out: none. Refused: a format per axis or in
// groups without parameters, which no reduction here finds.
//
//===----------------------------------------------------------------------===//
#include "DynamicParameters.h"

#include "lowbit/Quantize/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_INSERTQDQ
#include "lowbit/Quantize/Passes.h.inc"
} // namespace lowbit

namespace {
struct InsertQdq : lowbit::impl::InsertQdqBase<InsertQdq> {
  using InsertQdqBase::InsertQdqBase;

  void runOnOperation() override {
    SmallVector<ObserveOp> observers;
    getOperation().walk([&](ObserveOp op) { observers.push_back(op); });
    for (ObserveOp op : observers) {
      if (ranges && failed(keepRange(op)))
        return signalPassFailure();
      if (op.getFormat() && failed(insertPair(op)))
        return signalPassFailure();
      if (!op.getFormat())
        op.getOutput().replaceAllUsesWith(op.getInput());
      op.erase();
    }
  }

  static LogicalResult keepRange(ObserveOp op) {
    Operation *source = op.getInput().getDefiningOp();
    if (!source || op.isConstant())
      return success();
    if (!op.getMinAttr())
      return op.emitError("the range of '")
             << op.getId()
             << "' is not known, and mode=integer-only needs that of every "
                "value; calibrate with observe=all";
    // Two numbers a result; NaN for those that are not observed.
    SmallVector<double> ends(2 * source->getNumResults(), std::nan(""));
    StringRef name = LowbitDialect::kRangeAttr;
    if (auto known = source->getAttrOfType<DenseF64ArrayAttr>(name))
      ends.assign(known.asArrayRef().begin(), known.asArrayRef().end());
    unsigned result = cast<OpResult>(op.getInput()).getResultNumber();
    ends[2 * result] = op.getMin()->convertToDouble();
    ends[2 * result + 1] = op.getMax()->convertToDouble();
    source->setAttr(name, DenseF64ArrayAttr::get(op.getContext(), ends));
    return success();
  }

  LogicalResult insertPair(ObserveOp op) {
    OpBuilder builder(op);
    auto format = cast<QuantizedTypeInterface>(*op.getFormat());
    auto type = cast<RankedTensorType>(op.getType());
    QuantParameters parameters;
    if (!op.getScaleAttr()) {
      auto affine = dyn_cast<AffineType>(Type(format));
      if (!affine || !(affine.isPerTensor() || affine.isRows()))
        return op.emitError("ranges are found at run time for affine formats "
                            "per tensor or per row; ")
               << Type(format) << " needs scale and zero_point at compile time";
      DynamicParameters found =
          emitDynamicParameters(builder, op.getLoc(), op.getInput(), affine);
      parameters.dynamicScale = found.scale;
      parameters.dynamicZeroPoint = found.zeroPoint;
      ++numDynamic;
    } else {
      parameters.scale = op.getScaleAttr();
      parameters.zeroPoint = op.getZeroPointAttr();
      ++numStatic;
    }
    Value quantized =
        QuantizeOp::create(builder, op.getLoc(), type.clone(Type(format)),
                           op.getInput(), parameters);
    Value back =
        DequantizeOp::create(builder, op.getLoc(), type, quantized, parameters);
    op.getOutput().replaceAllUsesWith(back);
    return success();
  }
};
} // namespace
