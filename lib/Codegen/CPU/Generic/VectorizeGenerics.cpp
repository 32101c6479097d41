//===- VectorizeGenerics.cpp - elementwise and reductions to vectors ------===//
//
// What goes in: linalg on memrefs, contractions already expanded. What comes
// out: scf loops over vectors of 16 lanes for linalg.generic with plain or
// affine indices, for named elementwise operations, for pooling, depthwise
// convolutions and float contractions. Other contractions and what
// makePlan refuses stay linalg; loops from convert-linalg-to-loops compute the
// same. Refused, with an error: a lane tree whose body has no vectors.
//
//   linalg.generic {(d0, d1), identity maps} ins(%x) outs(%y) { f }
//   ==> scf.parallel i step 4096: scf.for j step 16: y[j..] = f(x[j..])
//
// The order of float reductions is in EmitLaneReduction.cpp.
//
//===----------------------------------------------------------------------===//
#include "Emitter.h"
#include "lowbit/Codegen/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"

namespace lowbit {
#define GEN_PASS_DEF_VECTORIZEGENERICS
#include "lowbit/Codegen/Passes.h.inc"
} // namespace lowbit

using namespace mlir;

namespace lowbit {
namespace {

bool isContiguous(Value buffer) {
  auto type = dyn_cast<MemRefType>(buffer.getType());
  return type && type.areTrailingDimsContiguous(type.getRank());
}

/// A copy between layouts becomes linalg; one of contiguous bytes is a memcpy.
void convertCopies(func::FuncOp function, RewriterBase &rewriter) {
  SmallVector<memref::CopyOp> copies;
  function.walk([&](memref::CopyOp op) { copies.push_back(op); });
  for (memref::CopyOp op : copies) {
    auto type = dyn_cast<MemRefType>(op.getSource().getType());
    if (!type || !isa<MemRefType>(op.getTarget().getType()) ||
        type.getRank() == 0 ||
        (isContiguous(op.getSource()) && isContiguous(op.getTarget())))
      continue;
    rewriter.setInsertionPoint(op);
    AffineMap map = rewriter.getMultiDimIdentityMap(type.getRank());
    SmallVector<utils::IteratorType> loops(type.getRank(),
                                           utils::IteratorType::parallel);
    linalg::GenericOp::create(
        rewriter, op.getLoc(), op.getSource(), op.getTarget(),
        ArrayRef<AffineMap>{map, map}, loops,
        [](OpBuilder &builder, Location loc, ValueRange args) {
          linalg::YieldOp::create(builder, loc, args.front());
        });
    rewriter.eraseOp(op);
  }
}

/// Operations that the loops of this pass compute well, and whatever has an
/// order that the loops of convert-linalg-to-loops may not have. Products of
/// integers that were not expanded are not among them.
bool isWanted(linalg::LinalgOp op) {
  if (matchMultiplyAdd(op) || (isa<linalg::GenericOp>(op.getOperation()) &&
                               reductionOrder(op) != ReductionOrder::Free))
    return true;
  // Pooling, whose window is not read.
  if (op.getNumDpsInputs() == 2 &&
      !op.payloadUsesValueFromOperand(op.getDpsInputOperand(1)))
    return true;
  if (isa<linalg::DepthwiseConv2DNhwcHwcOp>(op))
    return true;
  return !linalg::isaContractionOpInterface(op) &&
         !linalg::isaConvolutionOpInterface(op);
}

/// Fails where `op` is left although the loops of convert-linalg-to-loops,
/// which start from what the output holds, would sum up in another order.
LogicalResult vectorizeGeneric(linalg::GenericOp op, RewriterBase &rewriter) {
  rewriter.setInsertionPoint(op);
  FailureOr<generic::Nest> nest = generic::buildNest(rewriter, op);
  if (failed(nest))
    return success(reductionOrder(op) != ReductionOrder::Lanes);
  generic::collapseNest(rewriter, *nest,
                        generic::kLanes * generic::kAccumulators);
  FailureOr<generic::Plan> plan = generic::makePlan(rewriter, *nest);
  if (failed(plan)) {
    bool hasTree = nest->order == ReductionOrder::Lanes &&
                   llvm::any_of(nest->liveLoops(), [&](unsigned loop) {
                     return nest->loops[loop].reduction;
                   });
    return success(!hasTree);
  }
  generic::Emitter(rewriter, *nest, *plan).emit();
  rewriter.eraseOp(op);
  return success();
}

struct VectorizeGenerics
    : public impl::VectorizeGenericsBase<VectorizeGenerics> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    IRRewriter rewriter(&getContext());
    convertCopies(function, rewriter);

    SmallVector<linalg::LinalgOp> ops;
    function.walk([&](linalg::LinalgOp op) {
      if (op.hasPureBufferSemantics() && isWanted(op))
        ops.push_back(op);
    });
    for (linalg::LinalgOp op : ops) {
      auto generic = dyn_cast<linalg::GenericOp>(op.getOperation());
      if (!generic) {
        rewriter.setInsertionPoint(op);
        FailureOr<linalg::GenericOp> result =
            linalg::generalizeNamedOp(rewriter, op);
        if (failed(result))
          continue;
        generic = *result;
      }
      if (std::optional<MultiplyAdd> found = matchMultiplyAdd(generic))
        fuseMultiplyAdd(rewriter, generic, *found);
      if (succeeded(vectorizeGeneric(generic, rewriter)))
        continue;
      generic.emitOpError("reduces along its last loop, in lanes, and its body "
                          "cannot be computed in lanes")
              .attachNote()
          << "compute the elements in an operation of their own, before the "
             "reduction";
      signalPassFailure();
    }
  }
};

} // namespace
} // namespace lowbit
