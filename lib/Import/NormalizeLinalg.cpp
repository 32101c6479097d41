//===- NormalizeLinalg.cpp - one form for each meaning --------------------===//
//
//   linalg.exp, add, select, elementwise, map, reduce  ->  linalg.generic
//   linalg.softmax  ->  maximum, exponential, sum, quotient
//   linalg.pack, unpack  ->  pad, reshape, transpose, slice
//
// In: linalg as other compilers write it. Out: the forms of the float contract;
// contractions, convolutions, pooling, fill, transpose, broadcast and copy keep
// their names. Ids stay with the values.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/Ids.h"
#include "lowbit/Import/Passes.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_NORMALIZELINALG
#include "lowbit/Import/Passes.h.inc"
} // namespace lowbit

/// True for a named operation that says no more than its body does.
static bool isElementwiseByName(Operation *op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp || !linalgOp.hasPureTensorSemantics())
    return false;
  if (isa<linalg::GenericOp, linalg::FillOp, linalg::TransposeOp,
          linalg::BroadcastOp, linalg::CopyOp, linalg::ContractOp>(op))
    return false;
  if (isa<linalg::MapOp, linalg::ReduceOp, linalg::ElementwiseOp>(op))
    return true;
  // Contractions, convolutions and pooling multiply or slide a window.
  bool isParallel = linalgOp.getNumParallelLoops() == linalgOp.getNumLoops();
  return isParallel && !isa<linalg::ContractionOpInterface>(op) &&
         !isa<linalg::ConvolutionOpInterface>(op);
}

namespace {
struct NormalizeLinalg : lowbit::impl::NormalizeLinalgBase<NormalizeLinalg> {
  void runOnOperation() override {
    SmallVector<Operation *> elementwise, composed;
    getOperation().walk([&](Operation *op) {
      if (isElementwiseByName(op))
        elementwise.push_back(op);
      else if (isa<linalg::SoftmaxOp, linalg::PackOp, linalg::UnPackOp>(op))
        composed.push_back(op);
    });
    if (elementwise.empty() && composed.empty())
      return markAllAnalysesPreserved();
    IdNames names(getOperation());
    IRRewriter rewriter(&getContext());
    for (Operation *op : composed)
      if (failed(decompose(op, rewriter, names)))
        return signalPassFailure();
    for (Operation *op : elementwise) {
      rewriter.setInsertionPoint(op);
      DictionaryAttr attributes = op->getDiscardableAttrDictionary();
      FailureOr<linalg::GenericOp> generic =
          linalg::generalizeNamedOp(rewriter, cast<linalg::LinalgOp>(op));
      if (failed(generic))
        continue; // What stays is no less correct.
      (*generic)->setDiscardableAttrs(attributes);
      ++numGeneralized;
    }
  }

private:
  LogicalResult decompose(Operation *op, IRRewriter &rewriter, IdNames &names) {
    Operation *before = op->getPrevNode(), *after = op->getNextNode();
    auto id = op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr);
    Block *block = op->getBlock();
    Location loc = op->getLoc();
    std::string name = op->getName().getStringRef().str();
    rewriter.setInsertionPoint(op);
    if (failed(rewrite(op, rewriter)))
      return emitError(loc) << "'" << name
                            << "' has no form of pads, reshapes and generics "
                               "at these sizes; rewrite it before";
    SmallVector<Operation *> made;
    for (Operation *next = before ? before->getNextNode() : &block->front();
         next != after; next = next->getNextNode())
      made.push_back(next);
    if (id)
      nameParts(id, made, names);
    ++numDecomposed;
    return success();
  }

  static LogicalResult rewrite(Operation *op, IRRewriter &rewriter) {
    if (auto pack = dyn_cast<linalg::PackOp>(op))
      return linalg::lowerPack(rewriter, pack);
    if (auto unpack = dyn_cast<linalg::UnPackOp>(op))
      return linalg::lowerUnPack(rewriter, unpack);
    FailureOr<SmallVector<Value>> values =
        cast<linalg::SoftmaxOp>(op).decomposeOperation(rewriter);
    if (failed(values))
      return failure();
    rewriter.replaceOp(op, *values);
    return success();
  }
};
} // namespace
