//===- FuseElementwise.cpp - chains of elementwise operations -------------===//
//
// In:  linalg.generic -> linalg.generic, the second the only reader.
// Out: one linalg.generic.
// A producer with other readers stays: it would be computed twice. Only what
// dequantizes narrow integers is: one product costs less than a float in
// memory. The reader's written order of reduction goes over to what replaces
// it.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/CPU/ReductionOrder.h"
#include "lowbit/Codegen/Passes.h"
#include "lowbit/Lower/Dequantize.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"

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

/// A function of bytes by table: positions that are in memory are looked up one
/// by one, those in vectors would have to be taken out of them first.
static bool isTable(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  return generic && generic.getNumDpsInputs() == 1 &&
         getElementTypeOrSelf(generic.getDpsInputs()[0].getType())
             .isInteger(8) &&
         !generic.getBody()->getOps<tensor::ExtractOp>().empty();
}

/// A contraction, whatever makes its factors.
static bool isProductSum(linalg::LinalgOp op) {
  auto fma = op.getNumReductionLoops() == 0 || op.getNumDpsInits() != 1
                 ? math::FmaOp()
                 : op.getBlock()
                       ->getTerminator()
                       ->getOperand(0)
                       .getDefiningOp<math::FmaOp>();
  return fma && fma.getC() == op.getRegionOutputArgs().front();
}

/// A producer of narrow values that a contraction reads is not fused into the
/// contraction, which has a kernel of its own.
static bool worthFusing(OpOperand *fused) {
  Operation *producer = fused->get().getDefiningOp();
  auto consumer = dyn_cast<linalg::LinalgOp>(fused->getOwner());
  return producer && (producer->hasOneUse() || isDequantize(producer)) &&
         consumer && !isTable(consumer) && !isProductSum(consumer) &&
         !readsInit(producer) && !matchMultiplyAdd(consumer) &&
         !linalg::isaContractionOpInterface(consumer) &&
         !linalg::isaConvolutionOpInterface(consumer);
}

static void keepOrder(Operation *from, Operation *to) {
  if (Attribute order = from->getAttr(kReductionOrderAttr))
    if (isa_and_nonnull<linalg::GenericOp>(to))
      to->setAttr(kReductionOrderAttr, order);
}

namespace {
struct FuseProducer : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    for (OpOperand *operand : op.getDpsInputOperands()) {
      if (!linalg::areElementwiseOpsFusable(operand) || !worthFusing(operand))
        continue;
      // Upstream keeps a result that others read; they keep the original.
      if (Operation *producer = operand->get().getDefiningOp();
          !producer->hasOneUse()) {
        Operation *copy = rewriter.clone(*producer);
        rewriter.modifyOpInPlace(op, [&] { operand->set(copy->getResult(0)); });
      }
      FailureOr<linalg::ElementwiseOpFusionResult> fused =
          linalg::fuseElementwiseOps(rewriter, operand);
      if (failed(fused))
        continue;
      keepOrder(op, fused->fusedOp);
      SmallVector<Value> results;
      for (Value result : op->getResults())
        results.push_back(fused->replacements.lookup(result));
      rewriter.replaceOp(op, results);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no producer to fuse");
  }
};

/// Upstream's patterns make new operations without the attribute.
struct KeepOrders : RewriterBase::Listener {
  void notifyOperationReplaced(Operation *op, ValueRange results) override {
    if (!results.empty())
      keepOrder(op, results.front().getDefiningOp());
  }
};

struct FuseElementwise : impl::FuseElementwiseBase<FuseElementwise> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseProducer>(&getContext());
    // The others of this set: constants and fills as scalars, dead operands.
    linalg::populateElementwiseOpsFusionPatterns(
        patterns, [](OpOperand *) { return false; });
    linalg::GenericOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::EmptyOp::getCanonicalizationPatterns(patterns, &getContext());
    KeepOrders listener;
    GreedyRewriteConfig config;
    config.setListener(&listener);
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};
} // namespace
} // namespace lowbit
