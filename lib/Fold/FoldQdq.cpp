//===- FoldQdq.cpp - QDQ through data movement ----------------------------===//
//
// In: QDQ at the sources of values. Out: each contraction reads a dequantize,
// and integers are what moves. The law: moving, then dequantizing, is
// dequantizing, then moving, wherever no element changes; so is taking the
// largest.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Fold/Passes.h"
#include "lowbit/Fold/Patterns.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_FOLDQDQ
#include "lowbit/Fold/Passes.h.inc"
} // namespace lowbit

namespace {
struct FoldQdq : lowbit::impl::FoldQdqBase<FoldQdq> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateFoldDataMovementPatterns(patterns);
    populateFoldPoolingPatterns(patterns);
    populateFoldLookupPatterns(patterns, getOperation());
    populateFoldConcatPatterns(patterns);
    populateFoldClampPatterns(patterns);
    populateChainQuantizePatterns(patterns);
    populateFoldRequantizePatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns)))) {
      getOperation().emitError("folding of QDQ did not come to an end");
      signalPassFailure();
    }
  }
};
} // namespace
