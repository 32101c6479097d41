//===- DecomposeTensorOps.cpp - pad, concat and softmax -------------------===//
//
// In:  tensor.pad, tensor.concat, linalg.softmax.
// Out: tensor.empty, linalg.fill, tensor.insert_slice and linalg.generic.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/Passes.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"

using namespace mlir;

namespace lowbit {
#define GEN_PASS_DEF_DECOMPOSETENSOROPS
#include "lowbit/Codegen/Passes.h.inc"

namespace {
struct DecomposePad : OpRewritePattern<tensor::PadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tensor::PadOp op,
                                PatternRewriter &rewriter) const override {
    return success(
        succeeded(linalg::rewriteInDestinationPassingStyle(rewriter, op)));
  }
};

struct DecomposeSoftmax : OpRewritePattern<linalg::SoftmaxOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(linalg::SoftmaxOp op,
                                PatternRewriter &rewriter) const override {
    FailureOr<SmallVector<Value>> results = op.decomposeOperation(rewriter);
    if (failed(results))
      return rewriter.notifyMatchFailure(op, "softmax has no decomposition");
    rewriter.replaceOp(op, *results);
    return success();
  }
};

struct DecomposeTensorOps : impl::DecomposeTensorOpsBase<DecomposeTensorOps> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<DecomposePad, DecomposeSoftmax>(&getContext());
    tensor::populateDecomposeTensorConcatPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
} // namespace lowbit
