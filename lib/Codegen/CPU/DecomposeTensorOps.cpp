//===- DecomposeTensorOps.cpp - pad, concat and softmax -------------------===//
//
// In:  tensor.pad, tensor.concat, linalg.softmax.
// Out: tensor.empty, linalg.fill, tensor.insert_slice and linalg.generic.
// Slices of one index along a dimension get the stride 1 there.
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

/// The stride along a single index says nothing, and subviews that drop a
/// dimension are matched to their source by strides, which must be the source's
/// own.
template <typename SliceOp> struct DropIdleStrides : OpRewritePattern<SliceOp> {
  using OpRewritePattern<SliceOp>::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    SmallVector<int64_t> strides(op.getStaticStrides());
    bool changes = false;
    for (auto [size, stride] : llvm::zip_equal(op.getStaticSizes(), strides)) {
      bool isIdle = size == 1 && stride != 1 && !ShapedType::isDynamic(stride);
      changes |= isIdle;
      if (isIdle)
        stride = 1;
    }
    if (!changes)
      return rewriter.notifyMatchFailure(op, "has no stride without effect");
    rewriter.modifyOpInPlace(op, [&] { op.setStaticStrides(strides); });
    return success();
  }
};

struct DecomposeTensorOps : impl::DecomposeTensorOpsBase<DecomposeTensorOps> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<DecomposePad, DecomposeSoftmax,
                 DropIdleStrides<tensor::ExtractSliceOp>,
                 DropIdleStrides<tensor::InsertSliceOp>>(&getContext());
    tensor::populateDecomposeTensorConcatPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
} // namespace lowbit
