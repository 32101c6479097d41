//===- LowerQdq.cpp - quantization in linalg ------------------------------===//
//
// In: quantize, dequantize, fake_quant and its gradients, requantize and
// storage_cast, on tensors and scalars, in functions and in bodies. Out:
// linalg, arith, math and tensor operations that compute what lib/Numerics
// computes, on carriers (Storage.h).
//
//===----------------------------------------------------------------------===//
#include "LoweringPatterns.h"
#include "Storage.h"

#include "lowbit/Import/ParameterAccess.h"
#include "lowbit/Lower/Passes.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_LOWERQDQ
#include "lowbit/Lower/Passes.h.inc"
} // namespace lowbit

static bool isLowered(Operation *op) {
  // Movement of quantized tensors, see LowerMovement.
  if (isa_and_nonnull<tensor::TensorDialect>(op->getDialect()) &&
      op->getNumResults() == 1)
    return isa<QuantizedTypeInterface>(
        getElementTypeOrSelf(op->getResult(0).getType()));
  return isa<QuantizeOp, DequantizeOp, FakeQuantOp, FakeQuantGradOp,
             RequantizeOp, StorageCastOp>(op);
}

namespace {
struct LowerQdq : lowbit::impl::LowerQdqBase<LowerQdq> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    eraseUnused(module);
    module.walk([&](Operation *op) {
      numQuantize += isa<QuantizeOp, FakeQuantOp>(op);
      numDequantize += isa<DequantizeOp, FakeQuantOp>(op);
      numRequantize += isa<RequantizeOp>(op);
    });
    RewritePatternSet patterns(&getContext());
    populateQuantizationPatterns(patterns);
    populateRequantizePatterns(patterns);
    populateGradientPatterns(patterns);
    populateStorageCastPatterns(patterns);
    walkAndApplyPatterns(module, std::move(patterns));
    // A pattern that fails has said why; for these there is none.
    bool isLeft = false;
    module.walk([&](Operation *op) {
      isLeft |= isLowered(op);
      if (isLowered(op) && isa<tensor::TensorDialect>(op->getDialect()) &&
          !isMovementOfCarriers(op))
        op->emitOpError("on quantized tensors is not lowered; move the "
                        "integers instead (lowbit.storage_cast)");
    });
    if (isLeft)
      return signalPassFailure();
    if (failed(convertLoopsToCarriers(module)))
      return signalPassFailure();
    resolveCarriers(module, /*isLast=*/true);
    eraseDeadParameters(module);
  }

  /// Readers first: what a dead one reads may be dead then.
  static void eraseUnused(ModuleOp module) {
    SmallVector<Operation *> ops;
    module.walk([&](Operation *op) {
      if (isLowered(op))
        ops.push_back(op);
    });
    for (Operation *op : llvm::reverse(ops))
      if (op->use_empty())
        op->erase();
  }
};
} // namespace
