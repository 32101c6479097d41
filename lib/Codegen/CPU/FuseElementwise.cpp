//===- FuseElementwise.cpp - chains of elementwise operations -------------===//
//
// In:  linalg.generic -> linalg.generic, the second the only reader.
// Out: one linalg.generic.
// A producer with other readers stays: it would be computed twice.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"

using namespace mlir;

namespace lowbit {
#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "lowbit/Codegen/Passes.h.inc"

/// A producer that reads what its init holds would do so once for each loop of
/// its reader, which may have more loops.
static bool readsInit(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  return generic &&
         llvm::any_of(generic.getDpsInitsMutable(), [&](OpOperand &init) {
           return generic.payloadUsesValueFromOperand(&init);
         });
}

/// A producer of narrow values that a contraction reads is not fused into the
/// contraction, which has a kernel of its own.
static bool worthFusing(OpOperand *fused) {
  Operation *producer = fused->get().getDefiningOp();
  auto consumer = dyn_cast<linalg::LinalgOp>(fused->getOwner());
  return producer && producer->hasOneUse() && consumer &&
         !readsInit(producer) && !linalg::isaContractionOpInterface(consumer) &&
         !linalg::isaConvolutionOpInterface(consumer);
}

namespace {
struct FuseElementwise : impl::FuseElementwiseBase<FuseElementwise> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(patterns, worthFusing);
    linalg::GenericOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::EmptyOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
} // namespace lowbit
